"""Chunks of recordings into files by site, day and session, and their records into the journal.

The file comes first: one that no record names is removed once no journal can name it.
"""

import asyncio
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from msgspec.structs import replace

from rum.records import ReplayChunk
from store.admission import Unavailable
from store.journal_writer import JournalUnavailableError
from store.sealed_files import make_folder
from store.segment import sync_folder, write_all

REPLAYS_FOLDER = "replays"
WRITES_AT_ONCE_MAX = 4
STEPS = ("written", "synced", "renamed", "folder synced", "journaled")
"""Of one chunk, in order; a kill after any of them keeps it whole, or leaves a file to sweep."""

SESSIONS_KNOWN_MAX = 20_000
"""Whose sizes are remembered; of others they are asked of the disk again."""

Sizes = dict[tuple[int, int], int]
"""Bytes of chunks, by load and number."""

_TEMPORARY = ".new"
_SUFFIX = ".gz"
_DAY = timedelta(days=1)


class ReplayJournal(Protocol):
    async def write(self, record: ReplayChunk) -> None: ...


class ReplayWriter:
    """Writes chunks below one store's folder, a few at a time, in threads of its own."""

    def __init__(
        self,
        store: Path,
        journal: ReplayJournal,
        *,
        admit: Callable[[], Unavailable | None] = lambda: None,
        step: Callable[[str], None] = lambda name: None,
    ) -> None:
        """`admit` gives the reason not to write, as the journal's does. `step` is called with the
        name of each of STEPS after it, for tests that stop there."""
        self._folder = store / REPLAYS_FOLDER
        self._held = HeldChunks(store)
        self._journal = journal
        self._admit = admit
        self._step = step
        self._threads = ThreadPoolExecutor(WRITES_AT_ONCE_MAX, "replays")

    def held(self, chunk: ReplayChunk) -> Sizes:
        """See rum.sink.ReplaySink. Raises OSError."""
        return self._held.of(chunk)

    async def write_replay(self, record: ReplayChunk, packed: bytes) -> None:
        """See rum.sink.ReplaySink. Raises JournalUnavailableError and other OSErrors."""
        if (reason := self._admit()) is not None:
            raise JournalUnavailableError(reason)
        loop = asyncio.get_running_loop()
        size = await loop.run_in_executor(self._threads, self._write, record, packed)
        await self._journal.write(replace(record, bytes=size))
        self._step("journaled")

    def close(self) -> None:
        """Let what is being written end."""
        self._threads.shutdown()

    def _write(self, record: ReplayChunk, packed: bytes) -> int:
        """Make the file durable; returns its size. The first that came is the one that stays."""
        final = self._folder / chunk_name(
            record.site, record.day, record.session, record.load, record.number
        )
        make_folder(final.parent)
        # Its name differs between tries, so that two of one chunk at once do not mix.
        temporary = final.with_name(f"{final.name}.{secrets.token_hex(4)}{_TEMPORARY}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            try:
                write_all(descriptor, packed)
                self._step("written")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self._step("synced")
            if not final.exists():
                temporary.rename(final)
            self._step("renamed")
        finally:
            temporary.unlink(missing_ok=True)
        # Of a repeat too: the one before may have been stopped between rename and here.
        sync_folder(final.parent)
        self._step("folder synced")
        return final.stat().st_size


class HeldChunks:
    """What is kept of recordings, for their limits: files tell, which all collectors share,
    so that one that starts anew goes on with the same count. For one thread."""

    def __init__(self, store: Path, sessions_max: int = SESSIONS_KNOWN_MAX) -> None:
        self._folder = store / REPLAYS_FOLDER
        self._sessions_max = sessions_max
        self._known: OrderedDict[Path, dict[str, int]] = OrderedDict()

    def of(self, chunk: ReplayChunk) -> Sizes:
        """Of the chunk's session, on its day and those beside it. Raises OSError."""
        found: Sizes = {}
        for day in (chunk.day - _DAY, chunk.day, chunk.day + _DAY):
            name = chunk_name(chunk.site, day, chunk.session, chunk.load, chunk.number)
            for file, size in self._sizes((self._folder / name).parent).items():
                load, number = file.removesuffix(_SUFFIX).split("-")
                found[int(load), int(number)] = size
        return found

    def _sizes(self, folder: Path) -> dict[str, int]:
        before = self._known.pop(folder, {})
        try:
            names = [name for name in os.listdir(folder) if name.endswith(_SUFFIX)]
        except FileNotFoundError:
            return {}
        sizes = {name: before.get(name) or (folder / name).stat().st_size for name in names}
        self._known[folder] = sizes
        while len(self._known) > self._sessions_max:
            self._known.popitem(last=False)
        return sizes


def chunk_name(site: str, day: date, session: str, load: int, number: int) -> str:
    """Where a chunk's file goes, from the replays folder: "shop/2026-03-01/SESSION/LOAD-7.gz"."""
    return f"{quote(site, safe='')}/{day}/{session}/{load}-{number}.gz"

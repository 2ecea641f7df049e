"""Masking what others' recordings quote of the erased: each such chunk is packed anew."""

import gzip
import logging
import secrets
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from store.database import Database
from store.quoted import IsErased, masked_bytes
from store.replay_writer import REPLAYS_FOLDER
from store.sealed_files import sync_file
from store.segment import sync_folder

TEMPORARY = ".new"
_log = logging.getLogger(__name__)


def mask_replays(
    database: Database, is_erased: IsErased, *, step: Callable[[str], None] = lambda name: None
) -> int:
    """How many chunks were packed anew; each is replaced whole, by a rename. Raises OSError.

    Rows keep the size that a chunk had when it came: limits go by that.
    """
    count = 0
    for path, content in _chunks(database):
        new = masked_bytes(content, is_erased)
        if new != content:
            _replace(path, new, step)
            count += 1
    return count


def note_quoted(database: Database, is_erased: IsErased) -> None:
    """Ask `is_erased` for every id that recordings may quote. Raises OSError."""
    for _, content in _chunks(database):
        masked_bytes(content, is_erased)


def _chunks(database: Database) -> Iterator[tuple[Path, bytes]]:
    for path in sorted((database.folder / REPLAYS_FOLDER).rglob("*.gz")):
        try:
            yield path, gzip.decompress(path.read_bytes())
        except FileNotFoundError:  # its term ended meanwhile
            continue
        except (OSError, EOFError, zlib.error) as error:
            _log.warning("recording %s cannot be unpacked: %s", path, error)


def _replace(path: Path, content: bytes, step: Callable[[str], None]) -> None:
    before = path.stat().st_size
    packed = (gzip.compress(content, level, mtime=0) for level in (9, 6, 1, 0))
    # Of another size than before: a backup takes a file of the same name and size for the same.
    new = next(each for each in packed if len(each) != before)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        temporary.touch(0o600)
        temporary.write_bytes(new)
        sync_file(temporary)
        step("recording written")
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    step("recording replaced")

"""How `vigie sourcemaps` has it done: by the running console, or by itself when none runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import msgspec

from store.database import (
    FILE_NAME,
    Database,
    DatabaseBusyError,
    DatabaseDamagedError,
    DatabaseLimits,
)
from store.migration import NewerDatabaseError
from store.source_maps import (
    SourceMapRefusedError,
    SourceMapRelease,
    remove_source_maps,
    source_map_releases,
)
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.report_source import TOKEN_FILE, said
from vigie.settings import Settings
from vigie.source_maps import FoundMap, keep_source_map

ANSWER_LIMIT_S = 60.0
ADDRESS = "/api/v1/sourcemaps"

Show = Callable[[str], None]
"""Given the path of each script whose map was taken."""


def upload_maps(
    folder: DataFolder,
    settings: Settings,
    site: str,
    release: str,
    found: Sequence[FoundMap],
    show: Show,
) -> None:
    """Upload all of them. Raises CommandError at the first that is not taken."""
    with _console(folder) as client:
        if client is not None:
            for each in found:
                files = {"map": each.source_map.read_bytes()}
                if each.script is not None:
                    files["script"] = each.script.read_bytes()
                params = {"site": site, "release": release, "path": each.path}
                answer = client.post(ADDRESS, params=params, files=files)
                if answer.status_code != 201:
                    raise CommandError(said(answer), code=2)
                show(each.path)
            return
    with _store(folder) as database:
        for each in found:
            script = each.script.read_bytes() if each.script is not None else b""
            try:
                keep_source_map(
                    database,
                    (site, release, each.path),
                    each.source_map.read_bytes(),
                    script,
                    datetime.now(UTC),
                    settings.source_maps,
                )
            except SourceMapRefusedError as problem:
                raise CommandError(str(problem), code=2) from problem
            show(each.path)


def list_maps(folder: DataFolder) -> list[SourceMapRelease]:
    """The releases there are maps of. Raises CommandError."""
    with _console(folder) as client:
        if client is not None:
            answer = client.get(ADDRESS)
            if answer.status_code != 200:
                raise CommandError(said(answer))
            return msgspec.json.decode(answer.content, type=list[SourceMapRelease])
    with _store(folder) as database:
        return source_map_releases(database)


def remove_maps(folder: DataFolder, site: str, release: str) -> int:
    """How many were removed. Raises CommandError when there were none."""
    with _console(folder) as client:
        if client is not None:
            answer = client.delete(ADDRESS, params={"site": site, "release": release})
            if answer.status_code != 200:
                raise CommandError(said(answer), code=2)
            return int(answer.json()["removed"])
    with _store(folder) as database:
        removed = remove_source_maps(database, site, release)
    if not removed:
        raise CommandError(f"there are no source maps of release {release}", code=2)
    return removed


@contextmanager
def _console(folder: DataFolder) -> Iterator[httpx.Client | None]:
    """A client of the running console; None when none runs."""
    address = folder.addresses().get("console")
    token = folder.run / TOKEN_FILE
    if address is None or not token.exists():
        yield None
        return
    headers = {"authorization": f"Bearer {token.read_text('ascii').strip()}"}
    with httpx.Client(
        base_url=address.url, headers=headers, timeout=ANSWER_LIMIT_S, trust_env=False
    ) as client:
        try:
            client.get("/live")
        except httpx.ConnectError:
            yield None
            return
        try:
            yield client
        except httpx.TransportError as error:
            raise CommandError(f"the console at {address.url} gave no answer: {error}") from error


@contextmanager
def _store(folder: DataFolder) -> Iterator[Database]:
    if not (folder.store / FILE_NAME).exists():
        raise CommandError(f"{folder.root} holds no store yet; start vigie serve first")
    try:
        database = Database(folder.store, DatabaseLimits())
    except (DatabaseBusyError, DatabaseDamagedError, NewerDatabaseError) as error:
        raise CommandError(str(error)) from error
    try:
        yield database
    finally:
        database.close()

"""Source maps on their way in: found in a build's folder, checked, and kept."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from analytics.source_maps import map_problem, path_of
from store.database import Database
from store.source_maps import SourceMapLimits, SourceMapRefusedError, add_source_map
from vigie.settings import SourceMapSettings

FILES_MAX = 5_000
NAME_CHARS_MAX = 500
SUFFIX = ".map"
SCRIPTS = (".js", ".mjs", ".cjs")


class FoundMap(Struct, frozen=True):
    """A map of a build's folder, its script where it lies beside it, and where that is served."""

    path: str
    source_map: Path
    script: Path | None


def maps_in(folder: Path, prefix: str) -> Iterator[FoundMap]:
    """The maps of scripts in a folder and those below it, in order; `prefix` is the address, or
    the path, that the folder is served at."""
    base = (path_of(prefix) if "://" in prefix else "/" + prefix.strip("/")).rstrip("/")
    for file in sorted(folder.rglob(f"*{SUFFIX}")):
        script = file.with_suffix("")
        if script.suffix in SCRIPTS and file.is_file():
            path = f"{base}/{script.relative_to(folder).as_posix()}"
            yield FoundMap(path, file, script if script.is_file() else None)


def keep_source_map(
    database: Database,
    of: tuple[str, str, str],
    source_map: bytes,
    script: bytes,
    now: datetime,
    settings: SourceMapSettings,
) -> None:
    """Check a map and keep it; `of` are its site, release and path.

    Raises SourceMapRefusedError, and OSError.
    """
    _, release, path = of
    if not release or len(release) > NAME_CHARS_MAX:
        raise SourceMapRefusedError(
            "No release is named." if not release else "The release's name is too long.",
            "Give release=R as the page's tag does, in data-release.",
        )
    if not path.startswith("/") or len(path) > NAME_CHARS_MAX:
        raise SourceMapRefusedError(
            f"path={path[:80]} cannot be used.", "Give the script's path, such as /assets/app.js."
        )
    limits = SourceMapLimits(file_bytes_max=settings.file_bytes_max, bytes_max=settings.bytes_max)
    if len(source_map) <= limits.file_bytes_max and (wrong := map_problem(source_map, script)):
        raise SourceMapRefusedError(
            f"The map of {path} is no source map ({wrong}).", "Upload what the bundler wrote."
        )
    add_source_map(database, of, source_map, script, now, limits)

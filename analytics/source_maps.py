"""Frames as they were written, by the source maps of their release.

Maps are read when an error is looked at, so that one uploaded later helps errors of before.
"""

import gzip
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import structs
from symbolic.exceptions import SymbolicError
from symbolic.sourcemapcache import SourceMapCache

from analytics.reports.error_types import ErrorFrame
from analytics.sql import query
from store.snapshot import Snapshot

CONTEXT_LINES = 3
LINE_CHARS_MAX = 300
MAPS_OPEN_MAX = 8
"""Each may take tens of megabytes."""

Names = tuple[str, str]
"""The files of a map and of its script."""


def as_written(
    snapshot: Snapshot, site: str, release: str, frames: Sequence[ErrorFrame]
) -> tuple[tuple[ErrorFrame, ...], str]:
    """The frames, told by their sources where a map has them; and why some are not, "" when the
    site's own all are."""
    if not frames:
        return (), ""
    if not release:
        return tuple(frames), "The page named no release, so no source map can be chosen."
    rows = snapshot.rows(query("source_maps"), {"site": site, "release": release})
    if not rows:
        upload = f"vigie sourcemaps upload DIR --release {release}"
        return tuple(frames), f"Release {release} has no source maps: {upload}."
    known = {path: (source_map, script) for path, source_map, script in rows}
    told, missing = [], []
    for frame in frames:
        written = _written(snapshot.source_maps, known, frame)
        told.append(written or frame)
        if written is None and frame.in_app:
            missing.append(path_of(frame.file))
    return tuple(told), _missing(release, missing)


def map_problem(source_map: bytes, script: bytes) -> str:
    """What is wrong with a source map; "" when it can be used."""
    try:
        SourceMapCache.from_bytes(script, source_map)
    except SymbolicError as error:
        return str(error)
    return ""


def path_of(address: str) -> str:
    """Where a script lies on its host: "/assets/app.js"."""
    return unquote(urlsplit(address).path) or "/"


def _missing(release: str, paths: Sequence[str]) -> str:
    if not paths:
        return ""
    return f"No source map of release {release} is of {', '.join(dict.fromkeys(paths))}."


def _written(folder: Path, known: Mapping[str, Names], frame: ErrorFrame) -> ErrorFrame | None:
    names = _names_of(known, path_of(frame.file))
    if names is None or not frame.line:
        return None
    opened = _opened(folder, *names)
    token = opened.lookup(frame.line, max(frame.column, 1), CONTEXT_LINES) if opened else None
    if token is None or not token.src:
        return None
    function = token.function_name or ""
    return structs.replace(
        frame,
        source=_plain(token.src),
        source_line=token.line,
        source_function="" if function.startswith("<") else function,
        text=_line(token.context_line or ""),
        before=tuple(map(_line, token.pre_context)),
        after=tuple(map(_line, token.post_context)),
        in_app=frame.in_app and "node_modules/" not in token.src,
    )


def _names_of(known: Mapping[str, Names], path: str) -> Names | None:
    """By the whole path, or, where scripts are served from elsewhere than was said at the upload,
    by a name that only one of them has."""
    if path in known:
        return known[path]
    name = path.rpartition("/")[2]
    named = [each for each in known if each.rpartition("/")[2] == name]
    return known[named[0]] if len(named) == 1 else None


@lru_cache(maxsize=MAPS_OPEN_MAX)
def _opened(folder: Path, source_map: str, script: str) -> SourceMapCache | None:
    """None when its files are gone or cannot be used; they are named by what they hold."""
    try:
        contents = [
            gzip.decompress((folder / f"{name}.gz").read_bytes()) if name else b""
            for name in (script, source_map)
        ]
        return SourceMapCache.from_bytes(*contents)
    except (OSError, EOFError, SymbolicError):
        return None


def _plain(source: str) -> str:
    """A source's path without what bundlers put before it."""
    path = source.partition("://")[2] if "://" in source else source
    while path.startswith(("./", "../", "/")):
        path = path.partition("/")[2]
    return path


def _line(text: str) -> str:
    return text.rstrip("\r\n")[:LINE_CHARS_MAX]

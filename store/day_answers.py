"""Answers of sealed days: what one whole day said to one question, kept beside its files.

A sealed day changes only by being rewritten, into files of other names. So what a report read of it
holds for as long as its files are listed, and need not be read again. An answer is known by its
day's version: a digest of the names of the files of the day and of those next to it.

A session over midnight lies in two days and would be counted in each: it is in no day's answer.
What those say that lie in two closed days and nowhere else is kept as a day's is, for the night
between. The rows of the others are read anew with those of the days that are not closed, from files
of their own, kept here.

Of the day in which a window of the last days begins, what its later hours said is kept so, too.

All of it can be lost without harm. It holds nothing that its day's files do not, and it goes with
them.
"""

import os
import re
import secrets
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow as pa
from msgspec import Struct, structs

from store.hot_cells import ONE_DAY, Hashes, HotRows, around
from store.sealed_files import EMPTY_FILES, make_folder, sync_file

ANSWERS_FOLDER = "answers"
STRADDLING = "straddling"
"""In the names of what is kept for all questions."""
BYTES_MAX = 2 << 30
"""Of all answers; beyond, those that were written first go."""
FREE_BYTES_MIN = 1 << 30
"""With less room on the disk, nothing more is kept."""
VERSION_DIGITS = 16
NOBODY = ".none"
"""Of files of no rows."""
SINCE, BEFORE, AFTER = "since", "before", "after"
"""In names: the hour from which on it is of the day; the version of the day next to it, of what is
of a night."""
COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")
"""Takes some 40 % more room than zstd, and half of its time to read."""
HOURS_A_DAY = 24
MARGIN = timedelta(hours=2)
"""Before the later hours of a day: sessions that ended earlier are not asked for, for a window
begins in the hour before, and looks back an hour at most."""
LATER_KEPT_S = 3 * 3600
"""What later hours said is of use to windows of the last days for an hour, in which they begin."""

_NAMED = re.compile(
    rf"(?P<version>[0-9a-f]{{{VERSION_DIGITS}}})-"
    rf"(?:{SINCE}-(?P<{SINCE}>[0-9]+)-)?"
    rf"(?:{BEFORE}-(?P<{BEFORE}>[0-9a-f]{{{VERSION_DIGITS}}})-)?"
    rf"(?:{AFTER}-(?P<{AFTER}>[0-9a-f]{{{VERSION_DIGITS}}})-)?"
)
_READ = (
    "read_parquet({}, hive_partitioning = true, union_by_name = true,"
    " hive_types = {{'site': 'VARCHAR', 'day': 'DATE'}})"
)


class ClosedDay(Struct, frozen=True, kw_only=True, eq=False):
    """A sealed day of which no row is hot. `files` are by content, with how many rows they hold;
    from the sealed folder."""

    site: str
    day: date
    version: str
    files: dict[str, list[tuple[str, int]]]
    beside: tuple[str, ...]
    """The summaries of the days next to it."""
    beside_hot: Hashes
    """The sessions of it that are hot on a day next to it."""
    since_hour: int = 0
    """Only its later hours, from this one on."""

    @property
    def start(self) -> datetime:
        return datetime.combine(self.day, time(self.since_hour), tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.day + ONE_DAY, time(), tzinfo=UTC)

    def later(self, start: datetime) -> "ClosedDay | None":
        """Its later hours in a window that begins at `start`, amid it; None in its last one."""
        hour = start.hour + 1
        return structs.replace(self, since_hour=hour) if hour < HOURS_A_DAY else None

    @property
    def named(self) -> str:
        """What the names of its answers begin with."""
        return f"{self.version}-" + (f"{SINCE}-{self.since_hour}-" if self.since_hour else "")

    def rows(self, contents: Sequence[str]) -> int:
        return sum(rows for content in contents for _, rows in self.files.get(content, ()))


class Night(Struct, frozen=True, kw_only=True, eq=False):
    """Between two closed days: the sessions that lie in both, and in no day next to these."""

    evening: ClosedDay
    morning: ClosedDay

    @property
    def site(self) -> str:
        return self.evening.site

    @property
    def day(self) -> date:
        return self.evening.day

    @property
    def start(self) -> datetime:
        return self.evening.start

    @property
    def end(self) -> datetime:
        return self.morning.end

    @property
    def named(self) -> str:
        """What the names of its answers begin with."""
        return f"{self.evening.version}-{AFTER}-{self.morning.version}-"


def nights_between(days: Sequence[ClosedDay]) -> list[Night]:
    """Those between two of the days, which are in order; not that after later hours alone."""
    whole = [day for day in days if not day.since_hour]
    return [
        Night(evening=one, morning=next_)
        for one, next_ in pairwise(whole)
        if one.day + ONE_DAY == next_.day
    ]


class DayAnswers:
    """The answers of closed days, as one snapshot sees those. Lives as long as it."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, sealed: Path, hot: Callable[[], HotRows]
    ) -> None:
        self._cursor = cursor
        self._sealed = sealed
        self._folder = sealed.parent / ANSWERS_FOLDER
        self._hot = hot

    def closed(self, site: str, first: date, last: date) -> list[ClosedDay]:
        """The closed days of `first` to `last`, in order."""
        listed = _listed(self._cursor, site, first - ONE_DAY, last + ONE_DAY)
        if not listed:
            return []
        hot = self._hot()
        days = sorted({day for day in listed if first <= day <= last} - hot.days(site))
        return [_closed_day(site, day, listed, hot) for day in days]

    def sessions(self, night: Night) -> list[str]:
        """Those of a night."""
        known = self.get(night, STRADDLING)
        if known is None:
            days = night.evening, night.morning
            own = [[name for name, _ in day.files.get("summaries", ())] for day in days]
            beside = {name for day in days for name in day.beside}.difference(*own)
            known = self._cursor.sql(
                f"SELECT DISTINCT session::VARCHAR AS id FROM {_READ.format('$evening')}"  # noqa: S608
                f" WHERE session IN (SELECT session FROM {_READ.format('$morning')})"
                f" AND session NOT IN (SELECT session FROM {_READ.format('$beside')})"
                " AND hash(session) NOT IN (SELECT unnest($hot::UBIGINT[]))",
                params={
                    "evening": self._paths("summaries", own[0]),
                    "morning": self._paths("summaries", own[1]),
                    "beside": self._paths("summaries", sorted(beside)),
                    "hot": [session for day in days for session in day.beside_hot.tolist()],
                },
            ).to_arrow_table()
            with suppress(OSError):
                self.put(night, STRADDLING, known)
        sessions: list[str] = known["id"].to_pylist()
        return sessions

    def rows(self, night: Night, contents: Sequence[str]) -> int:
        """About how many a night has: as many a session as others of the evening's day have."""
        of_day = max(night.evening.rows(("summaries",)), 1)
        return night.evening.rows(contents) * len(self.sessions(night)) // of_day

    def get(self, part: ClosedDay | Night, question: str) -> pa.Table | None:
        """The answer to `question`, a digest; None where it is not kept."""
        path = self._path(part, f"{part.named}{question}.arrow")
        try:
            with pa.memory_map(os.fspath(path)) as file:
                return pa.ipc.open_file(file).read_all()
        except (FileNotFoundError, pa.ArrowInvalid):
            return None

    def has(self, part: ClosedDay | Night, question: str) -> bool:
        """Whether an answer is kept; it may be torn."""
        return self._path(part, f"{part.named}{question}.arrow").exists()

    def put(self, part: ClosedDay | Night, question: str, answer: pa.Table) -> None:
        """Keep an answer, unless the disk is low. Raises OSError."""

        whole = answer.unify_dictionaries().combine_chunks()  # of one dictionary a column

        def write(path: Path) -> None:
            with pa.ipc.new_file(os.fspath(path), whole.schema, options=COMPRESSED) as file:
                file.write_table(whole)

        self._write(self._path(part, f"{part.named}{question}.arrow"), write)

    def straddling(self, day: ClosedDay) -> list[str]:
        """The sessions of the day that lie in one next to it as well, or began before its later
        hours."""
        sessions: list[str] = self._straddling(day)["id"].to_pylist()
        return sessions

    def _straddling(self, day: ClosedDay) -> pa.Table:
        """Those by `id`, and whether each is `near`: may be asked for."""
        known = self.get(day, STRADDLING)
        if known is None:
            files = self._paths("summaries", [name for name, _ in day.files.get("summaries", ())])
            if day.since_hour:
                known = self._earlier(day, files)
            else:
                known = self._cursor.sql(
                    "SELECT DISTINCT session::VARCHAR AS id, true AS near"  # noqa: S608
                    f" FROM {_READ.format('$files')}"
                    f" WHERE session IN (SELECT session FROM {_READ.format('$beside')})"
                    " OR hash(session) IN (SELECT unnest($hot::UBIGINT[]))",
                    params={
                        "files": files,
                        "beside": self._paths("summaries", day.beside),
                        "hot": day.beside_hot.tolist(),
                    },
                ).to_arrow_table()
            with suppress(OSError):
                self.put(day, STRADDLING, known)
        return known

    def _earlier(self, day: ClosedDay, files: list[str]) -> pa.Table:
        since = day.start.replace(tzinfo=None)
        return self._cursor.sql(
            "SELECT session::VARCHAR AS id, bool_or(last_time >= $near) AS near"
            " FROM sealed_summaries($files)"
            " GROUP BY session"
            " HAVING min(first_time) < $since OR session IN (SELECT unnest($whole::UUID[]))",
            params={
                "files": files,
                "since": since,
                "near": since - MARGIN,
                "whole": self.straddling(structs.replace(day, since_hour=0)),
            },
        ).to_arrow_table()

    def has_straddling_files(self, day: ClosedDay, contents: Sequence[str]) -> bool:
        paths = [
            self._straddling_path(day, day.named, content)
            for content in contents
            if day.files.get(content)
        ]
        return all(path.exists() or path.with_suffix(NOBODY).exists() for path in paths)

    def straddling_files(
        self,
        day: ClosedDay,
        contents: Sequence[str],
        before: Night | None = None,
        after: Night | None = None,
    ) -> list[str]:
        """Files of the rows on the day of those sessions, without those of the nights next to it;
        made where they are not there yet.

        Raises OSError when they cannot be written.
        """
        named = day.named
        if before:
            named += f"{BEFORE}-{before.evening.version}-"
        if after:
            named += f"{AFTER}-{after.morning.version}-"

        def sessions() -> list[str]:
            known = self._straddling(day)
            nights = [night for night in (before, after) if night]
            gone = {session for night in nights for session in self.sessions(night)}
            near = known.filter(known["near"])["id"].to_pylist()
            return [session for session in near if session not in gone]

        return self._files_of(day, named, contents, sessions)

    def night_files(self, nights: Sequence[Night], contents: Sequence[str]) -> list[str]:
        """Files of the rows of the nights' sessions, by day. Raises OSError when they cannot be
        written."""
        found = []
        for night in nights:
            one, next_ = night.evening, night.morning
            sessions = partial(self.sessions, night)
            found += self._files_of(one, f"{night.named}evening-", contents, sessions)
            named = f"{next_.version}-{BEFORE}-{one.version}-morning-"
            found += self._files_of(next_, named, contents, sessions)
        return found

    def _files_of(
        self,
        day: ClosedDay,
        named: str,
        contents: Sequence[str],
        sessions: Callable[[], Collection[str]],
    ) -> list[str]:
        """Of the rows of the sessions on the day; none where there are no sessions, which an empty
        file notes."""
        found = []
        for content in contents:
            files = [name for name, _ in day.files.get(content, ())]
            if not files:
                continue
            path = self._straddling_path(day, named, content)
            nobody = path.with_suffix(NOBODY)
            if not path.exists():
                if nobody.exists():
                    continue
                of = sessions()
                if not of:
                    self._write(nobody, Path.touch, always=True)
                    continue
                self._copy_of(of, content, files, path)
            found.append(str(path))
        return found

    def _copy_of(
        self, sessions: Collection[str], content: str, files: Sequence[str], path: Path
    ) -> None:
        """In the order they lie in: analytics/in_order.py takes a session's rows as they come."""
        kind = "summaries" if content == "summaries" else "detail"

        def write(unfinished: Path) -> None:
            self._cursor.execute(
                "COPY (SELECT * EXCLUDE (site, day, file_row_number) FROM"
                " read_parquet($files, hive_partitioning = true, union_by_name = true,"
                " file_row_number = true, hive_types = {'site': 'VARCHAR', 'day': 'DATE'})"
                " SEMI JOIN (SELECT unnest($sessions::UUID[]) AS session) USING (session)"
                " ORDER BY session, file_row_number) TO $path (FORMAT parquet, COMPRESSION zstd)",
                {
                    "files": self._paths(kind, files),
                    "sessions": list(sessions),
                    "path": str(unfinished),
                },
            )

        self._write(path, write, always=True)

    def files(self, days: Sequence[ClosedDay], contents: Sequence[str]) -> list[str]:
        """The days' own files of the contents, after the empty one."""
        names = [
            name for day in days for content in contents for name, _ in day.files.get(content, ())
        ]
        return self._paths("summaries" if "summaries" in contents else "detail", names)

    def _paths(self, kind: str, names: Sequence[str]) -> list[str]:
        # Hundreds at each question: to make a Path of each costs more than the rest of this.
        return [f"{self._sealed}/{name}" for name in (EMPTY_FILES[kind], *names)]

    def sweep(self) -> int:
        """Remove answers of days that are not listed any more as they were, of later hours that
        nobody asks for any more, and the oldest beyond BYTES_MAX; returns how many files went.
        Raises OSError."""
        if not self._folder.is_dir():
            return 0
        known, later_from = self._current(), datetime.now(UTC).timestamp() - LATER_KEPT_S
        removed, kept = 0, []
        for path in self._folder.glob("*/*/*"):
            named = _NAMED.match(path.name)
            with suppress(FileNotFoundError):
                found = path.stat()
                old = bool(named and named[SINCE]) and found.st_mtime < later_from
                if old or not _stands(named, known.get(path.parent)):
                    path.unlink(missing_ok=True)
                    removed += 1
                else:
                    kept.append((found.st_mtime, found.st_size, path))
        size = sum(each for _, each, _ in kept)
        for _, each, path in sorted(kept):
            if size <= BYTES_MAX:
                break
            path.unlink(missing_ok=True)
            size -= each
            removed += 1
        for days in self._folder.glob("*/*"):
            with suppress(OSError):  # one that is not empty
                days.rmdir()
        return removed

    def _current(self) -> dict[Path, dict[str, str]]:
        """The version of each day that is sealed, by its folder, and of those next to it."""
        sites = self._cursor.execute("SELECT DISTINCT site FROM sealed_files").fetchall()
        found = {}
        for (site,) in sites:
            listed = _listed(self._cursor, site, date.min, date.max)
            versions = {day: _closed_day(site, day, listed, self._hot()).version for day in listed}
            for day, version in versions.items():
                found[_day_folder(self._folder, site, day)] = {
                    "version": version,
                    BEFORE: versions.get(day - ONE_DAY, ""),
                    AFTER: versions.get(day + ONE_DAY, ""),
                }
        return found

    def _straddling_path(self, day: ClosedDay, named: str, content: str) -> Path:
        return self._path(day, f"{named}{STRADDLING}-{content}.parquet")

    def _path(self, part: ClosedDay | Night, name: str) -> Path:
        return _day_folder(self._folder, part.site, part.day) / name

    def _write(self, path: Path, write: Callable[[Path], None], *, always: bool = False) -> None:
        """Have a file written beside its place, and put it there whole."""
        make_folder(path.parent)
        if not always and shutil.disk_usage(path.parent).free < FREE_BYTES_MIN:
            return
        unfinished = path.with_name(f"unfinished-{secrets.token_hex(6)}")
        try:
            write(unfinished)
            sync_file(unfinished)
            unfinished.rename(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


_Files = dict[str, list[tuple[str, int]]]


def _listed(
    cursor: duckdb.DuckDBPyConnection, site: str, first: date, last: date
) -> dict[date, _Files]:
    """Of each day, its files by content, with their rows."""
    rows = cursor.execute(
        "SELECT day, content, file, rows FROM sealed_files WHERE site = $site"
        " AND day BETWEEN $first AND $last AND dropped_at IS NULL ORDER BY file",
        {"site": site, "first": first, "last": last},
    ).fetchall()
    found: dict[date, _Files] = {}
    for day, content, file, count in rows:
        found.setdefault(day, {}).setdefault(content, []).append((file, count))
    return found


def _stands(named: re.Match[str] | None, now: Mapping[str, str] | None) -> bool:
    """Whether the versions in a file's name are still those of its day, and of the days next to
    it."""
    if named is None or now is None:
        return False
    return all(named[which] in (None, version) for which, version in now.items())


def _closed_day(site: str, day: date, listed: dict[date, _Files], hot: HotRows) -> ClosedDay:
    names = [
        name for each in around(day) for files in listed.get(each, {}).values() for name, _ in files
    ]
    beside_hot = hot.beside(site, day)
    known = "\n".join(names).encode() + beside_hot.tobytes()
    return ClosedDay(
        site=site,
        day=day,
        version=sha256(known).hexdigest()[:VERSION_DIGITS],
        beside_hot=beside_hot,
        files=listed[day],
        beside=tuple(
            name
            for each in (day - ONE_DAY, day + ONE_DAY)
            for name, _ in listed.get(each, {}).get("summaries", ())
        ),
    )


@lru_cache(1024)
def _day_folder(folder: Path, site: str, day: date) -> Path:
    return folder / f"site={quote(site, safe='')}" / f"day={day}"

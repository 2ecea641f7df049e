"""Cells of hot days: hours of today and quarters of the days before, which rarely change once they
have gone by.

What a report read of a cell holds for as long as its version, which is made of its rows. Each
snapshot asks once what came since the last one looked. Rows of `events` are added with numbers that
rise and deleted, never updated, so those are the rows with higher numbers: as many as there are
more. Where they are not as many, or some were deleted, all are read anew.

A session that lies in two cells, or in a cell and a sealed day, would be counted in each. It is in
no cell's answer: its rows are read anew with those of the cells that are not closed. Sessions are
known here by DuckDB's hash(session), up to SESSIONS_MAX; with more, no cell is closed, and no day
next to a hot one.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from msgspec import Struct, structs
from numpy.typing import NDArray

from store.sealed_files import EMPTY_FILES

HOUR_US = 3_600_000_000
"""Rows are told apart by the hour."""
PAST_HOURS = 6
"""Of a cell of a day that is over. Of shorter ones, more sessions lie in two; of longer ones, late
rows have more read again."""
HELD_ROWS_MAX = 400_000
"""Of sessions that lie elsewhere as well, about; cells where they are most are not closed then."""
SETTLED_US = 30 * 60_000_000
"""A cell is closed so long after its end: a session goes on for as long without a sign."""
SESSIONS_MAX = 4_000_000
"""Of all sites, by hour; as many again of sealed days. 8 bytes each, and again in each of the
STATES_MAX in which their hour is another."""
ROWS_MAX = 64_000_000
"""Hot rows; of more, sessions are not told apart: that took 8 s and more."""
STATES_MAX = 8
"""Snapshots begun before the last load still find what they see."""
ONE_DAY = timedelta(days=1)
DAY_HOURS = 24
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Hashes = NDArray[np.uint64]
"""Of sessions or rows; sorted, each once."""
NONE: Hashes = np.empty(0, dtype=np.uint64)

_MARK = """
SELECT
    (SELECT count(*) FROM events),
    (SELECT [count(*), coalesce(sum(rows), 0)] FROM deletions WHERE cause <> 'retired'),
    (SELECT [count(*), coalesce(sum(count), 0)] FROM retirements WHERE what = 'hot events'),
    (SELECT [count(*), coalesce(bit_xor(hash(file)), 0)] FROM sealed_files WHERE dropped_at IS NULL)
"""
_BY_SESSION = """
SELECT site, epoch_us(time) // $width AS hour, hash(session) AS session, count(*) AS rows,
    bit_xor(hash(session, batch, position)) AS digest, epoch_us(max(received)) AS received_us,
    max(rowid) AS last
FROM events
WHERE rowid > $after
GROUP BY ALL
LIMIT $sessions_max
"""
_BY_DAY = """
SELECT site, epoch_us(day::TIMESTAMP) // $width AS hour, count(*) AS rows,
    epoch_us(max(received)) AS received_us, max(rowid) AS last
FROM events
WHERE rowid > $after
GROUP BY ALL
"""
_SEALED = """
SELECT site, day, list(file), sum(rows) FROM sealed_files
WHERE content = 'summaries' AND dropped_at IS NULL AND day >= $first AND day <= $last
GROUP BY site, day
"""
_COUNTED = """
SELECT DISTINCT site, day FROM hourly_counts WHERE day >= $first AND day <= $last
"""
_SESSIONS = """
SELECT DISTINCT hash(session) AS session
FROM read_parquet($files, hive_partitioning = true, union_by_name = true)
"""


class Cell(Struct, frozen=True, kw_only=True, eq=False):
    """A closed one, from hour `first` to `last` since 1970, both included; `straddling` are the
    sessions that lie elsewhere as well, `sessions` says how many there are in all."""

    site: str
    first: int
    last: int
    version: str
    rows: int
    sessions: int
    straddling: Hashes

    @property
    def start(self) -> datetime:
        return begin(self.first)

    @property
    def end(self) -> datetime:
        return begin(self.last + 1)

    @property
    def day(self) -> date:
        return self.start.date()

    @property
    def held_rows(self) -> float:
        """At most about how many rows the straddling sessions have: as many as others, though only
        a part of theirs lies here (a third less where it was counted)."""
        return self.rows * len(self.straddling) / max(self.sessions, 1)


class _Stretch(Struct, frozen=True, eq=False):
    """What is known of the rows of one hour; `straddling` are the sessions that lie in another, or
    in a sealed day, as well."""

    rows: int = 0
    digest: int = 0
    sessions: Hashes = NONE
    straddling: Hashes = NONE


_Hours = Mapping[int, _Stretch]
_Span = tuple[int, int]
"""The first and the last hour of a cell."""


class HotRows(Struct, frozen=True, kw_only=True, eq=False):
    """Hot rows as some snapshot sees them, by site and hour; `mark` tells of what changes them
    other than by adding rows, `last` is the highest number of one."""

    total: int
    mark: tuple[Any, ...]
    last: int = -1
    countless: bool = False
    """There are too many: which days are hot is all that is known."""
    latest_us: Mapping[str, int] = {}
    """When each site's last row was received."""
    hours: Mapping[str, _Hours] = {}
    sealed: Mapping[tuple[str, date], Hashes] = {}
    """The sessions of the sealed days that are hot as well, or lie next to a hot one."""
    cells: dict[str, list[Cell]] = {}
    """The closed ones by site, once they were asked for."""

    @property
    def sessions(self) -> int:
        """By hour."""
        return sum(len(each.sessions) for own in self.hours.values() for each in own.values())

    def days(self, site: str) -> set[date]:
        """The hot ones, and those next to them where it is not known which sessions lie in both."""
        hot = {_day_of(hour) for hour in self.hours.get(site, ())}
        return {each for day in hot for each in around(day)} if self.countless else hot

    def closed(self, site: str) -> list[Cell]:
        """The closed cells of the site, in order; none of a day that is sealed in part."""
        if self.countless:
            return []
        if site not in self.cells:
            self.cells[site] = _closed(self, site)
        return self.cells[site]

    def begins(self, site: str, without: Iterable[Cell]) -> int | None:
        """The first hour that is in none of these cells; None: there is none."""
        gone = {hour for cell in without for hour in range(cell.first, cell.last + 1)}
        return min(self.hours.get(site, {}).keys() - gone, default=None)

    def beside(self, site: str, day: date) -> Hashes:
        """The sessions of a sealed day that are hot on a day next to it."""
        known = self.sealed.get((site, day), NONE)
        near = (day - ONE_DAY, day + ONE_DAY)
        hot = [
            each.straddling[_among(each.straddling, known)]
            for hour, each in self.hours.get(site, {}).items()
            if len(known) and _day_of(hour) in near
        ]
        return np.unique(np.concatenate([NONE, *hot]))


def _closed(hot: HotRows, site: str) -> list[Cell]:
    own = hot.hours.get(site, {})
    latest_us = hot.latest_us.get(site, 0)
    today = _day_of((latest_us - SETTLED_US) // HOUR_US)
    spans: dict[_Span, list[int]] = {}
    for hour in sorted(own):
        spans.setdefault(_span(hour, today), []).append(hour)
    apart = _in_two(own, spans, _of_site(hot.sealed, site))
    cells = [
        _cell(site, own, hours, span, apart[span])
        for span, hours in spans.items()
        if (site, _day_of(hours[0])) not in hot.sealed
        and (span[1] + 1) * HOUR_US + SETTLED_US <= latest_us
    ]
    chosen, held = [], 0.0
    for cell in sorted(cells, key=lambda each: len(each.straddling) / each.sessions):
        held += cell.held_rows
        if held <= HELD_ROWS_MAX:
            chosen.append(cell)
    return sorted(chosen, key=lambda each: each.first)


def _span(hour: int, today: date) -> _Span:
    """Of the cell that the hour lies in."""
    if _day_of(hour) >= today:
        return hour, hour
    first = hour // PAST_HOURS * PAST_HOURS
    return first, first + PAST_HOURS - 1


def _in_two(
    own: _Hours, spans: Mapping[_Span, Sequence[int]], sealed: Sequence[Hashes]
) -> dict[_Span, Hashes]:
    """Of each cell, the sessions that lie in another, or in a sealed day, as well."""
    some = [own[hour].straddling for hours in spans.values() for hour in hours]
    numbers = [number for number, hours in enumerate(spans.values()) for _ in hours]
    sessions = np.concatenate([NONE, *some])
    cells = np.repeat(np.array(numbers, dtype=np.int64), [len(each) for each in some])
    order = np.lexsort((cells, sessions))
    sessions, cells = sessions[order], cells[order]
    first = np.ones(len(sessions), dtype=np.bool_)
    first[1:] = (sessions[1:] != sessions[:-1]) | (cells[1:] != cells[:-1])
    sessions, cells = sessions[first], cells[first]
    same = sessions[1:] == sessions[:-1]
    apart = np.zeros(len(sessions), dtype=np.bool_)
    apart[1:] |= same
    apart[:-1] |= same
    for each in sealed:
        apart |= _among(sessions, each)
    return {span: sessions[apart & (cells == number)] for number, span in enumerate(spans)}


def _cell(site: str, own: _Hours, hours: Sequence[int], span: _Span, apart: Hashes) -> Cell:
    told = " ".join(f"{hour} {own[hour].rows} {own[hour].digest}" for hour in hours)
    return Cell(
        site=site,
        first=span[0],
        last=span[1],
        version=sha256(told.encode() + apart.tobytes()).hexdigest()[:16],
        rows=sum(own[hour].rows for hour in hours),
        sessions=sum(len(own[hour].sessions) for hour in hours),
        straddling=apart,
    )


class HotCells:
    """What is known of the hot rows of one opening of the database file: in another, rows have
    other numbers. Safe to use from any thread."""

    def __init__(self, sessions_max: int = SESSIONS_MAX, rows_max: int = ROWS_MAX) -> None:
        self._sessions_max = sessions_max
        self._rows_max = rows_max
        self._lock = threading.Lock()
        self._states: list[HotRows] = []

    def seen(self, cursor: duckdb.DuckDBPyConnection, sealed: Path) -> HotRows:
        """The hot rows as the cursor's transaction sees them."""
        with self._lock:
            ((total, *marks),) = cursor.execute(_MARK).fetchall()
            mark = tuple(map(tuple, marks))
            same = [state for state in self._states if state.mark == mark]
            found = next((state for state in same if state.total == total), None)
            if found is not None:
                return found
            before = max(
                (state for state in same if state.total < total),
                key=lambda state: state.total,
                default=None,
            )
            found = None if before is None else self._added(cursor, sealed, before, total)
            if found is None:
                found = self._read(cursor, sealed, HotRows(total=0, mark=mark), total)
            self._states = [*same, found][-STATES_MAX:]
            return found

    def _read(
        self, cursor: duckdb.DuckDBPyConnection, sealed: Path, none: HotRows, total: int
    ) -> HotRows:
        """From all rows."""
        if total <= self._rows_max:
            rows = self._after(cursor, none)
            near = _near(rows, none)
            beside = _sealed_sessions(cursor, sealed, near, self._sessions_max)
            if _sum(rows) == total and beside is not None:
                return _of_all(structs.replace(none, sealed=beside), rows)
        none = _countless(none)
        return _with_days(none, self._after(cursor, none))

    def _added(
        self, cursor: duckdb.DuckDBPyConnection, sealed: Path, before: HotRows, total: int
    ) -> HotRows | None:
        """From what came since, where that can be told from the rest."""
        rows = self._after(cursor, before)
        if before.total + _sum(rows) != total:
            return None
        if before.countless:
            return _with_days(before, rows)
        near = _near(rows, before)
        if _sealed_sessions(cursor, sealed, near, self._sessions_max) != {}:
            return None
        found = _with_sessions(before, rows)
        many = total > self._rows_max or found.sessions > self._sessions_max
        return _countless(found) if many else found

    def _after(self, cursor: duckdb.DuckDBPyConnection, before: HotRows) -> pa.Table:
        """The rows of since, summed up; not all of them when they are of too many sessions."""
        asked = {"after": before.last, "width": HOUR_US}
        if before.countless:
            return cursor.sql(_BY_DAY, params=asked).to_arrow_table()
        asked["sessions_max"] = self._sessions_max
        return cursor.sql(_BY_SESSION, params=asked).to_arrow_table()


def _of_all(none: HotRows, rows: pa.Table) -> HotRows:
    """`none` with the rows: all there are."""
    hours: dict[str, dict[int, _Stretch]] = {}
    for site, hour, part in _by_place(rows):
        hours.setdefault(site, {})[hour] = _grown(_Stretch(), part)
    for site, own in hours.items():
        every = np.sort(np.concatenate([each.sessions for each in own.values()]))
        twice = every[1:][every[1:] == every[:-1]]
        apart = np.sort(np.concatenate([twice, *_of_site(none.sealed, site)]))
        for hour, each in own.items():
            own[hour] = _straddled(each, each.sessions[_among(each.sessions, apart)])
    return _counted(none, rows, hours)


def _with_sessions(before: HotRows, rows: pa.Table) -> HotRows:
    """`before` with rows that came since."""
    hours = {site: dict(own) for site, own in before.hours.items()}
    for site, hour, part in _by_place(rows):
        own = hours.setdefault(site, {})
        known = own.get(hour, _Stretch())
        came = part["session"][~_among(part["session"], known.sessions)]
        apart = [came[_among(came, each)] for each in _of_site(before.sealed, site)]
        for place, other in own.items():
            both = came[_among(came, other.sessions)]
            if len(both):
                apart.append(both)
                own[place] = _straddled(other, both)
        own[hour] = _straddled(_grown(known, part), *apart)
    return _counted(before, rows, hours)


def _with_days(before: HotRows, rows: pa.Table) -> HotRows:
    """As _with_sessions(), of what is countless."""
    hours = {site: dict(own) for site, own in before.hours.items()}
    for site, hour, _ in _by_place(rows):
        hours.setdefault(site, {})[hour] = _Stretch()
    return _counted(before, rows, hours)


def _counted(before: HotRows, rows: pa.Table, hours: Mapping[str, _Hours]) -> HotRows:
    """`before` with so many more rows, which made its `hours` these."""
    latest_us = dict(before.latest_us)
    for each in rows.group_by("site").aggregate([("received_us", "max")]).to_pylist():
        site, last_us = each["site"], each["received_us_max"]
        latest_us[site] = max(last_us, latest_us.get(site, last_us))
    return structs.replace(
        before,
        total=before.total + _sum(rows),
        last=int(rows["last"].to_numpy().max(initial=before.last)),
        latest_us=latest_us,
        hours=hours,
        cells={},
    )


def _countless(hot: HotRows) -> HotRows:
    days = {
        site: {hour // DAY_HOURS * DAY_HOURS: _Stretch() for hour in own}
        for site, own in hot.hours.items()
    }
    return structs.replace(hot, countless=True, hours=days, sealed={}, cells={})


def _by_place(rows: pa.Table) -> Iterator[tuple[str, int, dict[str, NDArray[Any]]]]:
    """Site and hour, and the columns of its rows, by session."""
    site = rows["site"].combine_chunks().dictionary_encode()
    codes, hours = site.indices.to_numpy(), rows["hour"].to_numpy()
    columns = {name: rows[name].to_numpy() for name in rows.column_names if name != "site"}
    within = (columns["session"],) if "session" in columns else ()
    order = np.lexsort((*within, hours, codes))
    changes = (np.diff(codes[order]) != 0) | (np.diff(hours[order]) != 0)
    for part in np.split(order, np.flatnonzero(changes) + 1) if len(order) else ():
        chosen = {name: column[part] for name, column in columns.items()}
        yield site.dictionary[int(codes[part[0]])].as_py(), int(hours[part[0]]), chosen


def _sum(rows: pa.Table) -> int:
    return int(rows["rows"].to_numpy().sum())


def _grown(stretch: _Stretch, part: dict[str, NDArray[Any]]) -> _Stretch:
    return _Stretch(
        rows=stretch.rows + int(part["rows"].sum()),
        digest=stretch.digest ^ int(np.bitwise_xor.reduce(part["digest"])),
        sessions=_joined(stretch.sessions, part["session"]),
        straddling=stretch.straddling,
    )


def _straddled(stretch: _Stretch, *sessions: Hashes) -> _Stretch:
    return structs.replace(stretch, straddling=reduce(_joined, sessions, stretch.straddling))


def _joined(known: Hashes, more: Hashes) -> Hashes:
    """Both, in time of what is new; numpy's own sort both anew."""
    new = more[~_among(more, known)]
    return np.insert(known, np.searchsorted(known, new), new) if len(new) else known


def _near(rows: pa.Table, known: HotRows) -> set[tuple[str, date]]:
    """The days that become hot, or next to a hot one, by the rows."""
    places = rows.group_by(["site", "hour"]).aggregate([]).to_pylist()
    days = {(each["site"], _day_of(each["hour"])) for each in places}
    return {
        (site, near)
        for site, day in days
        if day not in known.days(site)
        for near in around(day)
        if (site, near) not in known.sealed
    }


def _sealed_sessions(
    cursor: duckdb.DuckDBPyConnection,
    sealed: Path,
    near: set[tuple[str, date]],
    sessions_max: int,
) -> dict[tuple[str, date], Hashes] | None:
    """Those of the days of `near` that are sealed; None: too many."""
    if not near:
        return {}
    days = [day for _, day in near]
    of_days = {"first": min(days), "last": max(days)}
    # Of a day that was counted, no cell is closed, whatever became of its files.
    counted = cursor.execute(_COUNTED, of_days).fetchall()
    listed = [row for row in cursor.execute(_SEALED, of_days).fetchall() if row[:2] in near]
    if sum(sessions for *_, sessions in listed) > sessions_max:
        return None
    found = {place: NONE for place in counted if place in near}
    for site, day, files, _ in listed:
        paths = [str(sealed / name) for name in (EMPTY_FILES["summaries"], *files)]
        hashes = cursor.execute(_SESSIONS, {"files": paths}).fetchnumpy()["session"]
        found[site, day] = np.sort(np.asarray(hashes))
    return found


def _of_site(sealed: Mapping[tuple[str, date], Hashes], site: str) -> list[Hashes]:
    return [sessions for (of, _), sessions in sealed.items() if of == site]


def _among(values: Hashes, known: Hashes) -> NDArray[np.bool_]:
    """Of each value, whether it is in `known`, which is sorted."""
    if not len(known):
        return np.zeros(len(values), dtype=np.bool_)
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    found: NDArray[np.bool_] = known[places] == values
    return found


def begin(hour: int) -> datetime:
    """When the hour of that number begins."""
    return EPOCH + timedelta(microseconds=hour * HOUR_US)


def _day_of(hour: int) -> date:
    return begin(hour).date()


def around(day: date) -> tuple[date, date, date]:
    """The day and those next to it, in order."""
    return day - ONE_DAY, day, day + ONE_DAY

"""Cells of hot days: hours of today and quarters of the days before, which rarely change once they
have gone by.

What a report read of a cell holds for as long as its version, which is made of its rows. Each
snapshot asks once what came since the last one looked: only rows received lately are read for it.

A session that lies in two cells, or in a cell and a sealed day, would be counted in each. It is in
no cell's answer: its rows are read anew with those of the cells that are not closed. Sessions are
known here by DuckDB's hash(session).
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from msgspec import Struct, structs
from numpy.typing import NDArray

from store.sealed_files import EMPTY_FILES

HOUR_US = 3_600_000_000
"""Rows are told apart by the hour."""
PAST_HOURS = 6
"""Of a cell of a day that is over. Of shorter ones, more sessions lie in two; of longer ones, late
rows have more read again."""
HELD_ROWS_MAX = 300_000
"""Of sessions that lie elsewhere as well, about; cells where they are most are not closed then."""
SETTLED_US = 30 * 60_000_000
"""A cell is closed so long after its end: a session goes on for as long without a sign."""
RECENT = timedelta(minutes=10)
"""Rows received so lately are known one by one: several collectors' are not loaded in order."""
STATES_MAX = 8
"""Snapshots begun before the last load still find what they see."""
ONE_DAY = timedelta(days=1)
DAY_US = ONE_DAY // timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Hashes = NDArray[np.uint64]
"""Of sessions or rows; sorted, each once."""
NONE: Hashes = np.empty(0, dtype=np.uint64)

_MARK = """
SELECT
    (SELECT count(*) FROM events),
    (SELECT [count(*), coalesce(sum(rows), 0)] FROM deletions WHERE cause <> 'retired'),
    (SELECT [count(*), count(dropped_at), coalesce(epoch_us(max(sealed_at)), 0)] FROM sealed_files)
"""
_ALL = """
SELECT site, epoch_us(time) // $width AS hour, hash(session) AS session, count(*) AS rows,
    bit_xor(hash(session, batch, position)) AS digest, max(received) AS received
FROM events
GROUP BY ALL
"""
_RECENT = """
SELECT site, epoch_us(time) // $width AS hour, hash(session) AS session, 1 AS rows,
    hash(session, batch, position) AS digest, received
FROM events
WHERE received > $since
"""
_SEALED = """
SELECT site, day, list(file) FROM sealed_files
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
        """About how many rows the straddling sessions have: they last longer than others."""
        return 2 * self.rows * len(self.straddling) / max(self.sessions, 1)


class _Stretch(Struct, frozen=True, eq=False):
    """What is known of the rows of one hour; `straddling` are the sessions that lie in another, or
    in a sealed day, as well."""

    rows: int = 0
    digest: int = 0
    sessions: Hashes = NONE
    straddling: Hashes = NONE


_Place = tuple[str, int]
"""Site and hour."""


class HotRows(Struct, frozen=True, kw_only=True, eq=False):
    """Hot rows as some snapshot sees them, by hour; `mark` tells of what changes them other than
    by adding rows."""

    total: int
    mark: tuple[Any, ...]
    recent: Hashes = NONE
    since: datetime = datetime.min  # noqa: DTZ901  # as the store has times
    latest_us: Mapping[str, int] = {}
    """When each site's last row was received."""
    stretches: Mapping[_Place, _Stretch] = {}
    sealed: Mapping[tuple[str, date], Hashes] = {}
    """The sessions of the sealed days that are hot as well, or lie next to a hot one."""
    cells: dict[str, list[Cell]] = {}
    """The closed ones by site, once they were asked for."""

    def days(self, site: str) -> set[date]:
        return {_day_of(hour) for of, hour in self.stretches if of == site}

    def closed(self, site: str) -> list[Cell]:
        """The closed cells of the site, in order; none of a day that is sealed in part."""
        if site not in self.cells:
            self.cells[site] = _closed(self, site)
        return self.cells[site]

    def begins(self, site: str, without: Iterable[Cell]) -> int | None:
        """The first hour that is in none of these cells; None: there is none."""
        gone = {hour for cell in without for hour in range(cell.first, cell.last + 1)}
        return min({hour for of, hour in self.stretches if of == site} - gone, default=None)

    def beside(self, site: str, day: date) -> Hashes:
        """The sessions of a sealed day that are hot on a day next to it."""
        known = self.sealed.get((site, day), NONE)
        near = (day - ONE_DAY, day + ONE_DAY)
        hot = [
            each.straddling[_among(each.straddling, known)]
            for (of, hour), each in self.stretches.items()
            if len(known) and of == site and _day_of(hour) in near
        ]
        return np.unique(np.concatenate([NONE, *hot]))


def _closed(hot: HotRows, site: str) -> list[Cell]:
    own = {hour: each for (of, hour), each in hot.stretches.items() if of == site}
    latest_us = hot.latest_us.get(site, 0)
    today = _day_of((latest_us - SETTLED_US) // HOUR_US)
    groups: dict[int, list[int]] = {}
    for hour in sorted(own):
        if (site, _day_of(hour)) not in hot.sealed:
            past = _day_of(hour) < today
            groups.setdefault(hour // PAST_HOURS * PAST_HOURS if past else hour, []).append(hour)
    cells = []
    for first, hours in groups.items():
        last = first + PAST_HOURS - 1 if _day_of(first) < today else first
        if (last + 1) * HOUR_US + SETTLED_US <= latest_us:
            cells.append(_cell(hot, site, own, hours, (first, last)))
    chosen, held = [], 0.0
    for cell in sorted(cells, key=lambda each: len(each.straddling) / each.sessions):
        held += cell.held_rows
        if held <= HELD_ROWS_MAX:
            chosen.append(cell)
    return sorted(chosen, key=lambda each: each.first)


def _cell(
    hot: HotRows,
    site: str,
    own: Mapping[int, _Stretch],
    hours: list[int],
    span: tuple[int, int],
) -> Cell:
    parts = [own[hour] for hour in hours]
    some = np.unique(np.concatenate([part.straddling for part in parts]))
    elsewhere = [each.sessions for hour, each in own.items() if hour not in hours]
    apart = np.zeros(len(some), dtype=np.bool_)
    for sessions in (*elsewhere, *_of_site(hot.sealed, site)):
        apart |= _among(some, sessions)
    told = " ".join(f"{hour} {own[hour].rows} {own[hour].digest}" for hour in hours)
    return Cell(
        site=site,
        first=span[0],
        last=span[1],
        version=sha256(told.encode() + some[apart].tobytes()).hexdigest()[:16],
        rows=sum(part.rows for part in parts),
        sessions=sum(len(part.sessions) for part in parts),
        straddling=some[apart],
    )


class HotCells:
    """What is known of hot rows in this process. Safe to use from any thread."""

    def __init__(self) -> None:
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
            found = None if before is None else _added(cursor, before, total)
            if found is None:
                found = _read(cursor, sealed, total, mark)
            self._states = [*same, found][-STATES_MAX:]
            return found


def _read(
    cursor: duckdb.DuckDBPyConnection, sealed: Path, total: int, mark: tuple[Any, ...]
) -> HotRows:
    """From all rows."""
    rows = _columns(cursor, _ALL, {})
    if not total:
        return HotRows(total=0, mark=mark)
    parts = list(_by_place(rows))
    beside = _sealed_sessions(cursor, sealed, {place for place, _ in parts})
    stretches = {place: _grown(_Stretch(), part) for place, part in parts}
    for site in {site for site, _ in stretches}:
        own = [each.sessions for (of, _), each in stretches.items() if of == site]
        every = np.sort(np.concatenate(own))
        twice = every[1:][every[1:] == every[:-1]]
        apart = np.unique(np.concatenate([twice, *_of_site(beside, site)]))
        for place, each in list(stretches.items()):
            if place[0] == site:
                straddling = each.sessions[_among(each.sessions, apart)]
                stretches[place] = structs.replace(each, straddling=straddling)
    since = _last(rows) - RECENT
    recent = _columns(cursor, _RECENT, {"since": since})
    return HotRows(
        total=total,
        mark=mark,
        since=since,
        recent=np.unique(recent["digest"]),
        latest_us=_latest(rows, {}),
        stretches=stretches,
        sealed=beside,
    )


def _added(cursor: duckdb.DuckDBPyConnection, before: HotRows, total: int) -> HotRows | None:
    """From what came since, where that was all received lately; else None."""
    rows = _columns(cursor, _RECENT, {"since": before.since})
    fresh = ~_among(rows["digest"], before.recent)
    if before.total + np.count_nonzero(fresh) != total:
        return None
    stretches = dict(before.stretches)
    new = {name: column[fresh] for name, column in rows.items()}
    for (site, hour), part in _by_place(new):
        known = stretches.get((site, hour), _Stretch())
        sessions = np.unique(part["session"])
        came = sessions[~_among(sessions, known.sessions)]
        apart = [came[_among(came, each)] for each in _of_site(before.sealed, site)]
        for place, other in list(stretches.items()):
            both = came[_among(came, other.sessions)]
            if place[0] == site and len(both):
                apart.append(both)
                stretches[place] = _straddled(other, both)
        stretches[site, hour] = _straddled(_grown(known, part), *apart)
        if (site, hour) not in before.stretches and not _known_day(before, site, hour):
            return None  # a day that was not hot: sealed ones may lie next to it
    since = max(
        before.since, rows["received"].max().astype("datetime64[us]").astype(datetime) - RECENT
    )
    late = rows["received"] > np.datetime64(since)
    return structs.replace(
        before,
        total=total,
        since=since,
        recent=np.unique(rows["digest"][late]),
        latest_us=_latest(new, before.latest_us),
        stretches=stretches,
        cells={},
    )


def _columns(
    cursor: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any]
) -> dict[str, NDArray[Any]]:
    found = cursor.execute(query, {**parameters, "width": HOUR_US}).fetchnumpy()
    return {name: np.asarray(column) for name, column in found.items()}


def _by_place(
    rows: dict[str, NDArray[Any]],
) -> Iterator[tuple[_Place, dict[str, NDArray[Any]]]]:
    """The columns of each hour's rows."""
    codes, sites = pd.factorize(rows["site"])
    hours = rows["hour"].astype(np.int64)
    for code, site in enumerate(sites):
        own = codes == code
        for hour in np.unique(hours[own]):
            chosen = own & (hours == hour)
            yield (str(site), int(hour)), {name: each[chosen] for name, each in rows.items()}


def _grown(stretch: _Stretch, part: dict[str, NDArray[Any]]) -> _Stretch:
    return _Stretch(
        rows=stretch.rows + int(part["rows"].sum()),
        digest=stretch.digest ^ int(np.bitwise_xor.reduce(part["digest"])),
        sessions=np.union1d(stretch.sessions, part["session"]),
        straddling=stretch.straddling,
    )


def _straddled(stretch: _Stretch, *sessions: Hashes) -> _Stretch:
    if not any(map(len, sessions)):
        return stretch
    return structs.replace(
        stretch, straddling=np.unique(np.concatenate([stretch.straddling, *sessions]))
    )


def _sealed_sessions(
    cursor: duckdb.DuckDBPyConnection, sealed: Path, places: set[_Place]
) -> dict[tuple[str, date], Hashes]:
    near = {
        (site, _day_of(hour) + timedelta(days=days)) for site, hour in places for days in (-1, 0, 1)
    }
    days = [day for _, day in near]
    of_days = {"first": min(days), "last": max(days)}
    # Of a day that was counted, no cell is closed, whatever became of its files.
    counted = cursor.execute(_COUNTED, of_days).fetchall()
    listed = cursor.execute(_SEALED, of_days).fetchall()
    found = {place: NONE for place in counted if place in near}
    for site, day, files in listed:
        if (site, day) in near:
            paths = [str(sealed / name) for name in (EMPTY_FILES["summaries"], *files)]
            sessions = cursor.execute(_SESSIONS, {"files": paths}).fetchnumpy()["session"]
            found[site, day] = np.unique(np.asarray(sessions))
    return found


def _of_site(sealed: Mapping[tuple[str, date], Hashes], site: str) -> list[Hashes]:
    return [sessions for (of, _), sessions in sealed.items() if of == site]


def _known_day(before: HotRows, site: str, hour: int) -> bool:
    return _day_of(hour) in before.days(site)


def _last(rows: dict[str, NDArray[Any]]) -> datetime:
    last: datetime = rows["received"].max().astype("datetime64[us]").astype(datetime)
    return last


def _latest(rows: dict[str, NDArray[Any]], known: Mapping[str, int]) -> dict[str, int]:
    latest = dict(known)
    received_us = rows["received"].astype("datetime64[us]").astype(np.int64)
    codes, sites = pd.factorize(rows["site"])
    for code, site in enumerate(sites):
        last = int(received_us[codes == code].max())
        latest[str(site)] = max(last, latest.get(str(site), 0))
    return latest


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

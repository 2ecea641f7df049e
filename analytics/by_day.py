"""A report's reading, part by part: closed days, the nights between them, and closed cells of hot
days, from what is kept of them, the rest anew.

Whatever is one row a session or view, or adds up over sessions, can be read so: each session lies
in exactly one of the parts (store/day_answers.py and hot_answers.py say how), and each part is read
by the same code.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from analytics.question import Window
from analytics.reading import Days, Reading
from analytics.sql import with_read
from analytics.times import naive, to_us
from store.day_answers import ClosedDay, Night, nights_between
from store.hot_cells import Cell
from store.snapshot import Snapshot

DAY_ROWS_MIN = 20_000
"""A day with fewer rows to read is read as quickly as what is kept of it."""
HOT_FACTOR = 25
"""So many times as many hot rows are worth being read by cells. All cells are then, the small ones
of nights too: what is left are the last hours, and DuckDB passes over the rest unread."""
ROWS_AT_ONCE = 4_000_000
"""To read several days in one query costs little more than one, whose planning takes as long as a
small day's rows; what is read at once is in memory."""
NEW_CELLS_MAX = 4
"""Read by themselves while somebody waits, the largest first, where rows cannot be told
apart: to read each of a whole day's takes twice as long as all at once. Those left are kept of the
next times, or by the job that prepares."""
SUMMARIES = ("summaries",)

Part = TypeVar("Part", ClosedDay, Night, Cell)
Closed = TypeVar("Closed", ClosedDay, Night)

_log = logging.getLogger(__name__)


def by_day(
    snapshot: Snapshot,
    reading: Reading,
    window: Window,
    question: Mapping[str, Any],
    answer: Callable[[Reading, Window], pa.Table],
    moment: str = "",
) -> pa.Table:
    """The rows of `answer` over the window, its parts after one another.

    `answer` is asked for each closed day, night and cell that lies whole in the window, if not
    kept, and for what remains; it may use nothing but the reading, the window and what is in
    `question`, whose `form` changes with the code. Where a column `moment` of its rows says, in
    microseconds, a time of the part that each is of, it is asked for several at once. What is kept
    is read meanwhile.
    """
    if snapshot.cells.narrowed:
        return answer(reading, window)
    asked = _digest(reading, question)
    whole = _whole_days(snapshot, reading, window)
    try:
        nights = _nights(snapshot, reading, whole, asked, moment)
        live = _live(snapshot, reading, whole, nights)
    except (OSError, duckdb.IOException):
        _log.exception("what lies over midnight cannot be kept apart: all days are read anew")
        whole, nights, live = [], [], reading

    def of_days(some: Sequence[ClosedDay], span: Window) -> pa.Table:
        return answer(_reading_of_days(snapshot, reading, some), span)

    def of_nights(some: Sequence[Night], span: Window) -> pa.Table:
        return answer(_reading_of_nights(snapshot, reading, some), span)

    def rows_of(night: Night) -> int:
        return snapshot.answers.rows(night, reading.contents)

    def kept() -> dict[ClosedDay | Night, pa.Table | None]:
        closed: list[ClosedDay | Night] = [*whole, *nights]
        return {part: snapshot.answers.get(part, asked) for part in closed}

    with ThreadPoolExecutor(1, "kept-answers") as beside:
        found = beside.submit(kept).result if whole else kept
        hot = _hot_parts(snapshot, live, window, asked, answer, moment)
    known = found()
    parts = _kept_or_read(
        snapshot, whole, known, asked, of_days, lambda day: day.rows(reading.contents), moment
    )
    # Every other one, for two that follow one another lie in the same day.
    for some in (nights[::2], nights[1::2]):
        parts += _kept_or_read(snapshot, some, known, asked, of_nights, rows_of, moment)
    return pa.concat_tables([*parts, *hot], promote_options="permissive")


def hot_by_cell(
    snapshot: Snapshot,
    site: str,
    days: Days,
    window: Window,
    question: Mapping[str, Any],
    answer: Callable[[Days, Window], pa.Table],
) -> pa.Table:
    """As by_day(), of what is counted of hot rows alone: of sealed days the store has the counts.

    `answer` may also give what it found in those of the days, for it is asked for them but once.
    """
    reading = Reading(
        fragment="",
        parameters={"site": site, "first_day": days.first, "last_day": days.last, "files": []},
        days=days,
        asked=1.0,
        rate=1.0,
    )
    asked = _digest(reading, question)
    parts = _hot_parts(snapshot, reading, window, asked, lambda part, span: answer(part.days, span))
    return pa.concat_tables(parts, promote_options="permissive")


def query_by_day(
    snapshot: Snapshot,
    reading: Reading,
    window: Window,
    name: str,
    *parts: str,
    asked: Mapping[str, Any],
    edges: tuple[str, str] = ("start", "end"),
    columns: Mapping[str, str] | None = None,
    moment: str = "",
) -> pa.Table:
    """by_day() of query NAME with what the `parts` define; the window is bound to the `edges`, and
    the text formatted with the `columns`, if any."""

    def text_of(reading: Reading) -> str:
        text = with_read(reading.fragment, name, *parts)
        return text if columns is None else text.format(**columns)

    def answer(reading: Reading, span: Window) -> pa.Table:
        times = dict(zip(edges, (naive(span.start), naive(span.end)), strict=True))
        return snapshot.arrow(text_of(reading), {**reading.parameters, **asked, **times})

    question = {"query": text_of(reading), **asked}
    return by_day(snapshot, reading, window, question, answer, moment)


def only(table: pa.Table, **wanted: str) -> pa.Table:
    """The rows whose columns hold what is `wanted` of each, where anything is."""
    for name, value in wanted.items():
        if value:
            table = table.filter(pc.field(name) == value)
    return table


def summed(table: pa.Table, *keys: str) -> list[dict[str, Any]]:
    """The rows of the same `keys`, all other columns added up; in the order of the keys."""
    rest = [name for name in table.column_names if name not in keys]
    added = table.group_by(list(keys)).aggregate([(name, "sum") for name in rest])
    added = added.rename_columns(
        [*keys, *rest] if added.column_names[0] in keys else [*rest, *keys]
    )
    ordered: list[dict[str, Any]] = added.sort_by([(key, "ascending") for key in keys]).to_pylist()
    return ordered


def kept_versions(snapshot: Snapshot, site: str, window: Window) -> tuple[str, ...]:
    """The versions of the closed days and cells of a window whose answers are worth keeping: while
    they stand, a question that was asked finds those."""
    days = Days(window.first_day, window.last_day)
    return (
        *(
            f"{each.version} {each.since_hour}"
            for each in _days_in(snapshot, site, days, window)
            if each.rows(("sample", "rest")) >= DAY_ROWS_MIN
        ),
        *(each.version for each in _cells_in(snapshot, site, days, window)),
    )


def _cells_in(snapshot: Snapshot, site: str, days: Days, window: Window) -> list[Cell]:
    """The closed cells of the days that lie whole in the window, where they are worth it."""
    cells = snapshot.cells.closed(site)
    if sum(each.rows for each in cells) < HOT_FACTOR * DAY_ROWS_MIN:
        return []
    return [
        each
        for each in cells
        if window.start <= each.start
        and each.end <= window.end
        and days.first <= each.day <= days.last
    ]


def _whole_days(snapshot: Snapshot, reading: Reading, window: Window) -> list[ClosedDay]:
    """Those whose answers are kept, or will be. The sessions that began before the later hours of
    one are for the job that prepares answers to tell, which takes a while."""
    answers, contents = snapshot.answers, (*reading.contents, *SUMMARIES)
    days = Days(reading.parameters["first_day"], reading.parameters["last_day"])
    return [
        each
        for each in _days_in(snapshot, reading.site, days, window)
        if each.rows(reading.contents) >= DAY_ROWS_MIN
        and (
            not each.since_hour
            or snapshot.preparing
            or answers.has_straddling_files(each, contents)
        )
    ]


def _days_in(snapshot: Snapshot, site: str, days: Days, window: Window) -> Iterator[ClosedDay]:
    """The closed days that lie whole in the window, and the later hours of that in which it
    begins."""
    for each in snapshot.answers.closed(site, days.first, days.last):
        within = each if window.start <= each.start else each.later(window.start)
        if within is not None and window.start <= within.start and within.end <= window.end:
            yield within


def _nights(
    snapshot: Snapshot, reading: Reading, whole: Sequence[ClosedDay], asked: str, moment: str
) -> list[Night]:
    """Those whose answers are kept, or will be. While somebody waits it is quicker to read them
    with all that is read anew; where they can be told apart, the first asking that finds all days
    kept reads them. Raises OSError."""
    answers = snapshot.answers
    nights = nights_between(whole)
    new = [night for night in nights if not answers.has(night, asked)]
    quick = moment and all(answers.has(day, asked) for day in whole)
    if not (snapshot.preparing or quick):
        return [night for night in nights if night not in new]
    for contents in (reading.contents, SUMMARIES):
        answers.night_files(new, contents)
    return nights


def _kept_or_read(
    snapshot: Snapshot,
    parts: Sequence[Closed],
    kept: Mapping[ClosedDay | Night, pa.Table | None],
    asked: str,
    read: Callable[[Sequence[Closed], Window], pa.Table],
    rows_of: Callable[[Closed], int],
    moment: str,
) -> list[pa.Table]:
    """The answer of each day or night; None among the `kept`: it is read."""
    found = {part: kept[part] for part in parts}
    new = [part for part in parts if found[part] is None]
    for some in _at_once(new, rows_of, moment):
        snapshot.before_part()
        rows = read(some, Window(some[0].start, some[-1].end))
        for part, own in _told_apart(rows, some, moment):
            found[part] = own
            try:
                snapshot.answers.put(part, asked, own)
            except OSError:
                _log.exception("the answer of %s is not kept", part.day)
    return list(found.values())


def _at_once(
    parts: Sequence[Part], rows_of: Callable[[Part], int], moment: str
) -> Iterator[list[Part]]:
    """The parts in order, as many at a time as may be read at once."""
    some: list[Part] = []
    rows = 0
    for part in parts:
        rows += rows_of(part)
        if some and (rows > ROWS_AT_ONCE or not moment):
            yield some
            some, rows = [], rows_of(part)
        some.append(part)
    if some:
        yield some


def _told_apart(
    read: pa.Table, parts: Sequence[Part], moment: str
) -> Iterator[tuple[Part, pa.Table]]:
    """The rows of each of the parts, which are in order and do not lie in one another."""
    if len(parts) == 1:
        yield parts[0], read
        return
    moments = read[moment].to_numpy()
    order = np.argsort(moments, kind="stable")
    edges = [to_us(part.end) for part in parts]
    ends: list[int] = np.searchsorted(moments[order], edges).tolist()
    for part, begin, end in zip(parts, [0, *ends[:-1]], ends, strict=True):
        yield part, read.take(order[begin:end])  # not a slice, which would keep all in memory


def _hot_parts(
    snapshot: Snapshot,
    reading: Reading,
    window: Window,
    asked: str,
    answer: Callable[[Reading, Window], pa.Table],
    moment: str = "",
) -> list[pa.Table]:
    """The answer of what is not closed, and of each closed cell, kept or read."""
    if snapshot.cells.narrowed:
        return [answer(reading, window)]
    cells = _cells_in(snapshot, reading.site, reading.days, window)
    found = {cell.first: snapshot.cells.get(cell, asked) for cell in cells}
    new = [cell for cell in cells if found[cell.first] is None]
    if not (snapshot.preparing or moment):
        left = sorted(new, key=lambda each: each.rows)[:-NEW_CELLS_MAX]
        cells, new = ([each for each in some if each not in left] for some in (cells, new))
    rest = structs.replace(reading, of_rest=reading.of_rest or bool(cells))
    with snapshot.cells.without(reading.site, cells):
        live = answer(rest, window)
    for some in _at_once(new, lambda cell: cell.rows, moment):
        snapshot.before_part()
        span = Window(some[0].start, some[-1].end)
        with snapshot.cells.alone(some):
            read = answer(_reading_of_cells(snapshot, reading, some), span)
        for cell, part in _told_apart(read, some, moment):
            found[cell.first] = part
            snapshot.cells.put(cell, asked, part)
    return [live, *(found[cell.first] for cell in cells)]


def _reading_of_cells(snapshot: Snapshot, reading: Reading, cells: Sequence[Cell]) -> Reading:
    first, last = cells[0].day, cells[-1].day
    no_summaries = snapshot.summary_files([], first, last)
    parameters = {
        **reading.parameters,
        "first_day": first,
        "last_day": last,
        "files": snapshot.detail_files([], first, last),
    }
    if reading.weighted:
        parameters["summary_files"] = no_summaries
    return structs.replace(
        reading,
        parameters=parameters,
        days=Days(first, last),
        summary_files=tuple(no_summaries),
        of_cells=True,
    )


def _reading_of_days(snapshot: Snapshot, reading: Reading, days: Sequence[ClosedDay]) -> Reading:
    """The reading of closed days alone, without the sessions that lie over their midnights."""
    answers = snapshot.answers
    return _reading_of(
        reading,
        Days(days[0].day, days[-1].day),
        files=answers.files(days, reading.contents),
        summaries=answers.files(days, SUMMARIES),
        straddling=[each for day in days for each in answers.straddling(day)],
    )


def _reading_of_nights(snapshot: Snapshot, reading: Reading, nights: Sequence[Night]) -> Reading:
    """The reading of the sessions of nights alone."""
    answers = snapshot.answers
    return _reading_of(
        reading,
        Days(nights[0].evening.day, nights[-1].morning.day),
        files=answers.files([], reading.contents) + answers.night_files(nights, reading.contents),
        summaries=answers.files([], SUMMARIES) + answers.night_files(nights, SUMMARIES),
        straddling=[],
    )


def _reading_of(
    reading: Reading,
    days: Days,
    *,
    files: Sequence[str],
    summaries: Sequence[str],
    straddling: Sequence[str],
) -> Reading:
    """The reading of files of closed days, without the sessions that are `straddling`."""
    parameters = {
        **reading.parameters,
        "first_day": days.first,
        "last_day": days.last,
        "files": list(files),
        "straddling": list(straddling),
    }
    if reading.weighted:
        parameters["summary_files"] = list(summaries)
    return structs.replace(
        reading,
        # Whose a sealed session is, is settled: also of users it is read by its bucket.
        fragment="read_kept_day" if reading.weighted else "read_sampled_day",
        parameters=parameters,
        days=days,
        summary_files=tuple(summaries),
    )


def _live(
    snapshot: Snapshot, reading: Reading, whole: list[ClosedDay], nights: Sequence[Night]
) -> Reading:
    """The reading of all other days, and of the sessions over a midnight of the whole ones that lie
    in none of the nights."""
    if not whole:
        return reading
    parameters = dict(reading.parameters)
    files = _without(snapshot, parameters["files"], whole, nights, reading.contents)
    days = reading.days
    all_ = snapshot.summary_files([reading.site], days.first, days.last)
    summaries = _without(snapshot, all_, whole, nights, SUMMARIES)
    parameters["files"] = files
    if reading.weighted:
        parameters["summary_files"] = summaries
    return structs.replace(
        reading, parameters=parameters, summary_files=tuple(summaries), of_rest=True
    )


def _without(
    snapshot: Snapshot,
    files: list[str],
    whole: list[ClosedDay],
    nights: Sequence[Night],
    contents: tuple[str, ...],
) -> list[str]:
    """Files without those of the whole days, and with what straddles their midnights but for the
    nights."""
    answers = snapshot.answers
    closed = set(answers.files(whole, contents)[1:])
    before = {night.morning.day: night for night in nights}
    after = {night.evening.day: night for night in nights}
    apart = [
        path
        for day in whole
        for path in answers.straddling_files(day, contents, before.get(day.day), after.get(day.day))
    ]
    # By day, as files are listed: analytics/in_order.py takes a session's rows as they come.
    return sorted((*(path for path in files if path not in closed), *apart), key=_day_of)


def _day_of(path: str) -> str:
    return next((part for part in Path(path).parts if part.startswith("day=")), "")


def _digest(reading: Reading, question: Mapping[str, Any]) -> str:
    """What an answer is kept under. Numbers made of texts by DuckDB's hash() are in some: they
    differ between its versions."""
    own = {
        name: value
        for name, value in reading.parameters.items()
        if name not in ("files", "summary_files", "first_day", "last_day")
    }
    whole = [reading.fragment, own, dict(question), duckdb.__version__]
    return sha256(msgspec.json.encode(whole, order="deterministic")).hexdigest()[:32]


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)

"""A report's reading, day by day: closed days from what is kept of them, the others anew.

Whatever is one row a session or view, or adds up over sessions, can be read so: each session lies
in exactly one of the parts (store/day_answers.py says how), and each part is read by the same code.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
from msgspec import structs

from analytics.question import Window
from analytics.reading import Days, Reading
from analytics.sql import with_read
from analytics.times import naive
from store.day_answers import ClosedDay
from store.snapshot import Snapshot

DAY_ROWS_MIN = 20_000
"""A day with fewer rows to read is read as quickly as what is kept of it."""
SUMMARIES = ("summaries",)

_log = logging.getLogger(__name__)


def by_day(
    snapshot: Snapshot,
    reading: Reading,
    window: Window,
    question: Mapping[str, Any],
    answer: Callable[[Reading, Window], pa.Table],
) -> pa.Table:
    """The rows of `answer` over the window, its parts after one another.

    `answer` is asked for each closed day that lies whole in the window, if not kept, and for what
    remains; it may use nothing but the reading, the window and what is in `question`, whose `form`
    changes with the code.
    """
    whole = _whole_days(snapshot, reading, window)
    if not whole:
        return answer(reading, window)
    try:
        live = _live(snapshot, reading, whole)
    except (OSError, duckdb.IOException):
        _log.exception("what lies over midnight cannot be kept apart: all days are read anew")
        return answer(reading, window)
    asked = _digest(reading, question)
    parts = [_of_day(snapshot, reading, day, asked, answer) for day in whole]
    return pa.concat_tables([answer(live, window), *parts], promote_options="permissive")


def query_by_day(
    snapshot: Snapshot,
    reading: Reading,
    window: Window,
    name: str,
    *parts: str,
    asked: Mapping[str, Any],
    edges: tuple[str, str] = ("start", "end"),
) -> pa.Table:
    """by_day() of query NAME with what the `parts` define; the window is bound to the `edges`."""

    def answer(reading: Reading, span: Window) -> pa.Table:
        text = with_read(reading.fragment, name, *parts)
        times = dict(zip(edges, (naive(span.start), naive(span.end)), strict=True))
        return snapshot.arrow(text, {**reading.parameters, **asked, **times})

    question = {"query": with_read(reading.fragment, name, *parts), **asked}
    return by_day(snapshot, reading, window, question, answer)


def summed(table: pa.Table, *keys: str) -> list[dict[str, Any]]:
    """The rows of the same `keys`, all other columns added up; in the order of the keys."""
    rest = [name for name in table.column_names if name not in keys]
    added = table.group_by(list(keys)).aggregate([(name, "sum") for name in rest])
    added = added.rename_columns(
        [*keys, *rest] if added.column_names[0] in keys else [*rest, *keys]
    )
    ordered: list[dict[str, Any]] = added.sort_by([(key, "ascending") for key in keys]).to_pylist()
    return ordered


def _whole_days(snapshot: Snapshot, reading: Reading, window: Window) -> list[ClosedDay]:
    parameters = reading.parameters
    closed = snapshot.answers.closed(
        parameters["site"], parameters["first_day"], parameters["last_day"]
    )
    return [
        each
        for each in closed
        if window.start <= midnight(each.day)
        and midnight(each.day + timedelta(days=1)) <= window.end
        and each.rows(reading.contents) >= DAY_ROWS_MIN
    ]


def _of_day(
    snapshot: Snapshot,
    reading: Reading,
    day: ClosedDay,
    asked: str,
    answer: Callable[[Reading, Window], pa.Table],
) -> pa.Table:
    known = snapshot.answers.get(day, asked)
    if known is None:
        window = Window(midnight(day.day), midnight(day.day + timedelta(days=1)))
        known = answer(_reading_of(snapshot, reading, day), window)
        try:
            snapshot.answers.put(day, asked, known)
        except OSError:
            _log.exception("the answer of %s is not kept", day.day)
    return known


def _reading_of(snapshot: Snapshot, reading: Reading, day: ClosedDay) -> Reading:
    """The reading of one closed day alone, without the sessions that lie over its midnights."""
    summaries = snapshot.answers.files(day, SUMMARIES)
    parameters = {
        **reading.parameters,
        "first_day": day.day,
        "last_day": day.day,
        "files": snapshot.answers.files(day, reading.contents),
        "straddling": snapshot.answers.straddling(day),
    }
    if reading.weighted:
        parameters["summary_files"] = summaries
    return structs.replace(
        reading,
        # Whose a sealed session is, is settled: also of users it is read by its bucket.
        fragment="read_kept_day" if reading.weighted else "read_sampled_day",
        parameters=parameters,
        days=Days(day.day, day.day),
        summary_files=tuple(summaries),
    )


def _live(snapshot: Snapshot, reading: Reading, whole: list[ClosedDay]) -> Reading:
    """The reading of all other days, and of the sessions over a midnight of the whole ones."""
    parameters = dict(reading.parameters)
    files = _without(snapshot, parameters["files"], whole, reading.contents)
    days = reading.days
    all_ = snapshot.summary_files([reading.site], days.first, days.last)
    summaries = _without(snapshot, all_, whole, SUMMARIES)
    parameters["files"] = files
    if reading.weighted:
        parameters["summary_files"] = summaries
    return structs.replace(reading, parameters=parameters, summary_files=tuple(summaries))


def _without(
    snapshot: Snapshot, files: list[str], whole: list[ClosedDay], contents: tuple[str, ...]
) -> list[str]:
    """Files without those of the whole days, and with what straddles their midnights."""
    answers = snapshot.answers
    closed = {path for day in whole for path in answers.files(day, contents)[1:]}
    apart = [path for day in whole for path in answers.straddling_files(day, contents)]
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

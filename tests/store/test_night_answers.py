"""Each row of sealed days lies in one part: a day, a night between two, or what is read anew."""

import os
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from store.database import Database
from store.day_answers import ANSWERS_FOLDER, ClosedDay, Night, nights_between
from store.hot_cells import around
from store.rows import insert
from store.sealing import SealPolicy, seal_day
from store.snapshot import Snapshot

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
DAYS, HOT = 7, 2
NOW = FIRST + timedelta(days=DAYS)
LAST = NOW.date()
CONTENTS = ("sample", "rest")
Rows = list[tuple[str, int]]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Sessions of one to three days, some with a gap, in the sample and beyond it; the last days
    are hot."""
    database, chance = Database(tmp_path), random.Random(9)
    lived = [
        (session, session % DAYS + gap)
        for session in range(400)
        for gap in {0, *chance.choices(range(4), k=2)}
        if session % DAYS + gap < DAYS
    ]
    rows = [_row(session, day, batch) for batch, (session, day) in enumerate(lived * 2)]
    insert(database.cursor(), "events", pa.Table.from_pylist(rows))
    for day in range(DAYS - HOT):
        seal_day(
            database,
            SealPolicy(site="shop", sample=0.5),
            (FIRST + timedelta(days=day)).date(),
            NOW,
        )
    return database


def _row(session: int, day: int, batch: int) -> dict[str, Any]:
    time = (FIRST + timedelta(days=day, hours=1)).replace(tzinfo=None)
    return {
        "site": "shop",
        "day": time.date(),
        "bucket": session % 2 << 31,
        "session": str(UUID(int=session)),
        "batch": batch,
        "position": 0,
        "time": time,
        "client_time": time,
        "received": time,
        "kind": "view",
        "view": 0,
        "page": "/",
        "bot": False,
        "generated": False,
    }


@pytest.mark.parametrize("seed", range(8))
def test_each_row_of_closed_days_is_in_one_part(database: Database, seed: int) -> None:
    """Whichever of the days and of their nights are asked for."""
    chance = random.Random(seed)
    with database.snapshot() as snapshot:
        answers = snapshot.answers
        closed = answers.closed("shop", FIRST.date(), LAST)
        assert len(closed) == DAYS - HOT
        days = [day for day in closed if chance.random() < 0.8]
        nights = [night for night in nights_between(days) if chance.random() < 0.7]
        before = {night.morning.day: night for night in nights}
        after = {night.evening.day: night for night in nights}
        parts = [_without(snapshot, day) for day in days]
        parts += [_rows(snapshot, answers.night_files([night], CONTENTS)) for night in nights]
        for day in days:
            night = before.get(day.day), after.get(day.day)
            parts.append(_rows(snapshot, answers.straddling_files(day, CONTENTS, *night)))
        assert sum(map(len, parts)) > 100
        wanted = _rows(snapshot, answers.files(days, CONTENTS))
        assert sorted(row for part in parts for row in part) == sorted(wanted)


def test_a_night_has_the_sessions_of_its_two_days_alone(database: Database) -> None:
    with database.snapshot() as snapshot:
        answers = snapshot.answers
        lived: dict[str, set[date]] = {}
        files = snapshot.detail_files(["shop"], FIRST.date(), LAST, rest=True)
        for day, session in snapshot.rows(
            "SELECT DISTINCT day, session FROM events_in($files)", {"files": files}
        ):
            lived.setdefault(str(session), set()).add(day)
        nights = nights_between(answers.closed("shop", FIRST.date(), LAST))
        assert len(nights) == DAYS - HOT - 1
        for night in nights:
            evening, morning = night.evening.day, night.morning.day
            near = {*around(evening), *around(morning)}
            wanted = {each for each, days in lived.items() if days & near == {evening, morning}}
            assert set(answers.sessions(night)) == wanted
            assert wanted


def test_what_is_kept_of_a_night_goes_with_either_day(database: Database) -> None:
    with database.snapshot() as snapshot:
        answers = snapshot.answers
        days = answers.closed("shop", FIRST.date(), LAST)
        nights = nights_between(days)
        for night in nights:
            answers.put(night, "asked", pa.table({"found": [night.day.day]}))
        for day, night in zip(days, nights, strict=False):
            answers.straddling_files(day, CONTENTS, after=night)
        answers.night_files(nights, CONTENTS)
        assert answers.sweep() == 0
        kept = {night.day: _of_night(database, night) for night in nights}
        assert all(len(files) > 3 for files in kept.values())
    gone = days[2].day
    cursor = database.cursor()
    cursor.execute("UPDATE sealed_files SET dropped_at = now() WHERE day = $gone", {"gone": gone})
    with database.snapshot() as snapshot:
        snapshot.answers.sweep()
    for night in nights:
        # The days next to one that is gone are known by its files as well.
        still = {night.evening.day, night.morning.day}.isdisjoint(around(gone))
        assert _of_night(database, night) == (kept[night.day] if still else set())


def test_what_later_hours_said_goes_once_no_window_begins_before_them(database: Database) -> None:
    with database.snapshot() as snapshot:
        answers = snapshot.answers
        day = answers.closed("shop", FIRST.date(), LAST)[0]
        for hour in (4, 5):
            later = day.later(FIRST + timedelta(hours=hour, minutes=30))
            assert later is not None
            answers.put(later, "asked", pa.table({"found": [hour]}))
        answers.put(day, "asked", pa.table({"found": [0]}))
        files = sorted((database.folder / ANSWERS_FOLDER).rglob("*-asked.arrow"))
        assert answers.sweep() == 0
        for path in files:
            if "since-6-" not in path.name:
                os.utime(path, (0, 0))
        assert answers.sweep() == 1
        assert [path for path in files if not path.exists()] == [
            path for path in files if "since-5-" in path.name
        ]


def _of_night(database: Database, night: Night) -> set[str]:
    """The files kept of a night."""
    of_morning = f"{night.morning.version}-before-{night.evening.version}-"
    return {
        path.name
        for path in (database.folder / ANSWERS_FOLDER).rglob("*.*")
        if path.name.startswith((night.named, of_morning))
    }


def _without(snapshot: Snapshot, day: ClosedDay) -> Rows:
    """What a day's own answer is made of."""
    straddling = set(snapshot.answers.straddling(day))
    own = _rows(snapshot, snapshot.answers.files([day], CONTENTS))
    return [row for row in own if row[0] not in straddling]


def _rows(snapshot: Snapshot, files: list[str]) -> Rows:
    """Session and batch of each row."""
    if not files:
        return []
    found = snapshot.rows("SELECT session, batch FROM read_parquet($files)", {"files": files})
    return [(str(session), batch) for session, batch in found]

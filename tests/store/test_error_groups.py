"""Errors in groups: what makes two one, what is noticed of them, and their counts by day."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rum.records import Batch, Event, EventKind
from store.database import Database
from store.erasing_rows import erase_rows
from store.error_groups import note_errors, resolve, unresolve
from store.loader import Loader
from store.retention import RetentionLimits, retire
from store.sealing import SealPolicy, seal_day
from store.times import microseconds
from tests.support.stored import NOON, Journal, Maker, load_all

STACK = "TypeError: x\n    at renderCard (https://x.test/assets/app-3f9a1c2b.js:1:20417)"


def errors(
    session: str,
    time: datetime = NOON,
    *,
    times: int = 1,
    message: str = "Cannot read 'price' of 7",
    stack: str = STACK,
    number: int = 0,
    page: str = "/a",
    **fields: Any,
) -> Batch:
    at = microseconds(time)
    return Batch(
        site="shop",
        session=session,
        batch=(7 << 20) + number,
        sent_us=at,
        received_us=at,
        events=tuple(
            Event(
                position=place,
                kind=EventKind.ERROR,
                time_us=at + place,
                client_us=at,
                view=1,
                page=page,
                name="TypeError",
                message=message,
                stack=stack,
            )
            for place in range(times)
        ),
        **fields,
    )


@pytest.fixture
def write(tmp_path: Path) -> Any:
    database = Database(tmp_path / "store")
    journal = Journal(tmp_path / "journal")
    journal.folder.mkdir()
    loader = Loader(database, journal.folder)

    def add(*batches: Batch, now: datetime = NOON) -> Database:
        journal.write(*batches)
        load_all(loader, now)
        return database

    yield add
    database.close()


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    return database.cursor().execute(query).fetchall()


def fingerprints(database: Database, *texts: tuple[str, str]) -> list[str]:
    return [
        rows(
            database,
            "SELECT error_fingerprint('TypeError', m,"
            " array_to_string(group_frames(stack_frames(s)),"
            f" chr(10))) FROM (SELECT {_text(message)} AS m, {_text(stack)} AS s)",
        )[0][0]
        for message, stack in texts
    ]


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("item 12 of 30", ""), ("item 7 of 9", "")),
        (("no 'price'", ""), ("no 'surface'", "")),
        (('no "price"', ""), ('no "a b"', "")),
        (("https://x.test/a failed", ""), ("https://y.test/b/c failed", "")),
        (("job a81f-22 ended", ""), ("job 00c2-41 ended", "")),
        (
            ("x", "at save (https://x.test/app-3f9a1c2b.js:1:9)"),
            ("x", "at save (https://cdn.test/app-BhXkAbCd.js:7:1200)"),
        ),
        (
            ("x", "at save (https://x.test/app.js:1:9)"),
            ("x", "at save (https://x.test/app.js:1:9)\nat t (https://x.test/vendor.js:1:1)"),
        ),
        (
            ("x", "    at Form.save [as send] (https://x.test/app.js:1:9)"),
            ("x", "save@https://x.test/app.js:3:4"),
        ),
        (
            ("x", "at a (https://x.test/app.js:1:9)"),
            ("x", "at bb (https://x.test/app.js:1:9)"),
        ),
    ],
)
def test_what_differs_from_one_time_to_the_next_does_not_part_a_group(
    write: Any, one: tuple[str, str], other: tuple[str, str]
) -> None:
    first, second = fingerprints(write(), one, other)
    assert first == second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("no price", ""), ("no surface", "")),
        (("can't be won't", ""), ("can't do won't", "")),
        (
            ("x", "at save (https://x.test/app.js:1:9)"),
            ("x", "at load (https://x.test/app.js:1:9)"),
        ),
        (
            ("x", "at save (https://x.test/app.js:1:9)"),
            ("x", "at save (https://x.test/cart.js:1:9)"),
        ),
        (
            ("x", "at log (https://x.test/app.js:1:9)\nat save (https://x.test/app.js:2:9)"),
            ("x", "at log (https://x.test/app.js:1:9)\nat load (https://x.test/app.js:2:9)"),
        ),
    ],
)
def test_other_words_other_functions_and_other_files_are_other_groups(
    write: Any, one: tuple[str, str], other: tuple[str, str]
) -> None:
    first, second = fingerprints(write(), one, other)
    assert first != second


def test_the_first_look_makes_no_news_and_the_next_one_does(write: Any, make: Maker) -> None:
    database = write(errors(make.session(), release="1"))
    assert note_errors(database, NOON).new == 0
    write(
        errors(make.session(), NOON + timedelta(minutes=1), release="2"),
        errors(make.session(), NOON + timedelta(minutes=2), message="else", release="2"),
    )
    assert note_errors(database, NOON + timedelta(minutes=3)).new == 1
    assert note_errors(database, NOON + timedelta(minutes=3)).new == 0
    assert rows(
        database,
        "SELECT message, culprit, first_release, last_release, last_seen - first_seen"
        " FROM error_groups ORDER BY first_seen",
    ) == [
        (
            "Cannot read […] of #",
            "renderCard (/assets/app.js)",
            "1",
            "2",
            timedelta(minutes=1),
        ),
        ("else", "renderCard (/assets/app.js)", "2", "2", timedelta(0)),
    ]
    assert rows(database, "SELECT what, settled_at FROM error_news") == [("new", None)]


def group(database: Database) -> str:
    ((fingerprint,),) = rows(database, "SELECT fingerprint FROM error_groups")
    return str(fingerprint)


def test_a_resolved_group_that_is_met_again_has_regressed_once(write: Any, make: Maker) -> None:
    database = write(errors(make.session(), release="1"))
    note_errors(database, NOON)
    assert resolve(database, "shop", group(database), NOON + timedelta(minutes=1))
    assert not resolve(database, "shop", "0" * 16, NOON)
    for minute, back in ((2, 1), (3, 0)):
        at = NOON + timedelta(minutes=minute)
        write(errors(make.session(), at, release="1"))
        assert note_errors(database, at).regressed == back
    assert rows(database, "SELECT regressed_at, regressed_release FROM error_resolutions") == [
        ((NOON + timedelta(minutes=2)).replace(tzinfo=None), "1")
    ]


def test_resolved_by_the_next_release_it_may_still_come_from_the_ones_that_were_out(
    write: Any, make: Maker
) -> None:
    database = write(errors(make.session(), release="1"))
    note_errors(database, NOON)
    resolve(database, "shop", group(database), NOON + timedelta(minutes=1), next_release=True)
    for minute, release, back in ((2, "1", 0), (3, "2", 1), (4, "3", 0)):
        at = NOON + timedelta(minutes=minute)
        write(errors(make.session(), at, release=release))
        assert note_errors(database, at).regressed == back


def test_a_resolution_taken_back_is_none(write: Any, make: Maker) -> None:
    database = write(errors(make.session()))
    note_errors(database, NOON)
    resolve(database, "shop", group(database), NOON + timedelta(minutes=1))
    assert unresolve(database, "shop", group(database), NOON + timedelta(minutes=2))
    write(errors(make.session(), NOON + timedelta(minutes=3)))
    assert note_errors(database, NOON + timedelta(minutes=3)).regressed == 0


COUNTED = (
    "SELECT part, coalesce(level, release, browser, page), page, errors, sessions"
    " FROM error_counts ORDER BY ALL"
)


def test_a_sealed_day_keeps_exact_counts_of_everyone_by_group(write: Any, make: Maker) -> None:
    kept, other = make.session(bucket=0), make.session(bucket=2**32 - 1)
    database = write(
        errors(kept, times=3, level="novice", release="2", browser="Firefox"),
        errors(kept, times=1, number=1, level="novice", release="2", page="/b", browser="Firefox"),
        errors(other, times=2, release="2"),
        errors(make.session(), bot=True),
    )
    seal_day(database, SealPolicy(site="shop", sample=0.2, keep=0.2), NOON.date(), NOON)
    found = rows(database, COUNTED)
    assert ("all", None, None, 6.0, 2.0) in found
    assert ("level", "novice", None, 4.0, 1.0) in found
    assert ("level", "undeclared", None, 2.0, 1.0) in found
    assert ("release", "2", None, 6.0, 2.0) in found
    assert ("page", "/a", "/a", 5.0, 2.0) in found
    assert ("page", "/b", "/b", 1.0, 1.0) in found
    assert ("level page", "novice", "/b", 1.0, 1.0) in found
    assert rows(database, "SELECT sum(errors_variance) FROM error_counts") == [(0.0,)]


def test_days_sealed_before_there_were_counts_are_estimated_once(write: Any, make: Maker) -> None:
    sessions = [make.session(bucket=int(0.19 * 2**32))] * 1 + [make.session(bucket=2**31)]
    database = write(*(errors(session, times=3) for session in sessions))
    seal_day(database, SealPolicy(site="shop", sample=0.2, keep=0.2), NOON.date(), NOON)
    database.cursor().execute("DELETE FROM error_counts")
    database.cursor().execute("DELETE FROM vital_days")
    database.cursor().execute(
        "INSERT INTO uncounted_files SELECT file, site, day, keep FROM sealed_files"
        " WHERE content <> 'summaries'"
    )
    assert note_errors(database, NOON).counted_days == 1
    assert note_errors(database, NOON).counted_days == 0
    assert rows(
        database,
        "SELECT errors, sessions, errors_variance, sessions_variance FROM error_counts"
        " WHERE part = 'all'",
    ) == [(15.0, 5.0, 180.0, 20.0)]
    assert rows(database, "SELECT count(*) FROM error_groups") == [(1,)]


def test_texts_of_a_group_go_with_the_detail_they_came_from(write: Any, make: Maker) -> None:
    database = write(errors(make.session()))
    note_errors(database, NOON)
    seal_day(database, SealPolicy(site="shop"), NOON.date(), NOON)
    texts = "SELECT message <> '', culprit <> '', name FROM error_groups"
    for days, expected in ((29, (True, True, "TypeError")), (32, (False, False, "TypeError"))):
        retire(database, NOON + timedelta(days=days), RetentionLimits())
        assert rows(database, texts) == [expected]
    assert rows(database, "SELECT count(*) > 0 FROM error_counts") == [(True,)]
    gone = retire(database, NOON + timedelta(days=800), RetentionLimits())
    assert (gone.error_groups, gone.error_counts > 0) == (1, True)
    assert rows(database, "SELECT count(*) FROM error_groups") == [(0,)]


@pytest.mark.parametrize("sealed", [False, True])
def test_texts_of_what_an_erased_session_met_go_until_another_meets_it(
    write: Any, make: Maker, sealed: bool
) -> None:
    session = make.session()
    database = write(errors(session), errors(make.session(), message="another"))
    note_errors(database, NOON)
    if sealed:
        seal_day(database, SealPolicy(site="shop"), NOON.date(), NOON)
    texts = "SELECT message FROM error_groups ORDER BY message"
    assert rows(database, texts) == [("Cannot read […] of #",), ("another",)]
    erase_rows(database, "shop", [session], NOON)
    assert rows(database, texts) == [("",), ("another",)]
    write(errors(make.session(), NOON + timedelta(hours=2)))
    note_errors(database, NOON + timedelta(hours=2))
    assert rows(database, texts) == [("Cannot read […] of #",), ("another",)]


def test_a_sealed_day_keeps_its_vitals_as_histograms(write: Any, make: Maker) -> None:
    session = make.session()
    database = write(make.batch(session=session, kinds=("view", "vitals"), level="novice"))
    seal_day(database, SealPolicy(site="shop"), NOON.date(), NOON)
    ((day, page, level, vital, views, buckets, counted),) = rows(
        database, "SELECT day, page, level, vital, views, buckets, counted FROM vital_days"
    )
    assert (day, page, level, vital, views, counted) == (
        date(2026, 3, 10), "/listings/?", "novice", "lcp", 1, 1.0,
    )  # fmt: skip
    ((middle,),) = rows(database, f"SELECT bucket_latency({next(iter(buckets))})")
    assert middle == pytest.approx(1200.5, rel=0.021)

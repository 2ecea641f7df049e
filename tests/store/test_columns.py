"""A record's values are the row's values, and the bucket is the same wherever it is computed."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec import structs

from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult, MonitorDefinition
from rum.bucket import bucket_of, bucket_of_key
from rum.records import (
    Attribution,
    Batch,
    Click,
    Event,
    EventKind,
    Frame,
    Leave,
    PageRequest,
    Reason,
    Refusal,
)
from store.columns import (
    UNSTORABLE,
    Tables,
    batch_tables,
    check_tables,
    definition_tables,
    refusal_tables,
)
from store.database import Database
from store.rows import insert
from store.times import microseconds
from tests.support.stored import NOON, Maker

NAIVE_NOON = NOON.replace(tzinfo=None)
SESSION = "00112233445566778899aabbccddeeff"


def stored(database: Database, tables: Tables, table: str) -> list[dict[str, Any]]:
    cursor = database.cursor()
    for name, rows in tables.items():
        insert(cursor, name, rows)
    answer = cursor.execute(f"SELECT * FROM {table}")
    columns = [column[0] for column in answer.description or []]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def unsaid(part: msgspec.Struct | None) -> dict[str, Any]:
    """A part of an event as a row holds it: empty texts are NULL."""
    assert part is not None
    return {name: None if value == "" else value for name, value in structs.asdict(part).items()}


def test_every_field_of_an_event_is_stored(database: Database) -> None:
    event = Event(
        position=3,
        kind=EventKind.EVENT,
        time_us=microseconds(NOON) + 1,
        client_us=microseconds(NOON) - 5_000_000,
        view=2,
        page="/mandate/?",
        path="/mandate/7",
        name="mandate_signed",
        message="all well",
        stack="at nowhere",
        value=12.5,
        currency="EUR",
        attributes={"kind": "sale", "country": "France"},
        lcp_ms=1.5,
        inp_ms=2.5,
        cls=0.25,
        fcp_ms=3.5,
        ttfb_ms=4.5,
        via="reload",
        source="reported",
        attribution=Attribution(lcp_target="#hero", lcp_load_delay_ms=1.5),
        click=Click(target="#sign", x=0.5, page_x=-3, page_y=40_000, rage=3, dead=True),
        request=PageRequest(url="/api/?", status=503, duration_ms=20, method="GET"),
        frame=Frame(duration_ms=80.5, script="/app.js"),
        leave=Leave(scroll_px=900, scroll=0.5, engaged_ms=4000),
    )
    batch = Batch(
        site="shop",
        session=SESSION,
        batch=(2**32 - 1 << 20) + 1,
        received_us=microseconds(NOON + timedelta(seconds=1)),
        sent_us=microseconds(NOON),
        events=(event,),
        level="novice",
        user="u" * 32,
        environment="production",
        release="2.14",
        device="phone",
        browser="Firefox",
        os="Android",
        country="FR",
        campaign="spring",
        referrer="example.org",
        bot=True,
        segments={"plan": "pro"},
        generated=True,
        server=True,
        storage_free=True,
    )
    (row,) = stored(database, batch_tables([batch]), "events")
    assert str(row.pop("session")) == "00112233-4455-6677-8899-aabbccddeeff"
    assert row == {
        "site": "shop",
        "day": NOON.date(),
        "bucket": 0xCCDDEEFF,
        "batch": (2**32 - 1 << 20) + 1,
        "position": 3,
        "time": NAIVE_NOON + timedelta(microseconds=1),
        "client_time": NAIVE_NOON - timedelta(seconds=5),
        "received": NAIVE_NOON + timedelta(seconds=1),
        "sent": NAIVE_NOON,
        "kind": "event",
        "view": 2,
        "page": "/mandate/?",
        "path": "/mandate/7",
        "name": "mandate_signed",
        "message": "all well",
        "stack": "at nowhere",
        "value": 12.5,
        "currency": "EUR",
        "attributes": {"kind": "sale", "country": "France"},
        "lcp_ms": 1.5,
        "inp_ms": 2.5,
        "cls": 0.25,
        "fcp_ms": 3.5,
        "ttfb_ms": 4.5,
        "via": "reload",
        "source": "reported",
        "attribution": unsaid(event.attribution),
        "click": unsaid(event.click),
        "request": unsaid(event.request),
        "frame": unsaid(event.frame),
        "leave": unsaid(event.leave),
        "level": "novice",
        "user_key": "u" * 32,
        "user_bucket": bucket_of_key("u" * 32),
        "environment": "production",
        "release": "2.14",
        "device": "phone",
        "browser": "Firefox",
        "os": "Android",
        "country": "FR",
        "campaign": "spring",
        "referrer": "example.org",
        "segments": {"plan": "pro"},
        "bot": True,
        "generated": True,
        "server": True,
        "storage_free": True,
    }


def test_what_was_not_said_is_null(database: Database) -> None:
    bare = Batch(
        site="shop",
        session=SESSION,
        batch=1,
        received_us=1,
        sent_us=1,
        events=(
            Event(position=0, kind=EventKind.VIEW, time_us=1, client_us=1, view=1, page="/"),
            Event(position=1, kind=EventKind.VIEW, time_us=2, client_us=2, view=1, page="/",
                  attributes={"a": "b"}),
        ),
    )  # fmt: skip
    first, second = stored(database, batch_tables([bare]), "events")
    never_null = {
        "site", "day", "bucket", "session", "batch", "position", "time", "client_time",
        "received", "sent", "kind", "view", "page", "bot", "generated", "server",
        "storage_free",
    }  # fmt: skip
    assert {name for name, value in first.items() if value is None} == first.keys() - never_null
    assert second["attributes"] == {"a": "b"}


def test_each_event_gets_its_own_batch_s_columns(database: Database, make: Maker) -> None:
    batches = [
        make.batch(kinds=["view"] * count, level=f"level{count}", segments={"n": str(count)})
        for count in (2, 0, 1, 3)
    ]
    rows = stored(database, batch_tables(batches), "events")
    assert [(row["level"], row["segments"]["n"], row["position"]) for row in rows] == [
        (f"level{count}", str(count), position)
        for count in (2, 0, 1, 3)
        for position in range(count)
    ]
    assert len(stored(database, {}, "batches")) == 4


def test_the_day_is_that_of_the_time_in_utc(database: Database, make: Maker) -> None:
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    batches = [make.batch(time=midnight - timedelta(seconds=1), kinds=["view", "view"])]
    rows = stored(database, batch_tables(batches), "events")
    assert [row["day"].day for row in rows] == [10, 11]


def test_the_bucket_is_the_same_in_python_in_the_store_and_in_sql(
    database: Database, make: Maker
) -> None:
    buckets = [0, 1, 2**31 - 1, 2**31, 2**32 - 1]
    sessions = [make.session(bucket) for bucket in buckets] + [make.session() for _ in range(500)]
    stored(database, batch_tables([make.batch(session=s) for s in sessions]), "batches")
    rows = (
        database.cursor()
        .execute(
            "SELECT DISTINCT replace(session::VARCHAR, '-', '') AS id, bucket,"
            " ('0x' || right(id, 8))::UINTEGER FROM events"
        )
        .fetchall()
    )
    assert len(rows) == len(sessions)
    assert all(bucket_of(session) == kept == in_sql for session, kept, in_sql in rows)
    assert {kept for _, kept, _ in rows} >= set(buckets)


def test_users_of_keys_of_any_length_have_their_bucket_each(
    database: Database, make: Maker
) -> None:
    users = ["", "u", "\u00e9", "user-1", "user-2", *(f"{n:032x}" for n in range(100)), "user-1"]
    batches = [make.batch(user=user) for user in users]
    rows = stored(database, batch_tables(batches), "events")
    assert {(row["user_key"], row["user_bucket"]) for row in rows} == {
        (user or None, bucket_of_key(user) if user else None) for user in users
    }


def test_every_field_of_a_check_is_stored(database: Database) -> None:
    result = CheckResult(
        monitor="home",
        location="paris",
        due_us=microseconds(NOON),
        started_us=microseconds(NOON) + 2500,
        outcome=Outcome.WRONG_STATUS,
        interval_ms=60_000,
        timeout_ms=10_000,
        detail="503 instead of 200-299",
        status=503,
        address="192.0.2.1",
        dns_ms=1.5,
        connect_ms=2.5,
        tls_ms=None,
        wait_ms=4.5,
        transfer_ms=5.5,
        total_ms=14.0,
        body_bytes=123,
        redirects=2,
        generated=True,
        failed_step="sign in",
        body_part="<h1>busy",
        http_version="HTTP/2",
        certificate_expires_us=microseconds(NOON),
        certificate_issuer="Tests",
        certificate_names=("a.example", "b.example"),
        certificate_problem="certificate has expired",
        hops=(("GET http://a.example/", 2.5),),
    )
    (row,) = stored(database, check_tables([result]), "checks")
    expected = {
        name: getattr(result, name)
        for name in result.__struct_fields__
        if name not in ("due_us", "started_us", "outcome", "certificate_expires_us")
    }
    assert row == expected | {
        "due": NAIVE_NOON,
        "started": NAIVE_NOON + timedelta(milliseconds=2.5),
        "lag_ms": 2.5,
        "outcome": "wrong_status",
        "verdict": "bad",
        "certificate_expires": NAIVE_NOON,
        "certificate_names": ["a.example", "b.example"],
        "hops": [{"name": "GET http://a.example/", "total_ms": 2.5}],
    }


def test_a_monitor_s_definition_is_stored_whole(database: Database) -> None:
    monitor = Monitor(id="home", url="https://example.org/", interval_s=2.5, confirm_after=3)
    definition = MonitorDefinition(
        monitor=monitor, from_us=microseconds(NOON), location="paris", removed=True
    )
    (row,) = stored(database, definition_tables([definition]), "monitor_definitions")
    assert msgspec.json.decode(row.pop("definition"), type=Monitor) == monitor
    assert row == {
        "monitor": "home",
        "location": "paris",
        "from_time": NAIVE_NOON,
        "name": "home",
        "site": None,
        "url": "https://example.org/",
        "interval_ms": 2500,
        "timeout_ms": 10_000,
        "confirm_after": 3,
        "recover_after": 1,
        "paused": False,
        "removed": True,
        "generated": False,
    }


def test_a_refusal_is_stored(database: Database) -> None:
    refusal = Refusal(received_us=microseconds(NOON), reason=Reason.TOO_OLD, site="shop", count=3)
    (row,) = stored(database, refusal_tables([refusal]), "refused")
    assert row == {
        "received": NAIVE_NOON,
        "site": "shop",
        "reason": "too_old",
        "count": 3,
        "detail": None,
        "part": None,
        "origin": None,
    }


CHECK = CheckResult(
    monitor="m", location="l", due_us=1, started_us=1, outcome=Outcome.OK,
    interval_ms=1, timeout_ms=1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("build", "record"),
    [
        (batch_tables, Maker().batch(received_us=-1)),
        (batch_tables, Maker().batch(received_us=2**63)),
        (batch_tables, Maker().batch(received_us=253_402_300_800_000_000)),
        (batch_tables, Maker().batch(session="x" * 32)),
        (batch_tables, Maker().batch(session="ab" * 15)),
        (batch_tables, msgspec.structs.replace(Maker().batch(), batch=-1)),
        (check_tables, msgspec.structs.replace(CHECK, status=70_000)),
        (check_tables, msgspec.structs.replace(CHECK, redirects=-1)),
        (refusal_tables, Refusal(received_us=1, reason=Reason.TOO_OLD, count=2**64)),
    ],
)
def test_a_value_no_column_can_hold_raises(
    build: Callable[[Sequence[Any]], Tables], record: object
) -> None:
    with pytest.raises(UNSTORABLE):
        build([record])

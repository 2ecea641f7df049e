"""Sessions in the console: listed, found by id or user, told by pages, and their recording."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from analytics.reports.session import EVENTS_MAX
from analytics.reports.sessions import ROWS_MAX
from rum.bucket import bucket_end
from rum.privacy import site_secret, user_key
from rum.records import Batch, Click, Event, EventKind, PageRequest, ReplayChunk, ReplayReason
from rum.session_code import code_of
from store.replay_writer import REPLAYS_FOLDER, chunk_name
from store.times import microseconds
from tests.support.console import SETTINGS, RunningConsole, running_console
from tests.support.recordings import packed, page_events, session_at
from vigie.settings import ReplaySettings, Settings

NOW = datetime.now(UTC)
BEGAN = NOW - timedelta(hours=3)
SHOP = SETTINGS.sites[0]
RECORDED: Settings = replace(
    SETTINGS,
    sites=(
        replace(SHOP, replay=ReplaySettings(rate=0.2, error_rate=0.5)),
        *SETTINGS.sites[1:],
    ),
)
WATCHED, GONE, SILENT = session_at(1), session_at(2), session_at(3)
LATE, SLOW = session_at(2**32 - 5), session_at(2**32 - 6)
TWIN, OTHER_TWIN = ("c0de" * 3 + last * 12 + "fffffff9" for last in "ab")
OF_ERRORS, OUTSIDE, LONG = (session_at(bucket_end(rate)) for rate in (0.2, 0.5, 0.6))
USER = "jean@example.com"


def event(position: int, kind: EventKind, at: datetime, **fields: Any) -> Event:
    us = microseconds(at)
    fields = {"page": "/cart", **fields}
    return Event(position=position, kind=kind, time_us=us, client_us=us, view=1, **fields)


def batch(session: str, *events: Event, number: int = 0, **fields: Any) -> Batch:
    last = events[-1].time_us
    return Batch(
        site=SHOP.id,
        session=session,
        batch=(9 << 20) + number,
        received_us=last,
        sent_us=last,
        events=events,
        **fields,
    )


def lived(session: str, secret: bytes, minutes: int = 0, **fields: Any) -> Batch:
    """A session that views, clicks, asks in vain, fails, and orders, a second apart."""
    at = BEGAN - timedelta(minutes=minutes)
    told: list[tuple[EventKind, dict[str, Any]]] = [
        (EventKind.VIEW, {}),
        (EventKind.CLICK, {"click": Click(target="#buy", rage=4)}),
        (EventKind.REQUEST, {"request": PageRequest(url="/pay/?", status=502, duration_ms=81.0)}),
        (EventKind.ERROR, {"name": "TypeError", "message": "<b>x</b> is null", "stack": "at f"}),
        (EventKind.EVENT, {"name": "order_placed", "value": 12.5, "currency": "EUR"}),
        (EventKind.VIEW, {"page": "/done"}),
    ]
    events = [
        event(place, kind, at + timedelta(seconds=place), **more)
        for place, (kind, more) in enumerate(told)
    ]
    user = user_key(site_secret(secret, SHOP.id), USER)
    return batch(session, *events, **{"level": "novice", "user": user, "device": "phone", **fields})


def plain(session: str, minutes: int) -> Batch:
    at = BEGAN - timedelta(minutes=minutes)
    return batch(session, event(0, EventKind.VIEW, at, page="/plain"), device="desktop")


def late() -> list[Batch]:
    """A session whose first error is on the second page of its timeline."""
    told = [
        event(
            place,
            EventKind.ERROR if place == EVENTS_MAX + 5 else EventKind.VIEW,
            BEGAN - timedelta(hours=20) + timedelta(seconds=place),
            name="TypeError" if place == EVENTS_MAX + 5 else "",
        )
        for place in range(EVENTS_MAX + 10)
    ]
    return [batch(LATE, *told[:150]), batch(LATE, *told[150:], number=1)]


def slow(secret: bytes) -> list[Batch]:
    """A session that is silent for five minutes, in which servers tell of its user, of another one,
    and of a deploy."""
    began = BEGAN - timedelta(hours=30)
    of_site = site_secret(secret, SHOP.id)
    user, other = user_key(of_site, "ann"), user_key(of_site, "bob")
    posted = [("signature_archived", user), ("somebody_elses", other), ("deploy", "")]
    return [
        batch(
            SLOW,
            event(0, EventKind.VIEW, began),
            event(1, EventKind.VIEW, began + timedelta(minutes=5), page="/kept"),
            user=user,
        ),
        *(
            batch(
                f"{number:024x}00000000",
                event(0, EventKind.EVENT, began + timedelta(minutes=2), name=name, page=""),
                user=whose,
                server=True,
            )
            for number, (name, whose) in enumerate(posted, 1)
        ),
    ]


def put_chunk(console: RunningConsole, session: str, number: int, text: str) -> ReplayChunk:
    """A chunk's record, and its file unless there is no text."""
    events = page_events(text, (BEGAN + timedelta(seconds=6 * number)).timestamp() * 1000)
    content = packed(events, lines=bool(number))
    chunk = ReplayChunk(
        site=SHOP.id,
        session=session,
        load=9,
        number=number,
        day=BEGAN.date(),
        bytes=len(content),
        events=len(events),
        start_us=int(events[0]["timestamp"] * 1000),
        end_us=int(events[-1]["timestamp"] * 1000),
        skew_us=0,
        reason=ReplayReason.SAMPLE,
        received_us=microseconds(NOW),
    )
    if text:
        name = chunk_name(chunk.site, chunk.day, session, chunk.load, number)
        path = console.folder.store / REPLAYS_FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return chunk


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with running_console(tmp_path_factory.mktemp("sessions"), RECORDED) as console:
        secret = console.folder.secret()
        views = [
            event(place, EventKind.VIEW, BEGAN + timedelta(seconds=place / 10), page=f"/p{place}")
            for place in range(EVENTS_MAX + 30)
        ]
        console.load(
            [
                lived(WATCHED, secret),
                lived(GONE, secret, 1, user="0" * 32, level="expert"),
                plain(SILENT, 2),
                plain(OF_ERRORS, 3),
                plain(OUTSIDE, 4),
                batch(LONG, *views[:150]),
                batch(LONG, *views[150:], number=1),
                *late(),
                *slow(secret),
                plain(TWIN, 70),
                plain(OTHER_TWIN, 71),
                *(plain(session_at(2**32 - 1), 60 + number) for number in range(ROWS_MAX)),
                put_chunk(console, WATCHED, 0, "first </script><script>alert(1)</script>"),
                put_chunk(console, WATCHED, 1, "second"),
                put_chunk(console, GONE, 0, ""),
            ]
        )
        yield console


@pytest.fixture(scope="module")
def reader(console: RunningConsole) -> Iterator[httpx.Client]:
    with console.reader() as reader:
        yield reader


def rows(reader: httpx.Client, **params: str) -> list[dict[str, Any]]:
    answer = reader.get("/api/v1/reports/sessions", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


def ids(reader: httpx.Client, **params: str) -> list[str]:
    return [row["session"] for row in rows(reader, **params)]


def test_sessions_are_listed_newest_first_a_page_at_a_time(reader: httpx.Client) -> None:
    first = rows(reader)
    assert len(first) == ROWS_MAX
    began = [row["first"] for row in first]
    assert began == sorted(began, reverse=True)
    rest = ids(reader, after=str(ROWS_MAX))
    assert len(rest) == 10
    assert not set(rest) & {row["session"] for row in first}
    markup = reader.get("/sessions").text
    assert f"after={ROWS_MAX}" in markup
    assert "Newer" not in markup
    assert "Older" not in reader.get("/sessions", params={"after": ROWS_MAX}).text


def test_each_condition_narrows_the_list(reader: httpx.Client) -> None:
    assert ids(reader, level="novice") == [WATCHED]
    assert ids(reader, errors="yes") == [WATCHED, GONE, LATE]
    assert ids(reader, recorded="yes") == [WATCHED, GONE]
    assert ids(reader, device="phone") == [WATCHED, GONE]
    assert ids(reader, page="/done") == [WATCHED, GONE]
    assert ids(reader, page="/p7") == [LONG]
    assert ids(reader, page="/nowhere") == []
    (row,) = rows(reader, level="novice", errors="yes", page="/done")
    counted = {name: row[name] for name in ("views", "clicks", "rage_clicks", "failed_requests")}
    assert counted == {"views": 2, "clicks": 1, "rage_clicks": 1, "failed_requests": 1}
    assert row["chunks"] == 2


def test_a_session_is_found_by_its_id_and_by_its_user(
    console: RunningConsole, reader: httpx.Client
) -> None:
    own = {"origin": console.base}
    by_id = reader.post("/sessions", data={"find": f" {WATCHED.upper()} "}, headers=own)
    assert (by_id.status_code, by_id.headers["location"]) == (303, f"/sessions/{WATCHED}")
    by_user = reader.post("/sessions", data={"find": USER}, headers=own)
    assert "jean" not in by_user.headers["location"]
    listed = reader.get(by_user.headers["location"])
    assert WATCHED in listed.text
    assert GONE not in listed.text


def test_a_session_is_found_by_the_code_a_user_reads_out(
    console: RunningConsole, reader: httpx.Client
) -> None:
    own = {"origin": console.base}
    code = code_of(WATCHED)
    for said in (code, code.lower().replace("-", " "), code[:7], WATCHED[:12]):
        found = reader.post("/sessions", data={"find": said}, headers=own)
        assert found.headers["location"] == f"/sessions/{WATCHED}"
    assert code in reader.get(f"/sessions/{WATCHED}").text
    assert ids(reader, code=code) == [WATCHED]
    by_code = reader.get("/api/v1/reports/session", params={"session": code})
    assert by_code.json()["session"]["session"] == WATCHED
    unknown = reader.post("/sessions", data={"find": "ZZZZ-ZZZZ"}, headers=own)
    assert "user_key=" in unknown.headers["location"]
    assert "Nobody of that id" in reader.get(unknown.headers["location"]).text


def test_a_code_that_two_sessions_share_lists_both(
    console: RunningConsole, reader: httpx.Client
) -> None:
    found = reader.post("/sessions", data={"find": TWIN[:10]}, headers={"origin": console.base})
    listed = reader.get(found.headers["location"]).text
    assert "Sessions whose code or id begins with" in listed
    assert all(f"/sessions/{twin}" in listed for twin in (TWIN, OTHER_TWIN))
    answer = reader.get("/api/v1/reports/session", params={"session": code_of(TWIN)})
    assert answer.status_code == 400
    assert TWIN in answer.json()["error"]["right"]
    wrong = reader.get("/api/v1/reports/sessions", params={"code": "U"})
    assert wrong.status_code == 400


def test_the_page_says_what_went_wrong_first_and_where(reader: httpx.Client) -> None:
    text = reader.get(f"/sessions/{WATCHED}").text
    assert (
        "Went wrong first:</strong> Click: #buy, 4 clicks in a rage on /cart, 1\u202fs in" in text
    )
    assert f'href="/sessions/{WATCHED}#e1"' in text
    assert 'id="e1"' in text
    assert "1 error, 1 rage click, 1 request that failed" in text
    assert "Nothing that went wrong" in reader.get(f"/sessions/{LONG}").text


def test_trouble_on_a_later_page_is_pointed_to_from_the_first(reader: httpx.Client) -> None:
    first = reader.get(f"/sessions/{LATE}").text
    assert f'href="/sessions/{LATE}?after={EVENTS_MAX}#e{EVENTS_MAX + 5}"' in first
    assert f'id="e{EVENTS_MAX + 5}"' in reader.get(f"/sessions/{LATE}?after={EVENTS_MAX}").text


def test_silence_stays_and_servers_are_told(reader: httpx.Client) -> None:
    text = reader.get(f"/sessions/{SLOW}").text
    assert "5\u202fmin without a sign" in text
    assert "stayed 5\u202fmin" in text
    assert "signature_archived" in text
    assert "told by a server" in text
    assert "deploy" in text
    assert "somebody_elses" not in text


def test_a_sessions_page_tells_all_it_did(reader: httpx.Client) -> None:
    page = reader.get(f"/sessions/{WATCHED}")
    assert page.status_code == 200
    for said in ("#buy", "4 clicks in a rage", "/pay/?", "status 502", "order_placed", "12.5 EUR"):
        assert said in page.text
    assert "&lt;b&gt;x&lt;/b&gt; is null" in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert "frame-src" not in reader.get("/sessions").headers["content-security-policy"]


def test_a_long_session_is_told_a_page_at_a_time(reader: httpx.Client) -> None:
    first = reader.get("/api/v1/reports/session", params={"session": LONG}).json()
    assert (len(first["events"]), first["total"]) == (EVENTS_MAX, EVENTS_MAX + 30)
    markup = reader.get(f"/sessions/{LONG}", params={"after": EVENTS_MAX}).text
    assert f"/p{EVENTS_MAX + 29}" in markup
    assert f"/p{EVENTS_MAX - 1}<" not in markup
    assert "Earlier" in markup
    assert "Later" not in markup


@pytest.mark.parametrize(
    ("session", "words"),
    [
        (GONE, "no longer kept"),
        (SILENT, "Nothing was received"),
        (OF_ERRORS, "recorded from an error on"),
        (OUTSIDE, "outside the site"),
    ],
    ids=["gone", "silent", "of errors", "outside"],
)
def test_where_there_is_no_recording_the_reason_is_said(
    console: RunningConsole, reader: httpx.Client, session: str, words: str
) -> None:
    assert words in reader.get(f"/sessions/{session}/recording").text
    if session != GONE:  # listed, but its file is away: only the player finds out
        page = reader.get(f"/sessions/{session}").text
        assert words in page
        assert "<iframe" not in page
    with console.program() as program:
        answer = program.get(f"/api/v1/sessions/{session}/recording")
    assert answer.status_code == 404
    assert words in answer.json()["error"]["what"]


def test_an_unknown_session_is_said_to_be_unknown(reader: httpx.Client) -> None:
    for address in (f"/sessions/{'b' * 32}", f"/sessions/{'b' * 32}/recording", "/sessions/junk"):
        assert reader.get(address).status_code == 404


def test_a_recording_stands_in_a_page_that_no_script_or_address_can_leave(
    reader: httpx.Client,
) -> None:
    page = reader.get(f"/sessions/{WATCHED}/recording")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "frame-ancestors 'self'" in policy
    assert "connect-src" not in policy
    assert page.text.count("</script>") == 2
    data = page.text.split('id="recording">')[1].split("</script>")[0]
    (part,) = json.loads(data)["parts"]
    assert len(part["chunks"]) == 2
    assert part["note"] == ""


def test_who_looks_at_a_recording_is_logged(
    console: RunningConsole, reader: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "vigie.console"):
        reader.get(f"/sessions/{WATCHED}/recording")
        with console.program() as program:
            program.get(f"/api/v1/sessions/{WATCHED}/recording")
    told = [record.getMessage() for record in caplog.records if WATCHED in record.getMessage()]
    assert len(told) == 2
    assert "sign-in" in told[0]
    assert "a program with the token" in told[1]


def test_nobody_sees_sessions_without_signing_in(console: RunningConsole) -> None:
    with console.stranger() as stranger:
        for address in ("/sessions", f"/sessions/{WATCHED}", f"/sessions/{WATCHED}/recording"):
            assert stranger.get(address).status_code == 401
        assert stranger.get(f"/api/v1/sessions/{WATCHED}/recording").status_code == 401


def replayed(
    console: RunningConsole, session: str, output: Path
) -> "subprocess.CompletedProcess[str]":
    port = int(console.base.rsplit(":", 1)[1])
    ports = {"console": {"host": "127.0.0.1", "port": port}}
    (console.folder.run / "ports.json").write_text(json.dumps(ports))
    command = [sys.executable, "-m", "vigie", "replay", session, "-o", str(output)]
    return subprocess.run(
        [*command, "--data", str(console.folder.root)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_vigie_replay_writes_the_file_or_says_why_not(
    console: RunningConsole, tmp_path: Path
) -> None:
    output = tmp_path / "session.html"
    done = replayed(console, WATCHED, output)
    assert done.returncode == 0, done.stderr
    assert output.stat().st_mode & 0o077 == 0
    assert WATCHED in output.read_text("utf-8")
    refused = replayed(console, OUTSIDE, tmp_path / "none.html")
    assert refused.returncode == 2
    assert "outside the site's recorded sample" in refused.stderr
    unknown = replayed(console, "b" * 32, tmp_path / "none.html")
    assert (unknown.returncode, "There is no session" in unknown.stderr) == (2, True)
    assert not (tmp_path / "none.html").exists()

"""Monitors entered in the console: added, tried, edited, paused, removed, had back and exported;
those of the settings file only shown; every mistake beside its field."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs

from probes.assertions import Assertion
from probes.check import Checker
from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult
from tests.support.console import SETTINGS, RunningConsole, running_console
from tests.support.entering import entering, undone, version_of, words
from vigie.console.monitor_actions import monitor_toml
from vigie.console.monitor_fields import FIELDS, filled, texts_of
from vigie.console.texts import OUTCOMES
from vigie.own_monitors import MONITORS, read_own_monitors
from vigie.settings_file import parse_settings

NEW = {"url": "https://www.example.org/sign-in", "name": "Sign in"}


def to_loopback(host: str, port: int, **_: object) -> list[Any]:
    """Resolves every name to where the tests' targets are."""
    return [(2, 1, 6, "", ("127.0.0.1", port))]


def misled_checker() -> Checker:
    return Checker(getaddrinfo=to_loopback)


class OpenChecker(Checker):
    """As the console's, but may be led to loopback, and is."""

    def __init__(self) -> None:
        super().__init__(getaddrinfo=to_loopback)

    async def check(self, monitor: Monitor, **about: Any) -> CheckResult:
        return await super().check(structs.replace(monitor, guarded=False), **about)


class Target(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<h1>Welcome &amp; enter</h1>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Target) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[RunningConsole]:
    with running_console(tmp_path) as running:
        yield running


@pytest.fixture
def reader(console: RunningConsole) -> Iterator[httpx.Client]:
    with entering(console) as client:
        yield client


def add(reader: httpx.Client, **fields: str) -> httpx.Response:
    return reader.post("/monitors/-/add", data={**NEW, **fields})


def test_a_monitor_is_added_with_what_was_entered(
    console: RunningConsole, reader: httpx.Client
) -> None:
    answer = add(
        reader,
        expected_status="200-299, 304",
        text="Welcome",
        latency_max_ms="1500",
        interval_s="30",
        timeout_s="2.5",
        confirm_after="3",
        retry_interval_s="",
        target="99.9",
        method="POST",
        headers="Accept: text/html\r\nX-Id: a:b\r\n",
        body="a=1\r\nb=2",
        redirects="refuse",
    )
    assert answer.url.path == "/monitors/sign-in"
    assert "Sign in was added" in words(answer)
    assert read_own_monitors(console.folder) == (
        Monitor(
            id="sign-in",
            name="Sign in",
            url=NEW["url"],
            expected_status=("200-299", "304"),
            text="Welcome",
            latency_max_ms=1500,
            interval_s=30,
            timeout_s=2.5,
            confirm_after=3,
            target=99.9,
            method="POST",
            headers={"Accept": "text/html", "X-Id": "a:b"},
            body="a=1\nb=2",
            redirects="refuse",
            guarded=True,
        ),
    )


def test_assertions_are_rows_and_those_of_no_kind_are_left_out(
    console: RunningConsole, reader: httpx.Client
) -> None:
    first, second = (
        {"kind": "json", "name": "$.status", "op": "equals", "value": '"up"'},
        {"kind": "certificate", "op": "at_least", "value": "14"},
    )
    rows = {f"assertions.0.{part}": text for part, text in first.items()}
    rows |= {"assertions.1.kind": "", "assertions.1.value": "left out"}
    rows |= {f"assertions.2.{part}": text for part, text in second.items()}
    wrong = add(reader, **(rows | {"assertions.0.op": "nearly"}))
    assert wrong.status_code == 422
    assert 'id="wrong-assertions.0.op"' in wrong.text
    assert 'href="#assertions.0.op"' in wrong.text
    add(reader, **rows)
    wanted = (Assertion(**first), Assertion(**second))
    assert read_own_monitors(console.folder)[0].assertions == wanted

    form = reader.get("/monitors/sign-in/edit")
    gone = {"assertions.0.kind": "", **{f"assertions.1.{p}": t for p, t in second.items()}}
    reader.post("/monitors/sign-in/edit", data={"version": version_of(form), **gone})
    assert read_own_monitors(console.folder)[0].assertions == wanted[1:]


def test_everything_of_the_console_knows_it_at_once(reader: httpx.Client) -> None:
    add(reader)
    assert "/monitors/sign-in" in reader.get("/monitors").text
    assert reader.get("/api/v1/reports/uptime?monitor=sign-in&days=1").status_code == 200
    rows = reader.get("/api/v1/reports/uptime?days=1").json()["monitors"]
    assert [row["monitor"] for row in rows] == ["front", "pay", "sign-in"]


def test_an_id_is_never_taken_over(console: RunningConsole, reader: httpx.Client) -> None:
    add(reader, name="Front")
    add(reader, name="Sign in")
    reader.post("/monitors/sign-in/remove")
    add(reader, name="Sign in")
    add(reader, name="Été !")
    add(reader, name="数")
    assert [each.id for each in read_own_monitors(console.folder)] == [
        "front-2",
        "sign-in-2",
        "ete",
        "monitor",
    ]


def test_every_mistake_stands_beside_its_field_and_nothing_entered_is_lost(
    console: RunningConsole, reader: httpx.Client
) -> None:
    wrong = {
        "url": "www.example.org",
        "expected_status": "ok",
        "interval_s": "soon",
        "timeout_s": "90",
        "confirm_after": "2.5",
        "headers": "no colon here",
    }
    answer = add(reader, **wrong, name="<b>Kept</b>")
    assert answer.status_code == 422
    said = words(answer)
    for field in wrong:
        beside = re.search(rf'id="wrong-{field}">(.*?)</p>', answer.text, re.DOTALL)
        assert beside, field
        assert "right would be" in beside[1]
        assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', answer.text), field
        assert f'href="#{field}"' in answer.text
    assert "6 fields need another look" in said
    assert 'value="&lt;b&gt;Kept&lt;/b&gt;"' in answer.text
    assert "no colon here</textarea>" in answer.text
    assert read_own_monitors(console.folder) == ()


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "[::1]", "169.254.169.254", "localhost"])
def test_an_address_of_ones_own_network_is_refused_at_once(
    console: RunningConsole, reader: httpx.Client, host: str
) -> None:
    answer = add(reader, url=f"http://{host}/")
    assert answer.status_code == 422
    assert 'id="wrong-url"' in answer.text
    assert "vigie.toml" in words(answer)
    assert read_own_monitors(console.folder) == ()


def test_trying_shows_the_phases_and_saves_nothing(tmp_path: Path, target: str) -> None:
    with running_console(tmp_path, make_checker=OpenChecker) as console, console.reader() as reader:
        reader.headers["origin"] = console.base
        named = target.replace("127.0.0.1", "www.example.org")
        answer = add(reader, url=named, text="Welcome", do="try")
        said = words(answer)
        assert answer.status_code == 200
        assert re.search(r"OK in [\d.,]+ m?s", said), said
        assert "Status 200 Address used 127.0.0.1" in said
        assert "Look-up" in said
        assert "TLS did not happen" in said
        failing = add(reader, url=named, text="Farewell", do="try")
        assert "Wrong content" in words(failing)
        assert "text 'Farewell' not in the body's" in words(failing)
        assert 'value="Farewell"' in failing.text
        wrong = add(reader, url="nonsense", do="try")
        assert wrong.status_code == 422
        assert 'id="tried"' not in wrong.text
        assert read_own_monitors(console.folder) == ()


def test_trying_a_name_that_leads_to_ones_own_network_is_refused_after_resolution(
    tmp_path: Path, target: str
) -> None:
    with (
        running_console(tmp_path, make_checker=misled_checker) as console,
        console.reader() as reader,
    ):
        reader.headers["origin"] = console.base
        answer = add(reader, url=target.replace("127.0.0.1", "www.example.org"), do="try")
    assert "127.0.0.1 is loopback" in words(answer)
    assert "Status none" in words(answer)


def test_editing_keeps_the_id_and_what_the_form_does_not_show(
    console: RunningConsole, reader: httpx.Client
) -> None:
    add(reader)
    form = reader.get("/monitors/sign-in/edit")
    assert 'value="Sign in"' in form.text
    answer = reader.post(
        "/monitors/sign-in/edit",
        data={"version": version_of(form), "name": "Entrance", "interval_s": "120"},
    )
    assert answer.url.path == "/monitors/sign-in"
    assert "Entrance was saved" in words(answer)
    (monitor,) = read_own_monitors(console.folder)
    assert (monitor.id, monitor.name, monitor.interval_s, monitor.url) == (
        "sign-in",
        "Entrance",
        120,
        NEW["url"],
    )


def test_who_edits_what_somebody_else_just_changed_is_told_and_may_insist(
    console: RunningConsole, reader: httpx.Client
) -> None:
    add(reader)
    form = reader.get("/monitors/sign-in/edit")
    theirs = {"version": version_of(form), "interval_s": "20", "timeout_s": "5"}
    reader.post("/monitors/sign-in/edit", data=theirs)
    mine = {"version": version_of(form), "interval_s": "300"}
    told = reader.post("/monitors/sign-in/edit", data=mine)
    assert told.status_code == 409
    assert "Somebody changed this monitor since you opened it" in words(told)
    assert "Every: 20" in words(told)
    assert read_own_monitors(console.folder)[0].interval_s == 20
    reader.post("/monitors/sign-in/edit", data={**mine, "version": version_of(told)})
    assert read_own_monitors(console.folder)[0].interval_s == 300


def test_pausing_removing_and_having_back(console: RunningConsole, reader: httpx.Client) -> None:
    add(reader)
    assert "is paused" in words(reader.post("/monitors/sign-in/pause"))
    assert read_own_monitors(console.folder)[0].paused
    reader.post("/monitors/sign-in/resume")
    assert not read_own_monitors(console.folder)[0].paused

    removed = reader.post("/monitors/sign-in/remove")
    assert removed.url.path == "/monitors"
    assert "Sign in was removed. It can be had back for 7 days." in words(removed)
    assert '<form method="post" action="/monitors/sign-in/restore">' in removed.text
    assert reader.get("/monitors/sign-in").status_code == 404
    assert "is back" in words(reader.post("/monitors/sign-in/restore"))
    assert [each.id for each in read_own_monitors(console.folder)] == ["sign-in"]


def test_each_change_of_a_monitor_can_be_taken_back(
    console: RunningConsole, reader: httpx.Client
) -> None:
    removed = undone(reader, add(reader))
    assert "was removed" in words(removed)
    assert "is back" in words(undone(reader, removed))
    texts = {**NEW, "version": version_of(reader.get("/monitors/sign-in/edit"))}
    saved = reader.post("/monitors/sign-in/edit", data={**texts, "name": "Other"})
    assert [each.name for each in read_own_monitors(console.folder)] == ["Other"]
    assert "is as it was before its last change" in words(undone(reader, saved))
    assert [each.name for each in read_own_monitors(console.folder)] == [NEW["name"]]
    assert undone(reader, saved).status_code == 409
    paused = reader.post("/monitors/sign-in/pause")
    assert "is checked again" in words(undone(reader, paused))


@pytest.mark.parametrize("action", ["edit", "pause", "resume", "remove", "restore", "undo"])
def test_what_stands_in_the_settings_file_is_locked(
    console: RunningConsole, reader: httpx.Client, action: str
) -> None:
    answer = reader.post(f"/monitors/front/{action}", data=NEW)
    assert answer.status_code == 404
    assert "vigie.toml" in words(answer)
    assert MONITORS.read(console.folder).changes == 0
    page = reader.get("/monitors/front").text
    assert "Stands in vigie.toml" in page
    assert "/monitors/front/edit" not in page


def test_what_another_site_sends_changes_nothing(
    console: RunningConsole, reader: httpx.Client
) -> None:
    add(reader)
    for origin in ("https://evil.test", "null", ""):
        reader.headers["origin"] = origin
        assert add(reader, name="Evil").status_code == 403
        assert reader.post("/monitors/sign-in/remove").status_code == 403
    with console.stranger() as stranger:
        assert stranger.get("/monitors/-/add").status_code == 401
        assert stranger.get("/monitors/-/export").status_code == 401
    assert [each.id for each in read_own_monitors(console.folder)] == ["sign-in"]


def test_a_form_that_is_none_is_refused(reader: httpx.Client) -> None:
    large = add(reader, body="x" * 300_000)
    assert large.status_code == 400
    many = reader.post("/monitors/-/add", data={f"f{number}": "" for number in range(500)})
    assert many.status_code == 400
    assert reader.post("/monitors/-/add", content=b"\xff%ff").status_code == 400


def test_what_is_exported_is_what_the_settings_file_takes(
    console: RunningConsole, reader: httpx.Client
) -> None:
    add(reader, name='A "quoted" \x7f name\\', headers="Accept: */*", expected_status="200, 304")
    add(reader, name="Second", latency_max_ms="250.5")
    answer = reader.get("/monitors/-/export")
    assert answer.headers["content-type"].startswith("application/toml")
    assert 'filename="monitors.toml"' in answer.headers["content-disposition"]
    wanted = tuple(
        structs.replace(each, guarded=False) for each in read_own_monitors(console.folder)
    )
    assert parse_settings(answer.text, "exported").monitors == wanted
    one = reader.get(f"/monitors/{wanted[1].id}/export")
    assert parse_settings(one.text, "exported").monitors == wanted[1:]


def test_every_outcome_has_words_of_its_own() -> None:
    assert OUTCOMES.keys() == set(Outcome)


def test_a_monitor_goes_through_the_form_unchanged() -> None:
    monitor = structs.replace(
        SETTINGS.monitors[0],
        guarded=True,
        headers={"A": "b: c", "D": ""},
        expected_status=("200", "301-303"),
        latency_max_ms=0.125,
        interval_s=86_400.0,
        target=99.95,
        body="two\nlines ",
        assertions=(Assertion(kind="latency", name="wait", op="less", value="250"),),
    )
    texts = texts_of(monitor)
    assert texts.keys() >= FIELDS.keys()
    again = filled(texts, monitor, ())
    assert again.problems == ()
    assert again.monitor == monitor
    assert 'id = "front"' in monitor_toml(again.monitor)

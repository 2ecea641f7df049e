"""Who gets into the console: by a link that works once, by the programs' token, and nobody else."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.support.console import RunningConsole, running_console
from vigie.console.access import (
    LINK_LIVES,
    SESSION_LIVES,
    Access,
    program_token,
    write_one_time_token,
)
from vigie.folders import Address

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SECRET = bytes(range(32))


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(SECRET, tmp_path / "run")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with running_console(tmp_path_factory.mktemp("access")) as running:
        yield running


def token_for(tmp_path: Path, now: datetime = NOW) -> str:
    return write_one_time_token(tmp_path / "run", now)


def test_a_token_signs_in_once(tmp_path: Path, access: Access) -> None:
    token = token_for(tmp_path)
    cookie = access.redeem(token, NOW)
    assert cookie
    assert access.signed_in(cookie, NOW)
    assert access.redeem(token, NOW) is None


def test_of_many_who_use_a_token_at_once_one_gets_in(tmp_path: Path, access: Access) -> None:
    token = token_for(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        cookies = list(pool.map(lambda _: access.redeem(token, NOW), range(32)))
    assert sum(cookie is not None for cookie in cookies) == 1


def test_a_token_expires_and_is_swept(tmp_path: Path, access: Access) -> None:
    token = token_for(tmp_path)
    assert access.redeem(token, NOW + LINK_LIVES) is None
    forgotten = token_for(tmp_path)
    used = token_for(tmp_path, NOW + LINK_LIVES)
    assert access.redeem(used, NOW + LINK_LIVES)
    assert list((tmp_path / "run" / "sign-in-links").iterdir()) == []
    assert access.redeem(forgotten, NOW) is None


@pytest.mark.parametrize("token", ["", "x", "../console-token", "/etc/passwd", "a" * 10_000])
def test_a_made_up_token_gets_nobody_in(access: Access, token: str) -> None:
    assert access.redeem(token, NOW) is None


def test_a_session_ends_with_its_time_with_sign_out_and_with_another_secret(
    tmp_path: Path, access: Access
) -> None:
    cookie = access.redeem(token_for(tmp_path), NOW) or ""
    assert not access.signed_in(cookie, NOW + SESSION_LIVES)
    # Not its last letter, some bits of which base64 leaves unused.
    forged = cookie[:-2] + ("A" if cookie[-2] != "A" else "B") + cookie[-1]
    assert not access.signed_in(forged, NOW)
    assert not Access(bytes(32), tmp_path / "run").signed_in(cookie, NOW)
    assert Access(SECRET, tmp_path / "run").signed_in(cookie, NOW), "restarts keep sessions"
    access.sign_out(cookie)
    assert not access.signed_in(cookie, NOW)


def test_sessions_are_bounded_and_the_oldest_goes(
    tmp_path: Path, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vigie.console.access.SESSIONS_MAX", 3)
    first = access.redeem(token_for(tmp_path), NOW) or ""
    later = NOW + timedelta(seconds=1)
    for _ in range(3):
        assert access.redeem(token_for(tmp_path, later), later)
    assert not access.signed_in(first, later)
    assert len(list((tmp_path / "run" / "sessions").iterdir())) == 3


def test_nothing_secret_is_readable_by_others(tmp_path: Path, access: Access) -> None:
    token_for(tmp_path)
    access.redeem(token_for(tmp_path), NOW)
    kept = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert {path.parent.name for path in kept} == {"run", "sign-in-links", "sessions"}
    for path in kept:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_program_token_stands_until_it_is_damaged(tmp_path: Path) -> None:
    run = tmp_path / "run"
    token = program_token(run)
    assert program_token(run) == token
    (run / "console-token").write_text("")
    access = Access(SECRET, run)
    assert not access.is_program("Bearer ")
    assert not access.is_program(f"Bearer {token}")
    assert access.is_program(f"Bearer {program_token(run)}")
    assert not access.is_program(program_token(run))


def test_two_installations_on_one_host_do_not_share_a_cookie(tmp_path: Path) -> None:
    one, other = Access(SECRET, tmp_path / "a"), Access(bytes(32), tmp_path / "b")
    assert one.cookie != other.cookie


def test_a_stranger_is_told_how_to_get_in(console: RunningConsole) -> None:
    with console.stranger() as client:
        for address in ("/", "/data", "/nowhere", "/sign-in"):
            answer = client.get(address)
            assert answer.status_code == 401
            assert "vigie sign-in" in answer.text
            assert "The shop" not in answer.text
        answer = client.get("/api/v1/reports/uptime")
        assert answer.status_code == 401
        assert "console-token" in answer.json()["error"]["right"]
        assert client.get("/health").status_code == 200


@pytest.mark.parametrize("host", ["x/static/", "x/health?", "x/health#", "a@b/static/", "[::1", ""])
def test_no_host_header_opens_a_page(console: RunningConsole, host: str) -> None:
    with console.stranger() as client:
        for address in ("/data", "/api/v1/reports/uptime"):
            assert client.get(address, headers={"host": host}).status_code == 401


def test_the_link_opens_home_and_is_spent(console: RunningConsole) -> None:
    link = console.link()
    with console.stranger() as client, console.stranger() as other:
        answer = client.get(link)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert client.get("/").status_code == 200
        assert client.get(link).headers["location"] == "/", "the reader just goes home"
        refused = other.get(link)
        assert refused.status_code == 401
        assert "cannot be used any more" in refused.text


def test_the_cookie_is_for_https_only_behind_https(console: RunningConsole) -> None:
    with console.stranger() as client:
        plain = client.get(console.link()).headers["set-cookie"].lower()
        behind = client.get(console.link(), headers={"x-forwarded-proto": "https"})
    assert "secure" not in plain
    assert "secure" in behind.headers["set-cookie"].lower()


def test_signing_out_takes_a_post_from_the_console_itself(console: RunningConsole) -> None:
    with console.reader() as client:
        assert client.get("/sign-out").status_code == 405
        for origin in (
            {},
            {"origin": "http://elsewhere.test"},
            {"origin": "null"},
            {"origin": "http://["},
        ):
            assert client.post("/sign-out", headers=origin).status_code == 403
        assert client.get("/").status_code == 200
        cookies = httpx.Cookies(client.cookies)
        assert client.post("/sign-out", headers={"origin": console.base}).status_code == 303
        assert client.get("/").status_code == 401
        client.cookies = cookies
        assert client.get("/").status_code == 401, "a kept cookie does not open it again"


def test_the_token_of_programs_opens_the_api_only(console: RunningConsole) -> None:
    with console.program() as client:
        assert client.get("/api/v1/reports/uptime").status_code == 200
        assert client.get("/").status_code == 401


def test_the_command_prints_a_link_that_signs_in(console: RunningConsole) -> None:
    console.folder.record_address(
        "console", Address("127.0.0.1", httpx.URL(console.base).port or 0)
    )
    command = [sys.executable, "-m", "vigie", "sign-in", "--data", str(console.folder.root)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    with console.stranger() as client:
        assert client.get(printed.strip()).status_code == 303
        assert client.get("/").status_code == 200


def test_the_command_says_what_it_lacks(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vigie", "sign-in", "--data"]
    for folder, words in ((tmp_path / "none", "no data folder"), (tmp_path, "no console ever ran")):
        ended = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
        assert ended.returncode != 0
        assert words in ended.stderr

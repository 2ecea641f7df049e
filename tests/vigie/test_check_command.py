"""`vigie check`: one check of a real server, for people and for programs, told by its exit code."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.ports import free_port


class Target(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = 200 if self.path == "/" else 404
        body = b"Welcome to [the shop]"
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Target)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def check(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vigie", "check", *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_good_target_is_0_with_every_phase_that_happened(target: str, tmp_path: Path) -> None:
    done = check(f"{target}/", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["verdict"], said["outcome"], said["status"]) == ("good", "ok", 200)
    assert said["url"] == f"{target}/"
    assert said["address"] == "127.0.0.1"
    assert said["body_bytes"] == 21
    assert said["dns_ms"] is None, "an address needs no DNS"
    assert said["tls_ms"] is None
    assert said["total_ms"] + 0.01 >= said["connect_ms"] + said["wait_ms"] > 0

    done = check(f"{target}/", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"good  {target}/ answered 200 in ")
    rows = [line.split()[0] for line in done.stdout.splitlines()[2:] if line]
    assert rows == ["phase", "DNS", "connect", "TLS", "wait", "transfer", "total"]
    assert "█" in done.stdout


def test_a_bad_target_is_1_and_says_why(target: str, tmp_path: Path) -> None:
    done = check(f"{target}/missing", folder=tmp_path)
    assert done.returncode == 1
    assert f"bad  {target}/missing: wrong status: status 404, expected 200-299" in done.stdout
    done = check(f"http://127.0.0.1:{free_port()}/", "--json", folder=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["outcome"] == "connect_refused"
    done = check(f"{target}/", "--text", "[the bank]", folder=tmp_path)
    assert done.returncode == 1
    assert "[the bank]" in done.stdout, "brackets of a message are kept"
    assert check(f"{target}/", "--text", "[the shop]", folder=tmp_path).returncode == 0


def test_a_monitor_of_the_settings_is_checked_as_it_is_written(target: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        f'[[monitors]]\nid = "shop"\nurl = "{target}/gone"\nexpected_status = ["404"]\n'
    )
    done = check("shop", "--config", "own.toml", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["monitor"] == "shop"
    done = check("shopp", "--config", "own.toml", folder=tmp_path)
    assert done.returncode == 2
    assert '"shopp" is neither a URL nor a monitor of own.toml; its monitors are "shop"' in (
        done.stderr
    )


def test_steps_and_assertions_are_checked_with_their_actual_values(
    target: str, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(
        "[[monitors]]\nid = 'buy'\n"
        f"[[monitors.steps]]\nname = 'front'\nurl = '{target}/'\n"
        "extract = [{ name = 'name', kind = 'regex', path = 'the ([a-z]+)' }]\n"
        f"[[monitors.steps]]\nname = 'inside'\nurl = '{target}/'\n"
        "[[monitors.steps.assertions]]\nkind = 'size'\nop = 'less'\nvalue = '10'\n"
        "[[monitors]]\nid = 'job'\nkind = 'heartbeat'\nperiod_s = 60\n"
    )
    done = check("buy", "--config", "own.toml", "--json", folder=tmp_path)
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert said["outcome"] == "assertion_failed"
    assert said["failed_step"] == "inside"
    assert said["detail"] == "inside: body has 21 bytes, expected less 10"
    assert [name for name, _ in said["hops"]] == ["front", "inside"]
    assert said["body_part"] == "Welcome to [the shop]"
    done = check("buy", "--config", "own.toml", folder=tmp_path)
    assert "body has 21 bytes, expected less 10" in done.stdout
    assert done.stdout.rstrip().endswith("Welcome to [the shop]")
    done = check("job", "--config", "own.toml", folder=tmp_path)
    assert done.returncode == 2
    assert "is a heartbeat" in done.stderr


def test_a_password_in_the_url_is_not_printed(target: str, tmp_path: Path) -> None:
    done = check(target.replace("//", "//ops:hunter22@"), "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "hunter22" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shop.test"], "give a URL such as https://shop.test"),
        (["ftp://shop.test"], "neither http nor https"),
        (["http://shop test"], "white space"),
        (["https://shop.test", "--timeout", "0"], "timeout"),
        (["https://shop.test", "--config", "x", "--cofig", "y"], "No such option"),
    ],
)
def test_what_cannot_be_checked_is_2(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = check(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""

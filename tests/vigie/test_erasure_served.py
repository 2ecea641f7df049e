"""`vigie erase` under a running Vigie: a receipt, no trace, and it stays so; and its mistakes."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rum.privacy import site_secret, user_key
from store.erasing_scan import scan
from tests.support.beacons import beacon, post, view
from tests.support.serving import ORIGIN, SITE_KEY, Serving, serving
from tests.support.waiting import wait_for
from vigie.folders import DataFolder

ANNA, BERT = "ab" * 16, "cd" * 16
"""Their sessions."""
CARLA = "ef" * 16
"""A session of whom nothing is there but that Bert's browser named it."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("erasure")) as running:
        with httpx.Client(timeout=60) as client:
            for session, user in ((ANNA, "anna@shop.test"), (BERT, "bert@shop.test")):
                for number in range(3):
                    body = beacon(SITE_KEY, session, number, [view(f"/p/{number}")], user=user)
                    assert post(client, running.collector, body, ORIGIN).status_code == 204
            named = {
                **view("/p/0"),
                "kind": "event",
                "name": "helped",
                "attributes": {"who": CARLA},
            }
            body = beacon(SITE_KEY, BERT, 3, [named], user="bert@shop.test")
            assert post(client, running.collector, body, ORIGIN).status_code == 204
        wait_for(lambda: sessions_seen(running) == 2, "both sessions in the store")
        yield running


def sessions_seen(served: Serving) -> int:
    rows = served.get("/api/v1/reports/seen", days="1").json()["pages"]
    return max((row["sessions"] for row in rows), default=0)


def run_erase(served: Serving, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            *(sys.executable, "-m", "vigie", "erase", *more),
            *("--data", str(served.data), "--config", str(served.config)),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_user_is_erased_while_vigie_runs(served: Serving) -> None:
    secret = site_secret(DataFolder(served.data).secret(), "shop")
    key = user_key(secret, "anna@shop.test")
    assert not scan([served.data], [ANNA], [key]).clean
    done = run_erase(served, "--user", "anna@shop.test")
    assert done.returncode == 0, done.stderr
    receipt = re.search(r"Receipt ([0-9a-f]{16}): a user of shop, erased", done.stdout)
    assert receipt, done.stdout
    assert "1 sessions: 3 events" in done.stdout
    assert scan([served.data], [ANNA], [key]).places == ()
    assert sessions_seen(served) == 1
    with httpx.Client(
        timeout=60
    ) as client:  # a retry of what was never acknowledged, from her browser
        body = beacon(SITE_KEY, ANNA, 7, [view("/late")], user="anna@shop.test")
        # The collector takes it for the second in which it has not yet heard of her erasure.
        assert post(client, served.collector, body, ORIGIN).status_code in (204, 410)
        body = beacon(SITE_KEY, BERT, 8, [view("/after")], user="bert@shop.test")
        assert post(client, served.collector, body, ORIGIN).status_code == 204

    def pages() -> set[str]:
        rows = served.get("/api/v1/reports/seen", days="1").json()["pages"]
        return {row["name"] for row in rows}

    wait_for(lambda: "/after" in pages(), "what came after")
    assert "/late" not in pages()
    report = served.get("/api/v1/reports/deletion").json()
    assert [line["receipt"] for line in report["erasures"]] == [receipt[1]]
    status = served.get(f"/api/v1/erasures/{receipt[1]}").json()
    assert status["stage"] == "finished"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([], "say whom to erase"),
        (["--user", "a", "--session", "b"], "one of them"),
        (["--session", "xyz"], "is not a session id. A session id is 32 digits"),
        (["--user", "a", "--site", "blog"], "There is no site 'blog'. Give one of: shop."),
    ],
)
def test_a_mistake_is_said_with_what_would_be_right(
    served: Serving, asked: list[str], said: str
) -> None:
    done = run_erase(served, *asked)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_erasure_page_takes_a_request_and_attests(served: Serving) -> None:
    answer = served.get("/api/v1/erasures/0000000000000000")
    assert answer.status_code == 404
    said = subprocess.run(
        [sys.executable, "-m", "vigie", "sign-in", "--data", str(served.data)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with httpx.Client(base_url=served.console, follow_redirects=True, timeout=60) as client:
        client.get(said)
        page = client.get("/data/erasure").text
        assert "none older is in the store" in page
        own = {"origin": served.console}
        wrong = client.post("/data/erasure", data={"session": "xyz"}, headers=own)
        assert wrong.status_code == 400
        assert "A session id is 32 digits" in wrong.text
        assert 'value="xyz"' in wrong.text
        right = client.post("/data/erasure", data={"session": CARLA}, headers=own)
        receipt = re.search(r"asked=([0-9a-f]{16})", str(right.url))
        assert receipt
        wait_for(
            lambda: receipt[1] in client.get("/data/erasure").text.split("Files read")[-1],
            "the erasure to be listed as finished",
        )
        page = client.get("/data/erasure").text
        assert int(re.findall(r"quoted was masked \((\d+)\)", page)[0]) >= 1
        assert scan([served.data], [CARLA]).clean


def test_without_a_console_the_store_is_opened_itself(served: Serving, tmp_path: Path) -> None:
    with serving(tmp_path) as own:
        with httpx.Client(timeout=60) as client:
            body = beacon(SITE_KEY, ANNA, 1, [view("/p")], user="anna")
            assert post(client, own.collector, body, ORIGIN).status_code == 204
        wait_for(lambda: sessions_seen(own) == 1, "the session in the store")
        own.stop()
        done = run_erase(own, "--session", ANNA)
        assert done.returncode == 0, done.stderr
        assert "a session of shop, erased" in done.stdout
        assert scan([own.data], [ANNA]).places == ()

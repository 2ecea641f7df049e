"""Wrong input meets a clear answer, is counted with its reason, and disturbs nothing else."""

import json
import secrets
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx

from tests.support.beacons import beacon, post, view
from tests.support.serving import ORIGIN, SITE_KEY, Serving, serving
from tests.support.waiting import wait_for


def refused_by_reason(served: Serving) -> Counter[str]:
    answer = served.get("/api/v1/reports/refused")
    assert answer.status_code == 200, answer.text
    counts: Counter[str] = Counter()
    for row in answer.json()["rows"]:
        counts[row["reason"]] += row["count"]
    return counts


def pages_stored(served: Serving) -> list[str]:
    answer = served.get("/api/v1/reports/seen", site="shop")
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()["pages"]]


def test_each_wrong_beacon_is_answered_and_counted_and_the_good_ones_arrive(tmp_path: Path) -> None:
    url_of = "{}/rum/v1/beacon".format
    with serving(tmp_path) as served, httpx.Client(timeout=60) as client:

        def send(content: bytes, origin: str = ORIGIN) -> httpx.Response:
            return client.post(
                url_of(served.collector),
                content=content,
                headers={"origin": origin, "content-type": "text/plain"},
            )

        session = secrets.token_hex(16)
        old = view("/old", at_ms=(time.time() - 3 * 86_400) * 1000)
        good = beacon(SITE_KEY, session, 1 << 20, [view("/good"), {"kind": "nonsense"}, old])
        expected = {
            "malformed": (send(b'{"v":1,'), 400),
            "unknown_site": (send(json.dumps(beacon("no-such", session, 1, [])).encode()), 403),
            "body_too_large": (send(b'{"v":1,"pad":"' + b"x" * 70_000 + b'"}'), 413),
            "origin_not_allowed": (
                post(client, served.collector, good, "http://elsewhere.test"),
                403,
            ),
            "invalid_session": (
                post(client, served.collector, beacon(SITE_KEY, "short", 1, []), ORIGIN),
                400,
            ),
        }
        for reason, (answer, status) in expected.items():
            assert answer.status_code == status, (reason, answer.text)
            error = answer.json()["error"]
            assert error["reason"] == reason
            assert len(error["detail"]) > 10, "an answer says what is wrong"
        assert post(client, served.collector, good, ORIGIN).status_code == 204

        wanted = {*expected, "unknown_kind", "too_old"}
        wait_for(lambda: wanted <= refused_by_reason(served).keys(), "every refusal to be counted")
        assert all(refused_by_reason(served)[reason] == 1 for reason in wanted)
        assert pages_stored(served) == ["/good"]
        assert all(child["restarts"] == 0 for child in served.children().values())
        assert served.stop() == 0


def test_every_mistake_of_a_settings_file_is_named_at_once(tmp_path: Path) -> None:
    config = tmp_path / "vigie.toml"
    config.write_text(
        """
[collector]
prot = 8600

[[sites]]
id = "shop"
key = "k"
origins = ["shop.test/path"]
sample = 20

[[monitors]]
id = "home"
url = "htp:/shop test"
interval_s = 5
timeout_s = 10
"""
    )
    for command in ("check-config", "serve"):
        run = subprocess.run(
            [sys.executable, "-m", "vigie", command, "--config", str(config)],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert run.returncode == 1
        said = run.stdout + run.stderr
        assert "Traceback" not in said
        for named in ("vigie.toml", "prot", "port", "origins", "sample", "url", "timeout_s"):
            assert named in said, f"{command} does not name {named}:\n{said}"

"""Nothing of an erased session is taken, under whatever name its id comes back."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from rum.erased import IDS_MAX, names_erased
from rum.intake import Accepted, BeaconRequest, Intake, Rejected
from rum.limits import Limits
from rum.records import Reason
from store.tombstone_watch import TombstoneWatch
from store.tombstones import Subject, Tombstones
from tests.support.collector import ORIGIN, SITE, Collect, beacon, view
from tests.support.recordings import chunk, session_at

ERASED = "0a1b2c3d" * 4
DASHED = "0a1b2c3d-0a1b-2c3d-0a1b-2c3d0a1b2c3d"
DIGITS = "12345678" * 4
OTHER = "f0e1d2c3" * 4
SECRET = b"secret"
TOKEN = "vigie-event-of-the-tests"
RECORDED = replace(
    SITE,
    replay_rate=1.0,
    event_tokens_sha256=(hashlib.sha256(TOKEN.encode()).hexdigest(),),
)


def tombstones(path: Path, *sessions: str, site: str = SITE.id) -> Tombstones:
    stones = Tombstones(path, SECRET)
    stones.add(Subject.SESSION, site, sessions, erased_us=1, receipt="r")
    return stones


@pytest.fixture
def watch(tmp_path: Path) -> TombstoneWatch:
    tombstones(tmp_path / "tombstones", ERASED, DIGITS)
    return TombstoneWatch(tmp_path / "tombstones", SECRET)


def taken(watch: TombstoneWatch, body: dict[str, Any]) -> Accepted | Rejected:
    intake = Intake([SITE], Limits(), SECRET, erased=watch)
    sent = json.dumps(body).encode()
    now_us = int(body["sent"] * 1000)
    return intake.take(BeaconRequest(sent, ORIGIN, False, "", "192.0.2.1"), now_us)


def error(**more: Any) -> dict[str, Any]:
    return view("/p") | {"kind": "error", "name": "TypeError"} | more


BACK = {
    "session": beacon(session=ERASED),
    "release": beacon(release=ERASED, session=OTHER),
    "within a longer release": beacon(release=f"00{ERASED}abcdef", session=OTHER),
    "segment": beacon(segments={"of": DASHED}, session=OTHER),
    "digits alone": beacon(segments={"of": DIGITS}, session=OTHER),
    "attribute": beacon(
        view("/p") | {"kind": "event", "name": "a", "attributes": {"k": DASHED}}, session=OTHER
    ),
    "stack": beacon(error(stack=f"at a (https://x.test/{ERASED}.js:1:2)"), session=OTHER),
}


@pytest.mark.parametrize("body", BACK.values(), ids=BACK.keys())
def test_an_erased_id_is_refused_wherever_it_stands(
    watch: TombstoneWatch, body: dict[str, Any]
) -> None:
    refused = taken(watch, body)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.reason) == (410, Reason.ERASED)
    written = repr(refused.refusal)
    assert not any(id_ in written for id_ in (ERASED, DASHED, DIGITS))


def test_other_sessions_and_other_sites_are_taken(watch: TombstoneWatch, tmp_path: Path) -> None:
    assert isinstance(taken(watch, beacon(session=OTHER, release="ab" * 20)), Accepted)
    tombstones(tmp_path / "elsewhere", OTHER, site="other")
    elsewhere = TombstoneWatch(tmp_path / "elsewhere", SECRET)
    assert isinstance(taken(elsewhere, beacon(session=OTHER)), Accepted)


def test_how_much_of_a_batch_is_looked_up_is_bounded(watch: TombstoneWatch) -> None:
    asked: list[str] = []

    class Asked:
        def any(self) -> bool:
            return True

        def covers_session(self, site: str, session: str) -> bool:
            asked.append(session)
            return False

    long = error(stack=f"at https://x.test/{'ab' * 1_500}.js")
    accepted = taken(watch, beacon(long, session=OTHER))
    assert isinstance(accepted, Accepted)
    assert accepted.batch is not None
    assert not names_erased(Asked(), accepted.batch)
    assert len(asked) == 1 + IDS_MAX


def test_the_watch_hears_of_what_is_added_once_a_second(tmp_path: Path) -> None:
    path, clock = tmp_path / "tombstones", [0.0]
    watch = TombstoneWatch(path, SECRET, clock=lambda: clock[0])
    assert not watch.any()
    stones = tombstones(path, ERASED)
    assert not watch.any()
    clock[0] += 1
    assert watch.any()
    assert watch.covers_session(SITE.id, ERASED)
    assert not watch.covers_session(SITE.id, OTHER)
    stones.add(Subject.SESSION, SITE.id, [OTHER], erased_us=2, receipt="s")
    stones.add(Subject.USER, SITE.id, ["ab" * 16], erased_us=2, receipt="s")
    with path.open("ab") as file:
        file.write(b'{"subject":"session","digest":"')  # being written
    clock[0] += 1
    assert watch.any()
    assert watch.covers_session(SITE.id, OTHER)
    assert len(watch) == 2


def test_the_watch_is_bounded_and_forgets_the_oldest(tmp_path: Path) -> None:
    sessions = [f"{number:032x}" for number in range(30)]
    tombstones(tmp_path / "tombstones", *sessions)
    watch = TombstoneWatch(tmp_path / "tombstones", SECRET, sessions_max=10)
    assert [watch.covers_session(SITE.id, each) for each in sessions] == [False] * 20 + [True] * 10


def test_a_damaged_file_leaves_what_was_known(tmp_path: Path) -> None:
    path, clock = tmp_path / "tombstones", [0.0]
    tombstones(path, ERASED)
    watch = TombstoneWatch(path, SECRET, clock=lambda: clock[0])
    with path.open("ab") as file:
        file.write(b"no tombstone\n")
    clock[0] += 1
    assert watch.any()
    assert watch.covers_session(SITE.id, ERASED)


def test_every_door_of_the_collector_refuses_it(collect: Collect, tmp_path: Path) -> None:
    recorded = session_at(7)
    tombstones(tmp_path / "tombstones", recorded)
    watch = TombstoneWatch(tmp_path / "tombstones", SECRET)
    with collect(sites=(RECORDED,), erased=watch) as collecting:
        answer = collecting.post(json.dumps(beacon(session=recorded)).encode())
        assert (answer.status_code, answer.json()["error"]["reason"]) == (410, "erased")
        assert collecting.post_replay(chunk(session=recorded)).status_code == 410
        with collecting.client() as client:
            answer = client.post(
                f"{collecting.base}/events/v1",
                json={"events": [{"name": "a", "session": recorded}, {"name": "b"}]},
                headers={"authorization": f"Bearer {TOKEN}"},
            )
        said = answer.json()
        assert (said["accepted"], said["refused"][0]["reason"]) == (1, "erased")
    assert [refusal.reason for refusal in collecting.refusals()] == [Reason.ERASED] * 3
    assert all(recorded.encode() not in path.read_bytes() for path in journal_files(collecting))


def journal_files(collecting: Any) -> list[Path]:
    return [path for path in collecting.journal.rglob("*") if path.is_file()]

"""Storage-free visitors: one session a day by a salted hash, whose salt is gone two days later."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from rum.intake import Accepted, BeaconRequest, Intake, Rejected
from rum.limits import Limits
from rum.records import Batch
from rum.site import Site
from rum.visitor import SALT_BYTES, DaySalts
from tests.support.collector import ORIGIN, SITE, beacon, view

DAY_US = 86_400_000_000
MIDNIGHT_US = 20_000 * DAY_US
OTHER_SITE = Site(id="other", key="other-key-0123456789")


def taken_by(
    intake: Intake,
    at_us: int,
    now_us: int,
    *,
    address: str = "192.0.2.7",
    agent: str = "Firefox",
    **header: Any,
) -> Accepted | Rejected:
    fields = {"storage_free": True, "session": "", "sent": now_us / 1000} | header
    body = json.dumps(beacon(view(at=at_us / 1000), **fields)).encode()
    return intake.take(BeaconRequest(body, ORIGIN, False, agent, address), now_us)


def batch(*arguments: Any, **fields: Any) -> Batch:
    taken = taken_by(*arguments, **fields)
    assert isinstance(taken, Accepted)
    assert taken.batch is not None
    return taken.batch


def intake_of(folder: Path | None = None) -> Intake:
    return Intake([SITE, OTHER_SITE], Limits(), b"secret", DaySalts(folder))


def test_a_visitor_has_one_session_a_day_and_site(tmp_path: Path) -> None:
    intake, noon = intake_of(tmp_path), MIDNIGHT_US + DAY_US // 2
    first = batch(intake, noon, noon)
    assert first.storage_free
    assert first.session == batch(intake, noon + 5_000_000, noon + 6_000_000).session
    # A browser that says a session all the same is not believed.
    assert first.session == batch(intake, noon, noon, session="ab" * 16).session
    others = {
        batch(intake, noon, noon, address="192.0.2.8").session,
        batch(intake, noon, noon, agent="Chrome").session,
        batch(intake, noon, noon, site=OTHER_SITE.key).session,
        batch(intake, noon + DAY_US, noon + DAY_US).session,
        batch(intake_of(), noon, noon).session,
    }
    assert len(others | {first.session}) == 6
    assert not batch(intake, noon, noon, storage_free=False, session="ab" * 16).storage_free


@pytest.mark.parametrize("ahead_us", [0, 20_000_000, 3_600_000_000])
def test_a_retry_over_midnight_has_the_session_of_the_first_event_s_day(
    tmp_path: Path, ahead_us: int
) -> None:
    """Also when the browser's clock is ahead, a little or a lot."""
    intake, at_us = intake_of(tmp_path), MIDNIGHT_US - 10_000_000
    sent = [
        batch(intake, at_us + ahead_us, now_us, sent=(now_us + ahead_us) / 1000, batch=7)
        for now_us in (at_us + 1_000_000, MIDNIGHT_US + 60_000_000)
    ]
    assert sent[0].session == sent[1].session


def test_collectors_share_the_salt_and_a_restart_keeps_it(tmp_path: Path) -> None:
    noon = MIDNIGHT_US + DAY_US // 2
    ready = threading.Barrier(8)
    sessions: set[str] = set()

    def collector() -> None:
        intake = intake_of(tmp_path)
        ready.wait(30)
        sessions.add(batch(intake, noon, noon).session)

    threads = [threading.Thread(target=collector) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(sessions) == 1
    (file,) = tmp_path.iterdir()
    assert len(file.read_bytes()) == SALT_BYTES
    assert file.stat().st_mode & 0o077 == 0


def test_a_salt_is_gone_two_days_later_and_then_nothing_can_be_added_to_its_day(
    tmp_path: Path,
) -> None:
    intake, noon = intake_of(tmp_path), MIDNIGHT_US + DAY_US // 2
    first = batch(intake, noon, noon).session
    assert batch(intake, noon, noon + DAY_US // 2).session == first
    intake.salts.sweep(noon + DAY_US)
    assert len(list(tmp_path.iterdir())) == 1
    intake.salts.sweep(noon + 2 * DAY_US)
    assert list(tmp_path.iterdir()) == []
    late = Intake([SITE], Limits(late_h=100), b"secret", intake.salts)
    refused = taken_by(late, noon, noon + 2 * DAY_US)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.reason) == (400, "too_old")


def test_a_salt_that_cannot_be_kept_is_no_session(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        taken_by(intake_of(folder), MIDNIGHT_US, MIDNIGHT_US)

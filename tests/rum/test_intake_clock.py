"""Browsers' clocks are corrected by when they say they sent; ours decides what is too old."""

import json
from typing import Any

import pytest

from rum.intake import Accepted, BeaconRequest, Intake
from rum.limits import Limits
from rum.records import Batch, Reason
from tests.support.collector import ORIGIN, SITE, beacon, view

NOW_US = 1_800_000_000_000_000
NOW_MS = NOW_US / 1000
INTAKE = Intake([SITE], Limits(late_h=24), b"secret")


def take(*events: dict[str, Any], sent: float) -> Accepted:
    body = json.dumps(beacon(*events, sent=sent)).encode()
    taken = INTAKE.take(BeaconRequest(body, ORIGIN), NOW_US)
    assert isinstance(taken, Accepted)
    return taken


def batch_of(*events: dict[str, Any], sent: float) -> Batch:
    batch = take(*events, sent=sent).batch
    assert batch is not None
    return batch


@pytest.mark.parametrize("skew_s", [-30, -1, 0, 29, 30])
def test_a_clock_off_by_up_to_30_s_stands(skew_s: float) -> None:
    batch = batch_of(view(at=NOW_MS - 60_000), sent=NOW_MS - skew_s * 1000)
    assert batch.events[0].time_us == NOW_US - 60_000_000
    assert batch.sent_us == NOW_US - skew_s * 1_000_000
    assert batch.received_us == NOW_US


@pytest.mark.parametrize("skew_s", [-10_000_000, -31, 31, 3_600, 1_799_999_000])
def test_a_clock_off_by_more_is_corrected_and_what_it_said_is_kept(skew_s: int) -> None:
    sent = NOW_MS - skew_s * 1000
    batch = batch_of(view(at=sent - 500), view(at=sent - 200), sent=sent)
    assert [event.time_us for event in batch.events] == [NOW_US - 500_000, NOW_US - 200_000]
    assert batch.events[0].client_us == int((sent - 500) * 1000)


def test_without_a_time_of_sending_the_clock_is_taken_at_its_word() -> None:
    batch = batch_of(view(at=NOW_MS - 600_000), sent=0)
    assert batch.events[0].time_us == NOW_US - 600_000_000
    assert batch.sent_us == NOW_US


def test_what_would_be_in_the_future_happened_just_now() -> None:
    batch = batch_of(view(at=NOW_MS + 20_000), sent=NOW_MS)
    assert batch.events[0].time_us == NOW_US
    assert batch.events[0].client_us == NOW_US + 20_000_000


def test_an_event_may_be_as_old_as_the_limit_and_not_older() -> None:
    hours = 3_600_000
    taken = take(view(at=NOW_MS - 24 * hours), view(at=NOW_MS - 24 * hours - 1), sent=NOW_MS)
    assert taken.batch is not None
    assert [event.position for event in taken.batch.events] == [0]
    assert [refusal.reason for refusal in taken.refusals] == [Reason.TOO_OLD]


def test_age_counts_from_the_corrected_time() -> None:
    two_days = 2 * 86_400_000
    assert len(batch_of(view(at=NOW_MS - two_days), sent=NOW_MS - two_days).events) == 1

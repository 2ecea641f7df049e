"""Forged sessions that choose to be in the sample are noticed; honest ones raise no alarm."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analytics.question import SiteScope, Step, Unit, Window
from analytics.reports.funnel import funnel
from analytics.skew import SkewCheck, What, checks_of_counts, skew_checks, skew_found
from rum.bucket import bucket_of_key
from tests.analytics.conftest import Store
from vigie.sample_checks import check_samples
from vigie.settings import Settings, SiteSettings

NOW = datetime(2026, 3, 10, 12, 20, tzinfo=UTC)
UNTIL = datetime(2026, 3, 10, 12, tzinfo=UTC)
SCOPE = SiteScope(site="shop", levels=())
SESSIONS = 10_000
CONVERTS = 0.1
SETTINGS = Settings(
    sites=(SiteSettings(id="shop", key="shop-key", origins=("https://shop.test",)),)
)


def fill(store: Store, seed: int, *, forged: float = 0.0, sent: float = 1.0) -> None:
    """A day of sessions, a view or two each, a tenth of which convert; `forged` of as many more
    choose a low bucket, and all convert. Browsers send the share `sent` of theirs."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(SESSIONS + round(forged * SESSIONS)):
        fake = number >= SESSIONS
        last = int(random.integers(0, round(2**32 * (0.2 if fake else sent))))
        session = f"{random.bytes(12).hex()}{last:08x}"
        at = UNTIL - timedelta(seconds=int(random.integers(1, 86_000)))
        rows.append({"session": session, "time": at})
        if random.random() < 0.5:
            rows.append({"session": session, "time": at + timedelta(seconds=1), "position": 1})
        if fake or random.random() < CONVERTS:
            later = at + timedelta(seconds=2)
            event = {"kind": "event", "name": "signed", "position": 2}
            rows.append({"session": session, "time": later, **event})
    store.events(rows)


def failed(checks: Sequence[SkewCheck]) -> set[What]:
    return {check.what for check in checks if check.failed}


def checks_of(store: Store, scope: SiteScope = SCOPE) -> list[SkewCheck]:
    return store.ask(lambda snapshot: skew_checks(snapshot, scope, UNTIL))


def test_one_per_cent_of_forged_sessions_is_noticed_within_the_day(store: Store) -> None:
    fill(store, 1, forged=0.01)
    checks = checks_of(store)
    assert What.EVENTS in failed(checks)
    (day,) = (each for each in checks if each.failed and each.window_h == 24)
    assert day.in_sample > 1.2 * day.expected


@pytest.mark.parametrize("sent", [1.0, 0.5])
def test_honest_sessions_pass_also_where_browsers_send_a_share(store: Store, sent: float) -> None:
    fill(store, 2, sent=sent)
    checks = checks_of(store)
    assert {check.window_h for check in checks} == {1, 24, 168}
    assert failed(checks) == set()
    (day,) = (each for each in checks if each.window_h == 24 and each.what is What.SESSIONS)
    assert day.expected == pytest.approx(SESSIONS * 0.2 / sent, rel=0.01)


def test_a_sample_of_users_is_judged_by_users(store: Store) -> None:
    """Each user comes twenty times: sessions of one are in the sample together."""
    random = np.random.default_rng(3)
    rows = [
        {
            "session": random.bytes(16).hex(),
            "time": UNTIL - timedelta(seconds=int(random.integers(1, 86_000))),
            "user_key": f"user-{user}",
            "user_bucket": bucket_of_key(f"user-{user}"),
        }
        for user in range(300)
        for _ in range(20)
    ]
    store.events(rows)
    of_users = SiteScope(site="shop", levels=(), unit=Unit.USER)
    day = [each for each in checks_of(store, of_users) if each.window_h == 24]
    assert [each.of_all for each in day if each.what is What.SESSIONS] == [300]
    assert failed(day) == set()


def test_a_failure_flags_every_figure_read_from_that_sample(store: Store) -> None:
    fill(store, 1, forged=0.01)
    said = check_samples(store.database, SETTINGS, NOW)
    assert "shop: the sample may be skewed: in the 24 h up to 10 Mar 12:00 UTC it holds" in said

    def note(sample: float, window: Window) -> str:
        return store.ask(
            lambda snapshot: funnel(
                snapshot,
                SCOPE,
                [Step(page="/"), Step(event="signed")],
                window,
                convert_within_s=60,
                now=NOW,
                sample=sample,
            )
        ).basis.note

    day = Window(NOW - timedelta(days=1), NOW)
    assert "the sample may be skewed" in note(0.2, day)
    assert note(1.0, day) == ""
    later = Window(UNTIL + timedelta(minutes=5), NOW)
    assert "skewed" not in note(0.2, later)
    assert store.ask(lambda snapshot: skew_found(snapshot, "other", day)) == []


def test_checking_the_same_hour_again_notes_it_once(store: Store) -> None:
    fill(store, 1, forged=0.01)
    for _ in range(2):
        check_samples(store.database, SETTINGS, NOW)
    rows = store.database.cursor().execute("SELECT count(*), sum(failed::INT) FROM sample_checks")
    ((noted, failures),) = rows.fetchall()
    assert noted == 12
    assert failures >= 1


def test_honest_data_raises_an_alarm_less_than_once_in_two_thousand_checks() -> None:
    """Four standard deviations: 6 in 100,000; 20,000 checks of small and large sites."""
    random = np.random.default_rng(4)
    alarms = checks = 0
    for _ in range(5_000):
        people = int(random.choice([3, 40, 700, 20_000]))
        inside = int(random.binomial(people, 0.2))
        row = [24, 2**32 - 1, people, inside]
        for share in (0.02, 0.1, 0.6):
            having = int(random.binomial(people, share))
            row += [
                having,
                int(random.hypergeometric(having, people - having, inside)) if inside else 0,
            ]
        found = list(checks_of_counts(SCOPE, UNTIL, tuple(row)))
        checks += len(found)
        alarms += sum(check.failed for check in found)
    assert checks == 20_000
    assert alarms <= 6

"""Where users are drawn, figures of views take those of one user for alike: as sure as there are
users, not sessions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.question import SiteScope, Unit, Window
from analytics.reports.conversion_speed import conversion_speed
from analytics.reports.speed import speed
from analytics.reports.vital import vital
from store.snapshot import Snapshot

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=3))
USERS, SESSIONS_EACH = 2_000, 4
LOW_BUCKET = 7


def scope(unit: Unit) -> SiteScope:
    return SiteScope(site="shop", levels=("novice",), sample=0.5, unit=unit)


def visits() -> list[dict[str, Any]]:
    """Four sessions of each user on three days, all as fast and as fruitful as the user's first."""
    rows = []
    for user in range(USERS):
        for nth in range(SESSIONS_EACH):
            at = START + timedelta(hours=16 * nth, seconds=user)
            common = {
                "session": f"{user * SESSIONS_EACH + nth:024x}{LOW_BUCKET:08x}",
                "user_key": f"{user:032x}",
                "user_bucket": LOW_BUCKET,
                "page": "/",
            }
            lcp_ms = 1200.0 if user % 2 else 5000.0
            rows += [
                {**common, "time": at, "kind": "view"},
                {**common, "time": at, "kind": "vitals", "lcp_ms": lcp_ms, "position": 1},
            ]
            if user % 4 < 2:
                event = {"kind": "event", "name": "bought", "position": 2}
                rows.append({**common, "time": at + timedelta(seconds=9), **event})
    return rows


@pytest.fixture
def filled(store: Any) -> Any:
    store.events(visits())
    return store


@pytest.mark.parametrize(
    ("unit", "clusters"), [(Unit.SESSION, USERS * SESSIONS_EACH), (Unit.USER, USERS)]
)
def test_figures_are_as_sure_as_there_are_users(filled: Any, unit: Unit, clusters: int) -> None:
    now = WINDOW.end

    def by_page(snapshot: Snapshot) -> float:
        (row,) = [
            each
            for each in speed(snapshot, scope(unit), WINDOW, now=now).rows
            if (each.vital, each.level) == ("lcp", "")
        ]
        assert row.views == USERS * SESSIONS_EACH
        return row.p75.effective_n

    def of_one(snapshot: Snapshot) -> float:
        report = vital(snapshot, scope(unit), WINDOW, "lcp", now=now)
        assert report.good.value == pytest.approx(0.5)
        return report.good.effective_n

    def landing(snapshot: Snapshot) -> float:
        report = conversion_speed(snapshot, scope(unit), WINDOW, "bought", now=now)
        slow = next(each for each in report.bins if each.low_ms == 4000.0)
        assert (slow.sessions, slow.share.value) == (USERS * SESSIONS_EACH // 2, 0.5)
        return 2 * slow.share.effective_n

    for asked in (by_page, of_one, landing):
        assert filled.ask(asked) == pytest.approx(clusters, rel=0.03), asked.__name__

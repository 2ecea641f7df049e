"""One session of a great many events: every order of steps still has its answer, and soon. A search
that compares its events with one another would not end within this test's life."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.funnel_sessions import days_of, read_sessions
from analytics.question import Order, Rules, SiteScope, Step, Window
from analytics.sampling import read

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=1))
WITHIN = timedelta(hours=1)
NOW = WINDOW.end + timedelta(days=1)
EVENTS = 200_000
SCOPE = SiteScope(site="shop", levels=("novice",), sample=1.0)
STEPS = (Step(page="/0"), Step(page="/1"), Step(page="/2"), Step(page="/9"))
FILL = """
INSERT INTO events BY NAME
SELECT
    'shop' AS site, DATE '2026-03-01' AS day, 0 AS bucket,
    '00000000-0000-0000-0000-000000000001'::UUID AS session, 1 AS batch, 0 AS position,
    TIMESTAMP '2026-03-01' + to_milliseconds(i * 100) AS time, time AS client_time,
    time AS received, 'view' AS kind, 1 AS view, '/' || (i % 4)::VARCHAR AS page,
    false AS bot, false AS generated
FROM range($events) AS numbers(i)
"""


@pytest.mark.parametrize("order", Order)
def test_a_session_of_very_many_events_has_its_answer(store: Any, order: Order) -> None:
    store.database.cursor().execute(FILL, {"events": EVENTS})
    rules = Rules(order=order, exclude=(Step(page="/3"),))

    def ask(snapshot: Any) -> Any:
        return read(
            snapshot,
            SCOPE,
            days_of(WINDOW, WITHIN, NOW),
            1.0,
            lambda reading: read_sessions(
                snapshot, reading, STEPS, WINDOW, WITHIN, NOW, rules, ["quality", "entry_page"]
            ),
            lambda _: False,
        )[0]

    assert store.ask(ask).depth.tolist() == [3]

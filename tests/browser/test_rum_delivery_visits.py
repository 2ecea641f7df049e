"""Visits that end in every way arrive: nearly all of their views, none twice, in their order."""

from collections import Counter

import pytest
from playwright.sync_api import Browser

from rum.records import Event, EventKind
from tests.support.collecting import Collecting
from tests.support.site import WebSite
from tests.support.visits import Visit, visits
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser

SEED = 20_261_122
AT_ONCE = 20
ARRIVE_SHARE_MIN = 0.99


@pytest.mark.parametrize("count", [24, pytest.param(204, marks=pytest.mark.long)])
def test_views_that_ended_normally_arrive_once_and_in_order(
    chromium: Browser, real_site: WebSite, collector: Collecting, count: int
) -> None:
    made: list[Visit] = []
    open_ones: list[Visit] = []
    for one in visits(chromium, real_site, count, SEED):
        made.append(one)
        open_ones.append(one)
        if len(open_ones) == AT_ONCE or len(made) == count:
            _let_arrive(collector, open_ones)
            open_ones = []
    stored = _stored(collector)
    asked = Counter(name for one in made if one.normal for name in one.views)
    came = Counter(event.page for event in stored if event.kind is EventKind.VIEW)
    arrived = sum((asked & came).values())
    print(f"{arrived} of {asked.total()} views of {count} visits arrived")
    assert arrived >= ARRIVE_SHARE_MIN * asked.total(), _lost(made, stored)
    assert collector.refused() == {}
    _check_none_twice(made, stored)
    _check_order(made, stored)


def _let_arrive(collector: Collecting, ended: list[Visit]) -> None:
    """Until all came that should, or nothing more will; a context that closes takes its requests
    with it."""
    want = {name for one in ended if one.normal for name in one.views + one.events}

    def all_came() -> bool:
        stored = _stored(collector)
        return want <= {event.page for event in stored} | {event.name for event in stored}

    try:
        wait_for(all_came, "all of these visits", seconds=30)
    except AssertionError as missing:
        print(missing)  # how many that were is judged at the end
    for one in ended:
        one.context.close()


def _stored(collector: Collecting) -> list[Event]:
    """What the loader would store: the first of each batch, by time."""
    batches = {(batch.session, batch.batch): batch for batch in reversed(collector.batches())}
    placed = [
        (event.time_us, batch.batch, event.position, event)
        for batch in batches.values()
        for event in batch.events
    ]
    return [event for *_, event in sorted(placed, key=lambda one: one[:3])]


def _lost(made: list[Visit], stored: list[Event]) -> list[tuple[str, str]]:
    pages = {event.page for event in stored}
    return [(one.ending, name) for one in made for name in one.views if name not in pages]


def _check_none_twice(made: list[Visit], stored: list[Event]) -> None:
    names = Counter(event.name for event in stored if event.kind is EventKind.EVENT)
    assert {name: times for name, times in names.items() if times > 1} == {}
    views = Counter(event.page for event in stored if event.kind is EventKind.VIEW)
    lived = Counter(name for one in made for name in one.views)
    assert views - lived == Counter()


def _check_order(made: list[Visit], stored: list[Event]) -> None:
    """Of each visit, what arrived is in the order in which it was done."""
    for one in made:
        events = [event for event in stored if event.page.startswith(f"/{one.name}/")]
        names = [event.name for event in events if event.kind is EventKind.EVENT]
        assert names == [name for name in one.events if name in names], one
        views = [event.page for event in events if event.kind is EventKind.VIEW]
        assert views == one.views[: len(views)] or not one.normal, one

"""What slow views have in common is told of all their sessions, summed one by one."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.coded import Coded
from analytics.estimates import ClusterSums
from analytics.goes_with import KINDS, Views, goes_with

NAMES = ("", "one", "other")
REQUESTS = ("/api/a", "/api/b")


def drawn(random: np.random.Generator, *, alike: bool) -> tuple[Views, NDArray[Any]]:
    """Views in sessions of one and several, whose weights are alike or not; those in the browser
    "one" are slower, and one in five asks for something slow."""
    count = 3_000
    session = np.unique(random.integers(0, 2_000, count), return_inverse=True)[1]
    kinds = {kind: Coded(random.integers(0, 3, count), NAMES) for kind in KINDS}
    weight = random.choice([1.0, 5.0], count if not alike else session.max() + 1)
    requesting = np.flatnonzero(random.random(count) < 0.2)
    views = Views(
        session=session,
        weight=weight[session] if alike else weight,
        kinds=kinds,
        requests=Coded(random.integers(0, 2, len(requesting)), REQUESTS),
        requesting=requesting,
    )
    slow = random.random(count) < np.where(kinds["browser"].codes == 1, 0.5, 0.2)
    return views, slow


def summed(views: Views, slow: NDArray[Any], chosen: NDArray[Any]) -> ClusterSums:
    """Of the views that are chosen, by the mean weight of each session's views."""
    count = int(views.session.max()) + 1
    mean = np.bincount(views.session, views.weight) / np.bincount(views.session)
    hits, trials = (
        np.bincount(views.session[which], views.weight[which], count) / mean
        for which in (chosen & slow, chosen)
    )
    return ClusterSums.of(hits, trials, mean)


@pytest.mark.parametrize("alike", [True, False], ids=["one weight a session", "several"])
@pytest.mark.parametrize("seed", range(5))
def test_shares_with_a_thing_and_without_are_those_of_their_sessions(
    seed: int, alike: bool
) -> None:
    views, slow = drawn(np.random.default_rng(seed), alike=alike)
    found = {(each.kind, each.what): each for each in goes_with(views, slow)}
    assert ("browser", "one") in found
    for (kind, what), told in found.items():
        if kind == "request":
            having = np.zeros(len(slow), dtype=np.bool_)
            having[views.requesting[views.requests.are(what)]] = True
        else:
            having = views.kinds[kind].are(what)
        assert told.views == np.count_nonzero(having)
        for said, chosen in ((told.slow, having), (told.otherwise, ~having)):
            assert said == pytest.approx(summed(views, slow, chosen).share().value)

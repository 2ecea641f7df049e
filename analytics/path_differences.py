"""Two levels' shares at each node of their paths, and how sure the difference is."""

from collections.abc import Sequence

import numpy as np

from analytics.basis import Estimate
from analytics.cohort import Cohort
from analytics.estimates import Difference, difference
from analytics.path_nodes import Counted
from analytics.path_steps import Numbers
from analytics.reports.paths_types import PathDifference


def differences(
    count: Counted, cohort: Cohort, steps: Sequence[int], pair: tuple[str, str]
) -> list[PathDifference]:
    """Of each node the shares of the two levels; the surest and largest differences first. A start
    that all sessions share tells nothing, and is left out."""
    groups = [np.flatnonzero(cohort.level == level) for level in pair]
    if not all(map(len, groups)):
        return []
    wholes = [cohort.of(group).among() for group in groups]
    weights = [_weights(count, cohort, group) for group in groups]
    starts = sum(node.step == 0 for node in count.nodes)
    found = []
    for place, node in enumerate(count.nodes):
        if node.step == 0 and starts == 1:
            continue
        one, other = (
            whole.share(float(of_level[place]))
            for whole, of_level in zip(wholes, weights, strict=True)
        )
        found.append(
            PathDifference(
                step=node.step,
                kind=node.kind,
                name=node.name,
                one=one,
                other=other,
                difference=_difference(one, other),
            )
        )
    return sorted(found, key=_first)


def _weights(count: Counted, cohort: Cohort, group: Numbers) -> Numbers:
    """The weight of the group's sessions at each node; no node is met twice by one session."""
    places = count.place[group]
    met = places >= 0
    weights = np.broadcast_to(cohort.weight[group][:, None], places.shape)
    return np.bincount(places[met], weights=weights[met], minlength=len(count.nodes))


def _first(each: PathDifference) -> tuple[bool, float, int]:
    found = each.difference
    return not each.sure, -abs(found.value) if found else 0.0, abs(each.step)


def _difference(one: Estimate, other: Estimate) -> Difference | None:
    if one.value is None or other.value is None:
        return None
    return difference((one.value, one.effective_n), (other.value, other.effective_n))

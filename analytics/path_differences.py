"""Two levels' shares at each node of their paths, and how sure the difference is."""

import numpy as np
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.cohort import Cohort
from analytics.estimates import Difference, difference
from analytics.path_nodes import Counted
from analytics.reports.paths_types import PathDifference


def differences(count: Counted, cohort: Cohort, pair: tuple[str, str]) -> list[PathDifference]:
    """Of each node the shares of the two levels; the surest and largest differences first. A start
    that all sessions share tells nothing, and is left out."""
    levels = cohort.level.names
    if not set(pair) <= set(levels):
        return []
    places = [levels.index(level) for level in pair]
    among = cohort.among_each(cohort.level.codes, len(levels))
    wholes = [among[place] for place in places]
    if not all(whole.sessions for whole in wholes):
        return []
    weights = _weights(count, cohort, len(levels))[places]
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


def _weights(count: Counted, cohort: Cohort, levels: int) -> NDArray[np.float64]:
    """By level and node, the weight of the sessions; no node is met twice by one session."""
    shape = levels, len(count.nodes) + 1  # the first of those at none
    begins = cohort.level.codes * shape[1] + 1
    weights = np.zeros(shape)
    for place in count.place:
        met = np.bincount(begins + place, cohort.weight, shape[0] * shape[1])
        weights += met.reshape(shape)
    return weights[:, 1:]


def _first(each: PathDifference) -> tuple[bool, float, int]:
    found = each.difference
    return not each.sure, -abs(found.value) if found else 0.0, abs(each.step)


def _difference(one: Estimate, other: Estimate) -> Difference | None:
    if one.value is None or other.value is None:
        return None
    return difference((one.value, one.effective_n), (other.value, other.effective_n))

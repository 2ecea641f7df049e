"""Things in sessions, put in order for analytics/clustered.py."""

from typing import Any

from numpy.typing import NDArray

from analytics.clustered import InOrder


def ordered(values: NDArray[Any], session: NDArray[Any], weight: NDArray[Any]) -> InOrder:
    order = values.argsort(kind="stable")
    return InOrder(values[order], session[order], weight[order])

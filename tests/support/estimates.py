"""Estimates of things that are in no order, and whether two say the same."""

from typing import Any

import pytest
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.clustered import InOrder


def ordered(values: NDArray[Any], session: NDArray[Any], weight: NDArray[Any]) -> InOrder:
    order = values.argsort(kind="stable")
    return InOrder(values[order], session[order], weight[order])


def assert_same(found: Estimate, slow: Estimate) -> None:
    assert found.withheld == slow.withheld
    assert found.effective_n == pytest.approx(slow.effective_n)
    assert (found.value is None) == (slow.value is None)
    if found.value is not None:
        assert (found.value, found.low, found.high) == pytest.approx(
            (slow.value, slow.low, slow.high)
        )

"""Figures as the console writes them."""

import pytest

from vigie.console.formats import points


@pytest.mark.parametrize(
    ("difference", "said"),
    [(0.081, "+8.1"), (-0.0044, "−0.4"), (0.0004, "0.0"), (-0.0004, "0.0"), (0.0, "0.0")],
)
def test_a_difference_is_signed_unless_it_rounds_to_nothing(difference: float, said: str) -> None:
    assert points(difference) == said

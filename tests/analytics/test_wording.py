"""Findings write amounts as surely as they are known."""

import pytest

from analytics.wording import money


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (1_334_453.0, "1,300,000 EUR"),
        (4_149.0, "4,100 EUR"),
        (96.4, "96 EUR"),
        (7.2, "7 EUR"),
        (0.4, "0 EUR"),
        (0.0, "0 EUR"),
    ],
)
def test_an_estimate_of_money_has_two_figures(amount: float, said: str) -> None:
    assert money(amount, "EUR") == said

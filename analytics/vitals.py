"""The web vitals, and when a value of one is good, or poor: the thresholds web.dev publishes."""

from msgspec import Struct


class Thresholds(Struct, frozen=True):
    """At most `good` is good, over `poor` is poor; ms, CLS without unit."""

    good: float
    poor: float


VITALS = {
    "lcp": Thresholds(2500, 4000),
    "inp": Thresholds(200, 500),
    "cls": Thresholds(0.1, 0.25),
    "fcp": Thresholds(1800, 3000),
    "ttfb": Thresholds(800, 1800),
}

RATED = ("lcp", "inp", "cls")
"""Those that make a view poor."""

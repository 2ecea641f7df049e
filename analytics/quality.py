"""Session quality: how one session was lived, good, mixed or poor: numbers.md.

A view is good, or poor, by the worst of its LCP, INP and CLS; one without any of them is not
rated. A session is poor with a quarter of its rated views poor, with a failed key request (one
that sends something: any but GET and HEAD), or with a rage or dead click; good with three quarters
of them good, no script error and no failed request; else mixed. With nothing rated and no failure
it was not measured.
"""

from enum import StrEnum

from analytics.sql import query
from analytics.vitals import VITALS

GOOD_SHARE, POOR_SHARE = 0.75, 0.25
RATED = ("lcp", "inp", "cls")


class Quality(StrEnum):
    GOOD = "good"
    MIXED = "mixed"
    POOR = "poor"
    NOT_MEASURED = "not_measured"


def quality_of(sessions: str) -> str:
    """Defines `quality` (session, quality; NULL or without a row: not measured), of the sessions in
    the table or fragment named `sessions`, from the rows of `read`. Binds quality_parameters()."""
    return query("session_quality").format(sessions=sessions)


def quality_parameters() -> dict[str, object]:
    limits: dict[str, object] = {"good_share": GOOD_SHARE, "poor_share": POOR_SHARE}
    for vital in RATED:
        limits |= {f"{vital}_good": VITALS[vital].good, f"{vital}_poor": VITALS[vital].poor}
    return limits

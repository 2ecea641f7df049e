"""Who stands behind a figure: shares need a few different visitors, and where users are drawn, what
comes of one user counts as a cluster."""

import numpy as np
from numpy.typing import NDArray

from analytics.coded import Places
from analytics.estimates import VISITORS_MIN
from analytics.question import Unit
from analytics.reading import Reading
from analytics.sql import query

LOOKED_AT = 100

Hashes = NDArray[np.uint64]


def visitors_at_least(visitor: Hashes, chosen: Places | None = None) -> int:
    """Of sessions' visitors, all or those `chosen`: the first ones tell as a rule, and to count all
    is costly."""
    first = visitor[:LOOKED_AT] if chosen is None else visitor[chosen[:LOOKED_AT]]
    few = len(np.unique(first))
    if few >= VISITORS_MIN:
        return few
    return len(np.unique(visitor if chosen is None else visitor[chosen]))


def visitor_columns(reading: Reading) -> dict[str, str]:
    """What a query of views is formatted with, to tell `visitor` beside `session` where users are
    drawn: `visitor_of` within the query by session, `visitor` outside of it."""
    if reading.unit is not Unit.USER:
        return {"visitor_of": "", "visitor": ""}
    told = query("session_visitor").strip()
    return {"visitor_of": f",\n{told} AS visitor", "visitor": ", visitor"}

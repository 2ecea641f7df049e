"""The worst pages by the people affected: sessions that had a poor view of them."""

import numpy as np
import pandas as pd

from analytics.estimates import share
from analytics.reports.error_types import total
from analytics.reports.types import WorstPage
from analytics.vitals import VITALS

RATED = ("lcp", "inp", "cls")
PAGES_MAX = 10


def worst_pages(frame: pd.DataFrame, scale: float) -> list[WorstPage]:
    """`frame` has a row a view: page, session, weight and vitals; a session's weight times `scale`
    is how many it stands for. Those with the most affected sessions come first."""
    if frame.empty:
        return []
    poor = pd.DataFrame(
        {vital: frame[vital].astype(np.float64).round(4) > VITALS[vital].poor for vital in RATED}
    )
    poor[["page", "session"]] = frame[["page", "session"]]
    sessions = poor.groupby(["page", "session"], sort=False)[list(RATED)].any().reset_index()
    weights = frame.drop_duplicates("session").set_index("session")["weight"] * scale
    sessions["weight"] = sessions["session"].map(weights).astype(np.float64)
    sessions["any"] = sessions[list(RATED)].any(axis=1)
    found = [
        _page(str(page), rows)
        for page, rows in sessions.groupby("page", sort=False)
        if rows["any"].any()
    ]
    return sorted(found, key=lambda each: (-each.sessions.value, each.page))[:PAGES_MAX]


def _page(page: str, rows: pd.DataFrame) -> WorstPage:
    weight = rows["weight"].to_numpy(dtype=np.float64)
    hit = rows["any"].to_numpy(dtype=np.bool_)
    met = weight[hit]
    return WorstPage(
        page=page,
        sessions=total(float(met.sum()), float((met * (met - 1)).clip(0).sum()), float(hit.sum())),
        share=share(float(met.sum()), float(weight.sum()), float((weight**2).sum()), len(rows)),
        vital=max(RATED, key=lambda vital: float(weight[rows[vital].to_numpy()].sum())),
    )

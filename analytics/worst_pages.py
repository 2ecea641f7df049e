"""The worst pages by the people affected: sessions that had a poor view of them."""

import numpy as np
import pandas as pd
from msgspec import structs

from analytics.basis import Estimate
from analytics.estimates import recovered, share
from analytics.reports.error_types import total
from analytics.reports.types import WorstPage
from analytics.vitals import VITALS

RATED = ("lcp", "inp", "cls")
PAGES_MAX = 10
WORSE_MIN = 0.05
"""By how much more of its sessions, surely, a page is worse than the others to be told of."""


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
    found.sort(key=lambda each: (-each.sessions.value, each.page))
    return [_compared(each, sessions) for each in found[:PAGES_MAX]]


def _compared(one: WorstPage, sessions: pd.DataFrame) -> WorstPage:
    """With the sentence that it is worse than the other pages, where it surely is."""
    others = sessions[sessions["page"] != one.page]
    weight = others["weight"].to_numpy(dtype=np.float64)
    met = float(weight[others["any"].to_numpy(dtype=np.bool_)].sum())
    usual = share(met, float(weight.sum()), float((weight**2).sum()), len(others))
    ends = [_ends(each) for each in (one.share, usual)]
    if ends[0] is None or ends[1] is None:
        return one
    difference = recovered(ends[0], ends[1])
    if difference.low < WORSE_MIN:
        return one
    said = (
        f"{_percent(one.share.value)} of the sessions on {one.page} had a poor view of it, mostly"
        f" by {one.vital.upper()}, against {_percent(usual.value)} on other pages:"
        f" {difference.low * 100:.0f} to {difference.high * 100:.0f} points more."
    )
    return structs.replace(one, sentence=said)


def _ends(estimate: Estimate) -> tuple[float, float, float] | None:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return estimate.value, estimate.low, estimate.high


def _percent(value: float | None) -> str:
    return f"{(value or 0.0) * 100:.0f} %"


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

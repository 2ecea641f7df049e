"""What sessions began and ended with, and where they went back and forth."""

from typing import Any

import numpy as np

from analytics.path_steps import Codes, Runs, loops, starts_at_edge
from analytics.path_views import PathViews
from analytics.reports.paths_types import Direction, Loop, PageShare

ENDS_MAX = 15
"""Entry and exit pages that are listed; of loops as many."""


def ends(views: PathViews, runs: Runs, span_us: tuple[int, int]) -> dict[str, Any]:
    """What sessions that began in the window began and ended with, and their loops, of runs of
    views alone."""
    firsts = starts_at_edge(runs, Direction.AFTER, span_us)
    began = runs.session[firsts]
    over = began[~views.still_open[began]]
    return {
        "began": len(began),
        "entries": _pages(views, runs.code[firsts], began),
        "exits": _pages(views, runs.code[runs.end[over] - 1], over),
        "loops": _loops(views, runs, began),
    }


def _pages(views: PathViews, codes: Codes, sessions: Codes) -> tuple[PageShare, ...]:
    everyone = views.cohort.among(sessions)
    counts = np.bincount(codes, minlength=len(views.pages))
    weights = np.bincount(codes, views.cohort.weight[sessions], len(views.pages))
    order = sorted(
        np.flatnonzero(counts).tolist(), key=lambda code: (-round(float(weights[code]), 6), code)
    )
    return tuple(
        PageShare(
            page=views.pages[code],
            sessions=int(counts[code]),
            share=everyone.share(float(weights[code])),
        )
        for code in order[:ENDS_MAX]
    )


def _loops(views: PathViews, runs: Runs, began: Codes) -> tuple[Loop, ...]:
    session, one, other = loops(runs)
    chosen = np.zeros(len(views.still_open), dtype=np.bool_)
    chosen[began] = True
    kept = chosen[session]
    session = session[kept]
    pair = one[kept].astype(np.int64) * (len(views.pages) + 1) + other[kept]
    pairs, which, times = np.unique(pair, return_inverse=True, return_counts=True)
    # Once a session and loop, however often it turned.
    sessions = len(views.still_open)
    loop, who = np.divmod(np.unique(which * sessions + session), sessions)
    counts = np.bincount(loop, minlength=len(pairs))
    weights = np.bincount(loop, weights=views.cohort.weight[who], minlength=len(pairs))
    everyone = views.cohort.among(began)
    order = np.lexsort((pairs, -np.round(weights, 6))).tolist()
    found = []
    for at in order[:ENDS_MAX]:
        page, through = divmod(int(pairs[at]), len(views.pages) + 1)
        found.append(
            Loop(
                page=views.pages[page],
                through=views.pages[through],
                sessions=int(counts[at]),
                times=int(times[at]),
                share=everyone.share(float(weights[at])),
            )
        )
    return tuple(found)

"""Views made into sums of vitals by value: analytics/vital_sums.py says of what."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from analytics.clustered import in_turn
from analytics.coded import coded
from analytics.distinct import distinct
from analytics.vital_sums import SUMS, UNWEIGHTED, Floats, Places
from analytics.vitals import RATED, VITALS

EXACT_VIEWS_MAX = 100_000
"""Of more, and where the sums of parts are kept, values are known to 2 %: they stand for the bucket
they lie in."""
BUCKET_RATIO = 1.04
UNIT = 0.001
"""Of the smallest bucket: ms, and thousandths of CLS."""
DECIMALS = 4
ABOVE = 1 + 1e-6
CAME, AFFECTED = "came", "affected"
"""Rows that count sessions by page, in place of views: all, those with a poor view, and as
"affected lcp" those with one by that vital."""


def summed(views: pa.Table, *, exact: bool, weighted: bool) -> pa.Table:
    """`views` has a row a view: page, level, device, session (a number), weight and vitals; and
    `visitor`, where those of one are alike, in place of those of one session.
    Columns KEYS and SUMS, unless `weighted` without those that UNWEIGHTED has others for; one row
    for each combination there is."""
    place = {name: coded(views[name]) for name in ("page", "level", "device")}
    codes = np.zeros(len(views), dtype=np.int64)
    for each in place.values():
        codes = codes * len(each.names) + each.codes
    groups, group = distinct(codes)
    session = distinct(views["session"].to_numpy())[1]
    pages, page = place["page"].names, place["page"].codes
    cluster = visit = distinct(session * max(1, len(pages)) + page)[1]
    if "visitor" in views.column_names:
        visitor = distinct(views["visitor"].to_numpy())[1]
        cluster = distinct(visitor * max(1, len(pages)) + page)[1]
    weight = views["weight"].to_numpy()
    named = _named(groups, [each.names for each in place.values()])
    wanted = [name for name in SUMS if weighted or name not in UNWEIGHTED]
    tables = []
    for vital in VITALS:
        values = np.round(views[vital].to_numpy().astype(np.float64), DECIMALS)
        there = np.flatnonzero(~np.isnan(values))
        if len(there):
            seen = values[there] if exact else bucketed(vital, values[there])
            sums = _of_vital(group[there], cluster[there], seen, weight[there], wanted)
            tables.append(_table(vital, named, *sums))
    tables.append(_affected(page, visit, weight, views, pages, wanted))
    return pa.concat_tables(tables)


def _of_vital(
    group: Places, cluster: Places, values: Floats, weight: Floats, wanted: Sequence[str]
) -> tuple[Places, Floats, dict[str, Floats]]:
    """Group, value and sums of each combination; there is at least one view."""
    known, value = distinct(values)
    turns = in_turn(cluster, weight, by=value)
    keys, at = distinct(group * len(known) + value)
    own = turns.mean * turns.first
    added = {
        "views": None,
        "weight": weight,
        "weights_trials": turns.products,
        "weights_ranks": turns.hits_squares,
        "sessions": turns.first,
        "session_weight": own,
        "session_squares": own * own,
    }
    sums = {name: np.bincount(at, added[name], len(keys)).astype(np.float64) for name in wanted}
    which, place = np.divmod(keys, len(known))
    return which, known[place], sums


def bucketed(vital: str, values: Floats) -> Floats:
    """The values that stand for those of their bucket, which lie within 2 % of it, on the same side
    of the vital's limits: shares of views good and poor stay exact."""
    scale = 1000.0 if vital == "cls" else 1.0
    bucket = np.ceil(np.log(np.maximum(values * scale, UNIT)) / np.log(BUCKET_RATIO))
    seen = 2 * BUCKET_RATIO**bucket / (1 + BUCKET_RATIO) / scale
    limits = VITALS[vital]
    for limit in (limits.good, limits.poor):
        at_most = values <= limit
        seen = np.where(at_most, np.minimum(seen, limit), np.maximum(seen, limit * ABOVE))
    found: Floats = seen
    return found


def _table(
    vital: str, named: dict[str, list[str]], group: Places, values: Floats, sums: dict[str, Floats]
) -> pa.Table:
    index = pa.array(group, pa.int32())
    texts = {
        name: pa.DictionaryArray.from_arrays(index, pa.array(each, pa.string()))
        for name, each in named.items()
    }
    vitals = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(len(group), dtype=np.int32)), pa.array([vital], pa.string())
    )
    return pa.table({**texts, "vital": vitals, "value": values, **sums})


def _affected(
    page: Places,
    visit: Places,
    weight: Floats,
    views: pa.Table,
    pages: tuple[str, ...],
    wanted: Sequence[str],
) -> pa.Table:
    """Sessions that came to each page, and those that had a poor view of it; `visit` numbers, of
    each view, its session's coming to its page."""
    visits = int(visit.max(initial=-1)) + 1
    of, w = np.zeros(visits, dtype=np.int64), np.zeros(visits)
    of[visit], w[visit] = page, weight
    added = {"sessions": np.ones(visits), "session_weight": w, "session_squares": w * w}
    members = {CAME: np.ones(visits, dtype=np.bool_)}
    poor = np.zeros(visits, dtype=np.bool_)
    for vital in RATED:
        values = np.round(views[vital].to_numpy().astype(np.float64), DECIMALS)
        members[f"{AFFECTED} {vital}"] = (
            np.bincount(visit[values > VITALS[vital].poor], minlength=visits) > 0
        )
        poor |= members[f"{AFFECTED} {vital}"]
    members[AFFECTED] = poor
    tables = []
    for kind, chosen in members.items():
        groups, group = distinct(of[chosen])
        sums = {name: np.zeros(len(groups)) for name in wanted}
        for name in added.keys() & sums.keys():
            sums[name] = np.bincount(group, added[name][chosen], len(groups)).astype(np.float64)
        texts = {"page": [pages[place] for place in groups]}
        texts |= {each: [""] * len(groups) for each in ("level", "device")}
        tables.append(_table(kind, texts, np.arange(len(groups)), np.zeros(len(groups)), sums))
    return pa.concat_tables(tables)


def _named(groups: Places, names: list[tuple[str, ...]]) -> dict[str, list[str]]:
    """The texts of each group's page, level and device."""
    found = []
    for each in reversed(names):
        groups, number = np.divmod(groups, max(1, len(each)))
        found.append([each[place] for place in number])
    return dict(zip(("page", "level", "device"), reversed(found), strict=True))

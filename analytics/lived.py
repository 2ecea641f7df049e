"""How people's time went, as sums that days add up to: by level, and by minute of the clock."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.estimates import VISITORS_MIN, ClusterSums
from analytics.levels import EVERYONE
from analytics.times import Span
from analytics.user_time import MINUTE_US, Floats, Minutes, Signs, Stretches, by_minute, present

ACTIVE_GAP_US = 900_000_000
"""As in the store's active_hours."""
CLOCK = ("up", "down", "lived", "there")
SUMS = (*ClusterSums.__struct_fields__, "active_s", "down_s", "met", "met_weight")
COLUMNS = {
    "level": pa.string(),
    "visitor": pa.uint64(),
    "minute": pa.int64(),
    **dict.fromkeys((*SUMS, *CLOCK), pa.float64()),
}
"""Of three kinds of rows: with a level and SUMS; with a level and one of its visitors; with a
minute and CLOCK."""


class People(Struct, frozen=True):
    """Of each session, by its number."""

    level: NDArray[np.object_]
    visitor: NDArray[np.uint64]
    weight: NDArray[np.float64]


class LevelTime(Struct, frozen=True):
    """Sums over the sessions of a level: those of `share` are of seconds, up of active ones, and
    `visitors` are as many as matter, at least."""

    share: ClusterSums
    active_s: float
    down_s: float
    met: int
    """Sessions that were down for a while."""
    met_weight: float
    visitors: int

    @property
    def user_uptime(self) -> Estimate:
        return self.share.share(self.visitors)


class Lived(Struct, frozen=True):
    """By level, EVERYONE's first; and by minute, where `there` is people's time whatever they
    met."""

    levels: Mapping[str, LevelTime]
    minutes: Minutes
    there: Floats


def told(people: People, signs: Signs, found: Stretches, span: Span) -> pa.Table:
    """What one part of the sessions adds; see COLUMNS. `found` are their stretches in the span."""
    minutes = by_minute(found, people.weight, span)
    there = by_minute(present(signs, ACTIVE_GAP_US, span), people.weight, span).up
    clock = {"up": minutes.up, "down": minutes.down, "lived": minutes.lived, "there": there}
    some = np.flatnonzero(sum(clock.values()))
    of_minutes = {"minute": minutes.first + some, **{n: each[some] for n, each in clock.items()}}
    return _table([*_levels(people, found), of_minutes])


def _levels(people: People, found: Stretches) -> Iterator[dict[str, object]]:
    count, seconds = len(people.weight), found.seconds
    up_s = np.bincount(found.session, np.where(found.up, seconds, 0.0), count)
    active_s = np.bincount(found.session, seconds, count)
    there = active_s > 0
    for level in np.unique(people.level[there].astype(str)):
        members = there & np.asarray(people.level == level)
        w = people.weight[members]
        up, active = w * up_s[members], w * active_s[members]
        sums = {
            "sessions": float(members.sum()),
            "weight": w.sum(),
            "weight_squares": np.square(w).sum(),
            "trials": active.sum(),
            "hits": up.sum(),
            "trials_squares": np.square(active).sum(),
            "products": (up * active).sum(),
            "hits_squares": np.square(up).sum(),
            "active_s": active.sum(),
            "down_s": (active - up).sum(),
            "met": float((active_s[members] - up_s[members] > 0).sum()),
            "met_weight": w[active_s[members] - up_s[members] > 0].sum(),
        }
        yield {"level": [level], **{name: [value] for name, value in sums.items()}}
        few = np.unique(people.visitor[members])[:VISITORS_MIN]
        yield {"level": [level] * len(few), "visitor": few}


def _table(parts: Iterable[Mapping[str, object]]) -> pa.Table:
    tables = [
        pa.table({name: pa.array(values, COLUMNS[name]) for name, values in part.items()})
        for part in parts
    ]
    empty = pa.schema(list(COLUMNS.items())).empty_table()
    return pa.concat_tables([empty, *tables], promote_options="default")


def added(parts: pa.Table, span: Span) -> Lived:
    """The rows of all parts put together."""
    sums = _with(parts, "weight").groupby("level")[list(SUMS)].sum()
    visitors = _with(parts, "visitor").groupby("level")["visitor"].unique()
    levels = {
        str(level): _level(dict(row), visitors.get(level, ())) for level, row in sums.iterrows()
    }
    known = set().union(*(set(each) for each in visitors))
    everyone = _level(dict(sums.sum()), known)
    clock = _with(parts, "minute")
    first = span[0] // MINUTE_US
    count = max(1, -(-span[1] // MINUTE_US) - first)
    place = clock["minute"].to_numpy(dtype=np.int64) - first
    by_name = {
        name: np.bincount(place, clock[name].to_numpy(dtype=np.float64), count).astype(np.float64)
        for name in CLOCK
    }
    minutes = Minutes(first=first, up=by_name["up"], down=by_name["down"], lived=by_name["lived"])
    return Lived({EVERYONE: everyone, **levels}, minutes, by_name["there"])


def _with(parts: pa.Table, column: str) -> pd.DataFrame:
    """The rows that have the column."""
    found: pd.DataFrame = parts.filter(parts[column].is_valid()).to_pandas()
    return found


def _level(sums: Mapping[str, float], visitors: Iterable[int]) -> LevelTime:
    share = ClusterSums(**{name: float(sums[name]) for name in ClusterSums.__struct_fields__})
    return LevelTime(
        share,
        float(sums["active_s"]),
        float(sums["down_s"]),
        int(sums["met"]),
        float(sums["met_weight"]),
        len(set(visitors)),
    )


NOBODY = _level(dict.fromkeys(SUMS, 0.0), ())

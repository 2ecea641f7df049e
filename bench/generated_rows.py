"""The rows of a generated store: what its people did, as Arrow tables of the shape of `events`."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bench.generated_people import (
    BROWSED,
    MS_US,
    OUTAGE,
    PAGES,
    SIGNED,
    Ints,
    Planted,
    Sessions,
    Views,
    coded,
    drawn,
    sessions_of,
    views_of,
    within_outage,
)
from rum.records import Click

SITE = "shop"

FLOOD_SESSION = "f100d" + "0" * 27
"""In every sample: its bucket is 0."""

_FLOOD_KINDS = ("view", "vitals", "click", "request", "error", "event", "leave")
_DAY_US = 86_400_000_000
_KINDS = (("sale", 0.7), ("rent", 0.3))
_PLACES = 40
"""Different elements that are clicked, requests that are made, errors that are met."""


def day_tables(
    chance: np.random.Generator, day: date, count: int, planted: Planted
) -> Iterator[pa.Table]:
    midnight = round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
    sessions = sessions_of(chance, midnight, count, f"4.{day.isocalendar().week}.0")
    views, signed = views_of(chance, sessions, planted)
    yield _view_rows(chance, sessions, views)
    yield _vital_rows(chance, sessions, views, planted)
    yield _click_rows(chance, sessions, views)
    yield _request_rows(chance, sessions, views)
    if planted.outage:
        yield _failed_rows(chance, sessions, views, planted.outage)
    yield _error_rows(chance, sessions, views)
    yield _leave_rows(chance, sessions, views)
    yield _searches(chance, sessions, views)
    yield _signatures(chance, sessions, views, signed)


def _view_rows(chance: np.random.Generator, sessions: Sessions, views: Views) -> pa.Table:
    count = len(views.session)
    every = np.arange(count)
    more = {
        "path": coded(
            views.page * 1000 + chance.integers(0, 1000, count),
            [page.replace("?", str(1000 + n)) for page in PAGES for n in range(1000)],
        ),
        "via": coded(np.minimum(views.number, 1), ["load", "route"]),
    }
    return _rows(sessions, views, every, views.time, "view", 0, more)


def _vital_rows(
    chance: np.random.Generator, sessions: Sessions, views: Views, planted: Planted
) -> pa.Table:
    measured = np.nonzero(chance.random(len(views.session)) < 0.9)[0]
    count = len(measured)
    lcp = chance.lognormal(7.4, 0.45, count)
    if planted.slow_page:
        lcp += 3000.0 * (views.page[measured] == PAGES.index(planted.slow_page))
    inp = np.where(chance.random(count) < 0.7, chance.lognormal(4.6, 0.6, count), np.nan)
    target = chance.integers(0, _PLACES, count)
    attribution = pa.StructArray.from_arrays(
        [
            coded(target, [f"main > section:nth-of-type({n}) > img" for n in range(_PLACES)]),
            coded(target, [f"/media/{n}.jpg" for n in range(_PLACES)]),
            pa.array(np.round(lcp * 0.3), pa.float32()),
            coded(target, [f"form > button.action-{n}" for n in range(_PLACES)]),
            coded(target, [f"/assets/part-{n}.js" for n in range(_PLACES)]),
        ],
        names=["lcp_target", "lcp_url", "lcp_load_time_ms", "inp_target", "inp_script"],
    )
    more = {
        "lcp_ms": pa.array(np.round(lcp), pa.float32()),
        "inp_ms": pa.array(np.round(inp), pa.float32(), from_pandas=True),
        "cls": pa.array(np.round(chance.exponential(0.05, count), 4), pa.float32()),
        "fcp_ms": pa.array(np.round(lcp * 0.6), pa.float32()),
        "ttfb_ms": pa.array(np.round(chance.lognormal(5.3, 0.5, count)), pa.float32()),
        "attribution": attribution,
    }
    at = views.time[measured] + views.dwell[measured] * 9 // 10
    return _rows(sessions, views, measured, at, "vitals", 1, more)


def _click_rows(chance: np.random.Generator, sessions: Sessions, views: Views) -> pa.Table:
    of, nth, at = _spread(chance, views, 1.2)
    count = len(of)
    click = pa.StructArray.from_arrays(
        [
            coded(
                chance.integers(0, _PLACES, count),
                [f"main > div > button.choice-{n}" for n in range(_PLACES)],
            ),
            pa.array(np.round(chance.random(count), 2), pa.float32()),
            pa.array(np.round(chance.random(count), 2), pa.float32()),
            pa.array(chance.integers(0, 1200, count), pa.int32()),
            pa.array(chance.integers(0, 3000, count), pa.int32()),
            pa.array(np.full(count, 1280), pa.int32()),
            pa.array(np.full(count, 3200), pa.int32()),
            pa.array(np.zeros(count, dtype=np.bool_)),
            pa.array(np.where(chance.random(count) < 0.01, 4, 0), pa.uint16()),
            pa.array(chance.random(count) < 0.03),
            pa.array(chance.random(count) < 0.005),
        ],
        names=Click.__struct_fields__,
    )
    return _rows(sessions, views, of, at, "click", 2 + nth, {"click": click})


def _request_rows(chance: np.random.Generator, sessions: Sessions, views: Views) -> pa.Table:
    of, nth, at = _spread(chance, views, 0.8)
    failed = chance.random(len(of)) < 0.01
    more = {"request": _requests(chance, failed)}
    return _rows(sessions, views, of, at, "request", 20 + nth, more)


def _failed_rows(
    chance: np.random.Generator, sessions: Sessions, views: Views, outage: datetime
) -> pa.Table:
    """One request for each view of a step that the outage fails."""
    met = within_outage(views.time, outage) & (views.page >= len(BROWSED))
    of = np.nonzero(met & (chance.random(len(met)) < OUTAGE))[0]
    more = {"request": _requests(chance, np.ones(len(of), dtype=np.bool_))}
    return _rows(sessions, views, of, views.time[of] + 2, "request", 30, more)


def _requests(chance: np.random.Generator, failed: NDArray[np.bool_]) -> pa.StructArray:
    count = len(failed)
    duration = np.round(chance.lognormal(5.0, 0.8, count), 1)
    return pa.StructArray.from_arrays(
        [
            coded(chance.integers(0, _PLACES, count), [f"/api/part-{n}/?" for n in range(_PLACES)]),
            pa.array(np.where(failed, 503, 200), pa.uint16()),
            pa.array(duration, pa.float32()),
            pa.array(["GET"] * count, pa.string()),
            pa.array(np.round(duration * 0.8, 1), pa.float32()),
            pa.array(["fetch"] * count, pa.string()),
            pa.array(np.zeros(count, dtype=np.bool_)),
        ],
        names=["url", "status", "duration_ms", "method", "wait_ms", "initiator", "aborted"],
    )


def _error_rows(chance: np.random.Generator, sessions: Sessions, views: Views) -> pa.Table:
    of, nth, at = _spread(chance, views, 0.02)
    which = chance.integers(0, _PLACES, len(of))
    more = {
        "name": coded(which % 3, ["TypeError", "RangeError", "NetworkError"]),
        "message": coded(which, [f"cannot read part {n} of undefined" for n in range(_PLACES)]),
        "stack": coded(
            which,
            [f"at part{n} (/assets/part-{n}.js:1:{n}17)\nat run (/app.js:1:9)" for n in range(40)],
        ),
        "source": pa.array(["script"] * len(of), pa.string()),
    }
    return _rows(sessions, views, of, at, "error", 40 + nth, more)


def _leave_rows(chance: np.random.Generator, sessions: Sessions, views: Views) -> pa.Table:
    count = len(views.session)
    visible = views.dwell / 1000
    leave = pa.StructArray.from_arrays(
        [
            pa.array(chance.integers(0, 3200, count), pa.int32()),
            pa.array(np.round(chance.random(count), 2), pa.float32()),
            pa.array(np.round(visible * chance.random(count)), pa.float32()),
            pa.array(np.round(visible), pa.float32()),
        ],
        names=["scroll_px", "scroll", "engaged_ms", "visible_ms"],
    )
    at = views.time + views.dwell - 1
    return _rows(sessions, views, np.arange(count), at, "leave", 60, {"leave": leave})


def _searches(chance: np.random.Generator, sessions: Sessions, views: Views) -> pa.Table:
    of, nth, at = _spread(chance, views, 0.1)
    more = {"name": coded(chance.integers(0, 3, len(of)), ["search", "contact", "favourite"])}
    return _rows(sessions, views, of, at, "event", 50 + nth, more)


def _signatures(
    chance: np.random.Generator, sessions: Sessions, views: Views, signed: Ints
) -> pa.Table:
    count = len(signed)
    kinds = drawn(chance, count, _KINDS)
    more = {
        "name": pa.array([SIGNED] * count, pa.string()),
        "value": pa.array(np.round(chance.lognormal(7, 0.5, count), 2), pa.float64()),
        "currency": pa.array(["EUR"] * count, pa.string()),
        "attributes": pa.MapArray.from_arrays(
            pa.array(np.arange(count + 1), pa.int32()),
            pa.array(["kind"] * count, pa.string()),
            kinds.cast(pa.string()),
        ),
    }
    at = views.time[signed] + views.dwell[signed] * 4 // 5
    return _rows(sessions, views, signed, at, "event", 58, more)


def _spread(chance: np.random.Generator, views: Views, mean: float) -> tuple[Ints, Ints, Ints]:
    """So many things a view: their view, their place within it, their time."""
    counts = np.minimum(chance.poisson(mean, len(views.session)), 8)
    of = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(len(of)) - (np.cumsum(counts) - counts)[of]
    at = views.time[of] + (chance.random(len(of)) * views.dwell[of] * 0.79).astype(np.int64)
    return of, nth, at + 1


def _rows(
    sessions: Sessions,
    views: Views,
    of: Ints,
    at: Ints,
    kind: str,
    position: int | Ints,
    more: dict[str, pa.Array],
) -> pa.Table:
    """Rows of `events`, one for each of the views `of`, each view's in a batch sent at its end."""
    session = views.session[of]
    sent = (views.time + views.dwell)[of] // MS_US * MS_US
    # Drawn from nothing, so that the population is the same: up to 0.26 s, in microseconds.
    way = 20_000 + (sessions.load[session] + views.number[of] * 4099) % (1 << 18)
    columns: dict[str, Any] = {
        **_frame(sessions.ids[session], at, sent, sent + way, kind),
        "batch": pa.array((sessions.load[session] << 20) | views.number[of], pa.uint64()),
        "position": pa.array(np.broadcast_to(np.asarray(position), len(of)), pa.uint16()),
        "view": pa.array(views.number[of], pa.uint32()),
        "page": coded(views.page[of], PAGES),
        **{name: column.take(pa.array(session)) for name, column in sessions.columns.items()},
        **more,
    }
    return pa.table(columns)


def _frame(
    ids: NDArray[np.uint8], at: Ints, sent: Ints, received: Ints, kind: str
) -> dict[str, pa.Array]:
    """The columns that every row has, from its session's id and its times."""
    count = len(at)
    at = at // MS_US * MS_US
    data = np.ascontiguousarray(ids)
    bucket = data[:, 12:].copy().view(">u4").ravel().astype(np.uint32)
    times = pa.array(at).cast(pa.timestamp("us"))
    storage = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), count, [None, pa.py_buffer(data.tobytes())]
    )
    no = pa.array(np.zeros(count, dtype=np.bool_))
    return {
        "site": pa.DictionaryArray.from_arrays(np.zeros(count, dtype=np.int8), [SITE]),
        "day": pa.array((at // _DAY_US).astype(np.int32), pa.int32()).cast(pa.date32()),
        "bucket": pa.array(bucket),
        "session": pa.ExtensionArray.from_storage(pa.uuid(), storage),
        "time": times,
        "client_time": times,
        "sent": pa.array(sent).cast(pa.timestamp("us")),
        "received": pa.array(received).cast(pa.timestamp("us")),
        "kind": pa.DictionaryArray.from_arrays(np.zeros(count, dtype=np.int8), [kind]),
        "bot": no,
        "generated": no,
        "server": no,
        "storage_free": no,
    }


def flood_table(day: date, events: int) -> pa.Table:
    """One session that goes round the pages all day, and meets something of every kind on each."""
    midnight = round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
    number = np.arange(events)
    view, of_view = np.divmod(number, len(_FLOOD_KINDS))
    ids = np.tile(np.frombuffer(bytes.fromhex(FLOOD_SESSION), np.uint8), (events, 1))
    at = midnight + number * (_DAY_US // (events + 1))

    def of(kind: str, array: pa.Array) -> pa.Array:
        """The array where rows are of the kind, NULL elsewhere."""
        return pc.if_else(pa.array(of_view == _FLOOD_KINDS.index(kind)), array, None)

    click = pa.StructArray.from_arrays(
        [pa.array(["main > button"] * events), pa.array(np.full(events, 4, dtype=np.uint16))],
        names=["target", "rage"],
    )
    names = {"event": SIGNED, "error": "TypeError"}
    kinds = {"kind": coded(of_view, _FLOOD_KINDS)}
    return pa.table(
        {
            **_frame(ids, at, at + 5_000_000, at + 5_000_000, "view"),
            **kinds,
            "batch": pa.array((1 << 20) + number // 50, pa.uint64()),
            "position": pa.array(number % 50, pa.uint16()),
            "view": pa.array(view, pa.uint32()),
            "page": coded(view % len(PAGES), PAGES),
            "name": coded(of_view, [names.get(kind) for kind in _FLOOD_KINDS]),
            "lcp_ms": of("vitals", pa.array(np.full(events, 5000.0), pa.float32())),
            "cls": of("vitals", pa.array(np.full(events, 0.3), pa.float32())),
            "click": of("click", click),
            "request": of("request", _requests(np.random.default_rng(1), of_view == 3)),
            "message": of("error", pa.array(["part is undefined"] * events)),
        }
    )

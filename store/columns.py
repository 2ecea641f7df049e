"""Records as Arrow tables, column by column, in the shape of the store's tables."""

from collections.abc import Sequence
from itertools import chain, islice
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec.structs import astuple

from probes.result import CheckResult, MonitorDefinition
from rum.records import Attribution, Batch, Click, Event, Frame, Leave, PageRequest, Refusal
from store.user_buckets import buckets_of_keys

Tables = dict[str, pa.Table]
"""Rows to insert, by the name of the table they go to; columns are matched by name."""

UNSTORABLE = (ValueError, OverflowError, TypeError)
"""What building a table raises for a value its column cannot hold; Arrow's errors are of these."""

TIME_END_US = 253_402_300_800_000_000
"""The year 10000: Python has no times from there on."""

TRANSPOSED_ROWS = 256


def _struct_type(record: type[msgspec.Struct], **types: pa.DataType) -> pa.StructType:
    """The type of a part of an event; fields without a type of their own are float32."""
    return pa.struct([(name, types.get(name, pa.float32())) for name in record.__struct_fields__])


_DAY_US = 86_400_000_000
_TIME = pa.timestamp("us")
_MAP = pa.map_(pa.string(), pa.string())
_HOPS = pa.list_(pa.struct([("name", pa.string()), ("total_ms", pa.float32())]))
_ATTRIBUTION = _struct_type(
    Attribution,
    **{
        name: pa.string()
        for name in ("lcp_target", "lcp_url", "inp_target", "inp_type", "inp_script", "cls_target")
    },
)
_CLICK = _struct_type(
    Click,
    target=pa.string(),
    page_x=pa.int32(),
    page_y=pa.int32(),
    viewport_width=pa.int32(),
    document_height=pa.int32(),
    fixed=pa.bool_(),
    rage=pa.uint16(),
    dead=pa.bool_(),
    error=pa.bool_(),
)
_REQUEST = _struct_type(
    PageRequest,
    url=pa.string(),
    status=pa.uint16(),
    method=pa.string(),
    initiator=pa.string(),
    aborted=pa.bool_(),
)
_FRAME = _struct_type(Frame, script=pa.string(), invoker=pa.string())
_LEAVE = _struct_type(Leave, scroll_px=pa.int32())
_EVENT_TYPES: dict[str, pa.DataType] = {
    "position": pa.uint16(),
    "kind": pa.string(),
    "time_us": _TIME,
    "client_us": _TIME,
    "view": pa.uint32(),
    "page": pa.string(),
    "path": pa.string(),
    "name": pa.string(),
    "message": pa.string(),
    "stack": pa.string(),
    "value": pa.float64(),
    "currency": pa.string(),
    "attributes": _MAP,
    "lcp_ms": pa.float32(),
    "inp_ms": pa.float32(),
    "cls": pa.float32(),
    "fcp_ms": pa.float32(),
    "ttfb_ms": pa.float32(),
    "via": pa.string(),
    "source": pa.string(),
    "attribution": _ATTRIBUTION,
    "click": _CLICK,
    "request": _REQUEST,
    "frame": _FRAME,
    "leave": _LEAVE,
}
if tuple(_EVENT_TYPES) != Event.__struct_fields__:  # they are matched by position
    raise TypeError("the columns of events are not the fields of Event")
_EMPTY_IS_NULL = frozenset({"path", "name", "message", "stack", "currency", "via", "source"})
_RENAMED = {"time_us": "time", "client_us": "client_time"}


def batch_tables(batches: Sequence[Batch]) -> Tables:
    """Rows of `batches` and `events`. Raises one of UNSTORABLE for a value out of range."""
    packed = session_bytes([batch.session for batch in batches])
    sessions = _uuids(packed)
    numbers = pa.array([batch.batch for batch in batches], pa.uint64())
    received = _times([batch.received_us for batch in batches])
    identities = pa.table({"session": sessions, "batch": numbers, "received": received})
    of_batch = {
        "site": pa.array([batch.site for batch in batches], pa.string()),
        "bucket": pa.array(_buckets(packed)),
        "session": sessions,
        "batch": numbers,
        "received": received,
        "sent": _times([batch.sent_us for batch in batches]),
        "level": _texts([batch.level for batch in batches]),
        "user_key": _texts([batch.user for batch in batches]),
        "user_bucket": _user_buckets([batch.user for batch in batches]),
        "environment": _texts([batch.environment for batch in batches]),
        "release": _texts([batch.release for batch in batches]),
        "device": _texts([batch.device for batch in batches]),
        "browser": _texts([batch.browser for batch in batches]),
        "os": _texts([batch.os for batch in batches]),
        "country": _texts([batch.country for batch in batches]),
        "campaign": _texts([batch.campaign for batch in batches]),
        "referrer": _texts([batch.referrer for batch in batches]),
        "segments": _maps([batch.segments for batch in batches]),
        "bot": pa.array([batch.bot for batch in batches], pa.bool_()),
        "generated": pa.array([batch.generated for batch in batches], pa.bool_()),
        "server": pa.array([batch.server for batch in batches], pa.bool_()),
        "storage_free": pa.array([batch.storage_free for batch in batches], pa.bool_()),
    }
    repeated = np.repeat(np.arange(len(batches)), [len(batch.events) for batch in batches])
    places = pa.array(repeated)
    columns = {name: column.take(places) for name, column in of_batch.items()}
    events = pa.table(columns | _event_columns(batches))
    return {"batches": identities, "events": events}


def check_tables(results: Sequence[CheckResult]) -> Tables:
    """Rows of `checks`. Raises one of UNSTORABLE for a value out of range."""
    columns = {
        "monitor": pa.array([result.monitor for result in results], pa.string()),
        "location": pa.array([result.location for result in results], pa.string()),
        "due": _times([result.due_us for result in results]),
        "started": _times([result.started_us for result in results]),
        "outcome": pa.array([result.outcome.value for result in results], pa.string()),
        "verdict": pa.array([result.outcome.verdict.value for result in results], pa.string()),
        "interval_ms": pa.array([result.interval_ms for result in results], pa.uint32()),
        "timeout_ms": pa.array([result.timeout_ms for result in results], pa.uint32()),
        "detail": _texts([result.detail for result in results]),
        "status": pa.array([result.status for result in results], pa.uint16()),
        "address": _texts([result.address for result in results]),
        "body_bytes": pa.array([result.body_bytes for result in results], pa.uint64()),
        "redirects": pa.array([result.redirects for result in results], pa.uint8()),
        "generated": pa.array([result.generated for result in results], pa.bool_()),
        "failed_step": _texts([result.failed_step for result in results]),
        "body_part": _texts([result.body_part for result in results]),
        "http_version": _texts([result.http_version for result in results]),
        "certificate_expires": pa.array(
            [result.certificate_expires_us for result in results], pa.int64()
        ).cast(_TIME),
        "certificate_issuer": _texts([result.certificate_issuer for result in results]),
        "certificate_names": pa.array(
            [result.certificate_names or None for result in results], pa.list_(pa.string())
        ),
        "certificate_problem": _texts([result.certificate_problem for result in results]),
        "hops": pa.array([_hops(result) for result in results], _HOPS),
        "clock_shift_ms": pa.array([result.clock_shift_ms for result in results], pa.float64()),
    }
    for name in ("lag", "dns", "connect", "tls", "wait", "transfer", "total"):
        values = [getattr(result, f"{name}_ms") for result in results]
        columns[f"{name}_ms"] = pa.array(values, pa.float32())
    return {"checks": pa.table(columns)}


def _hops(result: CheckResult) -> list[dict[str, Any]] | None:
    return [{"name": name, "total_ms": total_ms} for name, total_ms in result.hops] or None


def definition_tables(definitions: Sequence[MonitorDefinition]) -> Tables:
    """Rows of `monitor_definitions`. Raises one of UNSTORABLE for a value out of range."""
    monitors = [definition.monitor for definition in definitions]
    columns = {
        "monitor": pa.array([monitor.id for monitor in monitors], pa.string()),
        "location": pa.array([definition.location for definition in definitions], pa.string()),
        "from_time": _times([definition.from_us for definition in definitions]),
        "name": pa.array([monitor.name or monitor.id for monitor in monitors], pa.string()),
        "site": _texts([monitor.site for monitor in monitors]),
        "url": pa.array([monitor.url for monitor in monitors], pa.string()),
        "interval_ms": pa.array([round(m.interval_s * 1000) for m in monitors], pa.uint32()),
        "timeout_ms": pa.array([round(m.timeout_s * 1000) for m in monitors], pa.uint32()),
        "confirm_after": pa.array([monitor.confirm_after for monitor in monitors], pa.uint16()),
        "recover_after": pa.array([monitor.recover_after for monitor in monitors], pa.uint16()),
        "paused": pa.array([monitor.paused for monitor in monitors], pa.bool_()),
        "removed": pa.array([definition.removed for definition in definitions], pa.bool_()),
        "definition": pa.array([msgspec.json.encode(m).decode() for m in monitors], pa.string()),
        "generated": pa.array([definition.generated for definition in definitions], pa.bool_()),
    }
    return {"monitor_definitions": pa.table(columns)}


def refusal_tables(refusals: Sequence[Refusal]) -> Tables:
    """Rows of `refused`. Raises one of UNSTORABLE for a value out of range."""
    columns = {
        "received": _times([refusal.received_us for refusal in refusals]),
        "site": _texts([refusal.site for refusal in refusals]),
        "reason": pa.array([refusal.reason.value for refusal in refusals], pa.string()),
        "count": pa.array([refusal.count for refusal in refusals], pa.uint64()),
        "detail": _texts([refusal.detail for refusal in refusals]),
        "part": _texts([refusal.part for refusal in refusals]),
        "origin": _texts([refusal.origin for refusal in refusals]),
    }
    return {"refused": pa.table(columns)}


def session_bytes(sessions: Sequence[str]) -> bytes:
    """16 bytes each. Raises ValueError when one is not 32 hex digits."""
    packed = bytes.fromhex("".join(sessions))
    if len(packed) != 16 * len(sessions) or any(len(session) != 32 for session in sessions):
        raise ValueError("a session id is 32 hex digits")
    return packed


def uuid_array(sessions: Sequence[str]) -> pa.ExtensionArray:
    """Session ids as UUIDs. Raises ValueError when one is not 32 hex digits."""
    return _uuids(session_bytes(sessions))


def _uuids(packed: bytes) -> pa.ExtensionArray:
    storage = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), len(packed) // 16, [None, pa.py_buffer(packed)]
    )
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def _buckets(packed: bytes) -> pa.Array:
    """Of each session, as `bucket_of` has it: the last four bytes."""
    return pa.array(np.frombuffer(packed, ">u4")[3::4].astype(np.uint32))


def _user_buckets(users: Sequence[str]) -> pa.Array:
    """NULL for nobody. A user's batches come together, so each is reckoned once."""
    known = [user for user in set(users) if user]
    buckets: dict[str, int | None] = dict(zip(known, buckets_of_keys(known), strict=True))
    return pa.array([buckets.get(user) for user in users], pa.uint32())


def _event_columns(batches: Sequence[Batch]) -> dict[str, pa.Array]:
    values: list[list[Any]] = [[] for _ in _EVENT_TYPES]
    events = chain.from_iterable(batch.events for batch in batches)
    # From rows to columns in C, by a few at a time so that they stay in the processor's cache.
    while chunk := tuple(map(astuple, islice(events, TRANSPOSED_ROWS))):
        for column, more in zip(values, zip(*chunk, strict=True), strict=True):
            column.extend(more)
    columns = {
        _RENAMED.get(field, field): _event_column(field, kind, column)
        for (field, kind), column in zip(_EVENT_TYPES.items(), values, strict=True)
    }
    times = columns["time"].cast(pa.int64()).to_numpy()
    columns["day"] = pa.array((times // _DAY_US).astype(np.int32), pa.int32()).cast(pa.date32())
    return columns


def _event_column(field: str, kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    if kind is _TIME:
        return _times(values)
    if kind is _MAP:
        return _maps(values)
    if field in _EMPTY_IS_NULL:
        return _texts(values)
    if isinstance(kind, pa.StructType):
        return _structs(kind, values)
    return pa.array(values, kind)


def _structs(kind: pa.StructType, values: Sequence[msgspec.Struct | None]) -> pa.Array:
    """Parts of events, most of which are None; texts in them that are "" become NULL."""
    some = [astuple(value) for value in values if value is not None]
    if not some:
        return pa.nulls(len(values), kind)
    columns = [
        _texts(column) if field.type == pa.string() else pa.array(column, field.type)
        for field, column in zip(kind, zip(*some, strict=True), strict=True)
    ]
    dense = pa.StructArray.from_arrays(columns, fields=list(kind))
    places = iter(range(len(some)))
    return dense.take(
        pa.array([None if value is None else next(places) for value in values], pa.int32())
    )


def _texts(values: Sequence[str]) -> pa.Array:
    """Texts of a nullable column: "" becomes NULL."""
    if not any(values):
        return pa.nulls(len(values), pa.string())
    return pa.array([value or None for value in values], pa.string())


def _times(values: Sequence[int]) -> pa.Array:
    times: npt.NDArray[np.int64] = np.array(values, np.int64)
    if times.size and (times.min() < 0 or times.max() >= TIME_END_US):
        raise ValueError("a time lies between 1970 and 9999")
    return pa.array(times).cast(_TIME)


def _maps(values: Sequence[dict[str, str]]) -> pa.Array:
    """Maps; an empty one becomes NULL."""
    some = [value for value in values if value]
    if not some:
        return pa.nulls(len(values), _MAP)
    lengths = np.fromiter(map(len, values), np.int32, len(values))
    offsets = np.concatenate(([0], np.cumsum(lengths, dtype=np.int32)))
    keys = list(chain.from_iterable(some))
    items = list(chain.from_iterable(value.values() for value in some))
    return pa.MapArray.from_arrays(
        pa.array(offsets, pa.int32(), mask=np.append(lengths == 0, False)),
        pa.array(keys, pa.string()),
        pa.array(items, pa.string()),
    )

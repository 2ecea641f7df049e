"""The JSON Schema of what the collector takes, made from the types that parse it.

    python -m rum.beacon_schema > docs/beacon.schema.json

The types give every field and what it may hold; here is added what intake judges of them: what must
be there, and its range. Unknown fields are allowed: they are passed over.
"""

import json
from typing import Any

import msgspec

from rum.event_intake import TIME_MAX_MS, VIEW_END
from rum.event_kinds import CLS_MAX, DURATION_MAX_MS, PIXELS_MAX, STATUS_MAX
from rum.intake import BATCH_END, SESSION
from rum.limits import Limits
from rum.records import ReplayReason, Source, Via
from rum.replay_intake import LOAD_END, NUMBER_END, ReplayLimits, WireChunk
from rum.server_events import ServerEvent
from rum.wire import VERSION, WireBeacon

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TITLE = f"Vigie: what the collector takes, version {VERSION}"
ROOTS: tuple[type, ...] = (WireBeacon, ServerEvent, WireChunk)
NAMES = {
    "WireBeacon": "Beacon",
    "WireChunk": "ReplayHeader",
    "WireNamed": "Event",
}
"""What the types are called outside; others lose their Wire."""

_SESSION = f"^{SESSION.pattern}$"
_NEEDED = {
    "Beacon": ("v", "site", "batch", "sent", "events"),
    "ReplayHeader": tuple(WireChunk.__struct_fields__),
    "ServerEvent": ("name",),
    "Event": ("name",),
    "Click": ("target",),
    "Request": ("url", "status", "duration"),
    "Frame": ("duration",),
}
_EVENTS = ("View", "Vitals", "Error", "Event", "Click", "Request", "Frame", "Leave")
_ONE_OF = {
    "Vitals": ("lcp", "inp", "cls", "fcp", "ttfb"),
    "Leave": ("scroll_px", "scroll", "engaged", "visible"),
}
"""At least one of these is there."""
_OF_EVENTS = ("kind", "at", "view", "page")
_MS = {"minimum": 0, "maximum": DURATION_MAX_MS}
_TIME = {"minimum": 0, "maximum": TIME_MAX_MS}
_RANGES: dict[str, Schema] = {
    "Beacon.v": {"const": VERSION},
    "Beacon.batch": {"minimum": 0, "maximum": BATCH_END - 1},
    "Beacon.sent": _TIME,
    "Beacon.events": {"minItems": 1, "maxItems": Limits().events_max},
    "ReplayHeader.v": {"const": VERSION},
    "ReplayHeader.session": {"pattern": _SESSION},
    "ReplayHeader.load": {"minimum": 0, "maximum": LOAD_END - 1},
    "ReplayHeader.number": {"minimum": 0, "maximum": NUMBER_END - 1},
    "ReplayHeader.events": {"minimum": 1, "maximum": ReplayLimits().events_max},
    "ReplayHeader.reason": {"enum": [reason.value for reason in ReplayReason]},
    "ReplayHeader.start": _TIME,
    "ReplayHeader.end": _TIME,
    "ReplayHeader.sent": _TIME,
    "View.via": {"enum": [*(via.value for via in Via), None]},
    "Error.source": {"enum": [*(source.value for source in Source), None]},
    "Click.x": {"minimum": 0, "maximum": 1},
    "Click.y": {"minimum": 0, "maximum": 1},
    "Request.status": {"minimum": 0, "maximum": STATUS_MAX},
    "Request.duration": _MS,
    "Frame.duration": _MS,
    "Leave.scroll": {"minimum": 0, "maximum": 1},
    "Leave.scroll_px": {"minimum": 0, "maximum": PIXELS_MAX},
    "Vitals.cls": {"minimum": 0, "maximum": CLS_MAX},
    **{f"Vitals.{name}": _MS for name in ("lcp", "inp", "fcp", "ttfb")},
}


def beacon_schema() -> Schema:
    """One document: a beacon; `$defs` holds also `ServerEvents`, what /events/v1 takes, and
    `ReplayHeader`, the first line of a piece of a recording."""
    _, components = msgspec.json.schema_components(ROOTS, ref_template="#/$defs/{name}")
    defs = {_name(name): _renamed(schema) for name, schema in components.items()}
    for name, needed in _NEEDED.items():
        _need(defs[name], needed)
    for name in _EVENTS:
        _need(defs[name], _OF_EVENTS)
        defs[name]["properties"]["at"].update(_TIME)
        defs[name]["properties"]["view"].update({"minimum": 0, "maximum": VIEW_END - 1})
        defs[name]["properties"]["page"]["minLength"] = 1
    for place, limits in _RANGES.items():
        name, field = place.split(".")
        defs[name]["properties"][field].update(limits)
    for name, fields in _ONE_OF.items():
        defs[name]["anyOf"] = [{"required": [field]} for field in fields]
    _need_a_session(defs["Beacon"])
    defs["ServerEvents"] = _server_events(defs["ServerEvent"])
    return {"$schema": DIALECT, "title": TITLE, "$ref": "#/$defs/Beacon", "$defs": defs}


def _server_events(event: Schema) -> Schema:
    key = {"type": ["string", "null"], "description": "The idempotency key."}
    one = {**event, "properties": {**event["properties"], "id": key}}
    items = {
        "type": "array",
        "items": {"$ref": "#/$defs/ServerEvent"},
        "minItems": 1,
        "maxItems": Limits().events_max,
    }
    many = {"type": "object", "properties": {"events": items, "id": key}, "required": ["events"]}
    return {"anyOf": [many, {**one, "not": {"required": ["events"]}}]}


def _need_a_session(beacon: Schema) -> None:
    """A storage-free beacon has none; the collector makes it."""
    beacon["if"] = {
        "properties": {"storage_free": {"const": True}},
        "required": ["storage_free"],
    }
    beacon["else"] = {
        "properties": {"session": {"pattern": _SESSION}},
        "required": ["session"],
    }


def _need(schema: Schema, fields: tuple[str, ...]) -> None:
    """These must be there, and are not null: a default stands only for what may be left out."""
    schema["required"] = sorted({*schema.get("required", ()), *fields})
    for field in fields:
        kind = schema["properties"][field]
        kind.pop("default", None)
        if "anyOf" in kind:
            [some] = [each for each in kind.pop("anyOf") if each != {"type": "null"}]
            kind.update(some)


def _name(name: str) -> str:
    return NAMES.get(name, name.removeprefix("Wire"))


def _renamed(node: Any) -> Any:
    """References and titles by the names used outside."""
    if isinstance(node, list):
        return [_renamed(each) for each in node]
    if not isinstance(node, dict):
        return node
    found: Schema = {}
    for key, value in node.items():
        if key == "$ref":
            found[key] = f"#/$defs/{_name(value.rsplit('/', 1)[1])}"
        elif key == "mapping":
            found[key] = {
                kind: f"#/$defs/{_name(target.rsplit('/', 1)[1])}" for kind, target in value.items()
            }
        elif key == "title":
            found[key] = _name(value)
        elif key != "description":  # docstrings speak to who changes the code
            found[key] = _renamed(value)
    return found


def schema_text() -> str:
    """As it stands in docs/beacon.schema.json."""
    return json.dumps(beacon_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")

"""The demo's vigie.toml: written at each start, because ports may change."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import structs

from vigie.demo import network
from vigie.demo.network import WATCHED, journey_settings, site_settings
from vigie.folders import Address

HEAD = """\
# Settings of the demo, written by `vigie demo` at each start: changes made here are lost.
# For a site of your own: vigie init https://www.example.com
"""


def settings_text(collector: Address, console: Address, site: Address) -> str:
    """The settings, as TOML, of a demo whose processes listen on these addresses."""
    origins = (f"http://127.0.0.1:{site.port}", f"http://localhost:{site.port}")
    tables: list[tuple[str, Mapping[str, Any]]] = [
        ("[collector]", {"host": collector.host, "port": collector.port}),
        ("[console]", {"host": console.host, "port": console.port}),
        ("[prober]", {"location": network.LOCATION}),
        ("[[sites]]", _written(site_settings(origins))),
        *(("[[monitors]]", _written(watched.live(site.url))) for watched in WATCHED),
    ]
    journey = _written(journey_settings())
    steps = journey.pop("steps")
    tables.append(("[[journeys]]", journey))
    tables += [("[[journeys.steps]]", _written(step)) for step in steps]
    return "\n".join([HEAD, f"public_url = {_toml(collector.url)}\n", *map(_table, tables)])


def _written(settings: Any) -> dict[str, Any]:
    """The fields that differ from their defaults, or hold something."""
    return {
        field.name: value
        for field in structs.fields(settings)
        if (value := getattr(settings, field.name)) not in (field.default, {})
    }


def _table(entry: tuple[str, Mapping[str, Any]]) -> str:
    head, values = entry
    lines = [f"{name} = {_toml(value)}" for name, value in values.items()]
    return "\n".join([head, *lines, ""])


def _toml(value: Any) -> str:
    """Texts, numbers, truths, lists and flat tables of them; JSON's texts are TOML's."""
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)

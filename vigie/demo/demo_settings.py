"""The demo's vigie.toml: written at each start, because ports may change."""

from collections.abc import Mapping
from itertools import starmap
from typing import Any

from vigie.demo import network
from vigie.demo.network import OWNERS, WATCHED, contract_settings, journey_settings, site_settings
from vigie.folders import Address
from vigie.settings_toml import set_fields, toml_table, toml_value

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
        ("[[sites]]", set_fields(site_settings(origins))),
        *(("[[monitors]]", set_fields(watched.live(site.url))) for watched in WATCHED),
    ]
    journey = set_fields(journey_settings())
    steps = journey.pop("steps")
    tables.append(("[[journeys]]", journey))
    tables += [("[[journeys.steps]]", set_fields(step)) for step in steps]
    tables += [("[[owners]]", set_fields(owner)) for owner in OWNERS]
    tables.append(("[[contracts]]", set_fields(contract_settings())))
    return "\n".join(
        [HEAD, f"public_url = {toml_value(collector.url)}\n", *starmap(toml_table, tables)]
    )

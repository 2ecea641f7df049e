"""What settings must hold between each other, beyond the shape of each table."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from analytics.question import UNDECLARED
from probes.monitor import Monitor, monitor_problems
from vigie.alerts.channel_checks import channel_problems
from vigie.calendars import calendar_problems
from vigie.contract_checks import contract_problems
from vigie.distant.location_checks import location_problems, unknown_locations
from vigie.journey_checks import step_problems
from vigie.maintenance import maintenance_problems
from vigie.owner_checks import owner_problems
from vigie.settings import (
    ChannelSettings,
    ContractSettings,
    JourneySettings,
    MaintenanceSettings,
    OwnerSettings,
    ProberSettings,
    SiteSettings,
)
from vigie.settings_lines import KeyPath
from vigie.settings_mistakes import Problem
from vigie.settings_shape import shape_problems

T = TypeVar("T")
DEFAULT_PORTS = {"http": 80, "https": 443}
COLLECTOR_PORT = 8600
CONSOLE_PORT = 8601
MEASURED_AGAINST = {
    "keep": "sample",
    "keep_by_level": "levels",
    "timeout_s": "interval_s",
    "latency_max_ms": "timeout_s",
    "credits": "target",
    "weights": "monitors",
}


def relation_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Every contradiction in a document as tomllib read it; tables of a wrong shape are skipped,
    since shape_problems names what is wrong with them."""
    yield from _port_problems(document)
    if isinstance(url := document.get("public_url"), str) and url:
        yield from _url_problems(url, ("public_url",))
    yield from _proxy_problems(document)
    for name in ("sites", "monitors", "journeys", "contracts", "maintenance"):
        yield from _repeats([each.get("id") for each in _tables(document, name)], name, "id")
    yield from _channel_relations(document)
    yield from _repeats([each.get("key") for each in _tables(document, "sites")], "sites", "key")
    own, names = _location_names(document)
    yield from _repeats(names, "locations", "name")
    yield from location_problems(own, names)
    for path, site, wrong in _usable(document, "sites", SiteSettings):
        yield from _of_right_parts(site_problems(site, path), path, wrong)
    for path, monitor, wrong in _usable(document, "monitors", Monitor):
        found = _monitor_problems(document, monitor, path)
        yield from _of_right_parts(found, path, wrong)
    for path, journey, wrong in _usable(document, "journeys", JourneySettings):
        yield from _of_right_parts(journey_problems(document, journey, path), path, wrong)
    for path, planned, wrong in _usable(document, "maintenance", MaintenanceSettings):
        found = _maintenance_problems(document, planned, path)
        yield from _of_right_parts(found, path, wrong)
    for path, owner, wrong in _usable(document, "owners", OwnerSettings):
        yield from _of_right_parts(_owner_problems(document, owner, path), path, wrong)
    promised = [str(each.get("id")) for each in _tables(document, "monitors") if "target" in each]
    for path, contract, wrong in _usable(document, "contracts", ContractSettings):
        found = _contract_problems(document, contract, promised, path)
        yield from _of_right_parts(found, path, wrong)


def _proxy_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    collector = document.get("collector")
    listed = collector.get("trusted_proxies") if isinstance(collector, dict) else None
    for number, network in enumerate(listed if isinstance(listed, list) else ()):
        try:
            ip_network(network if isinstance(network, str) else "::1")
        except ValueError as error:
            yield Problem(
                path=("collector", "trusted_proxies", number),
                wrong=f"is no network: {error}",
                right='write an address, or a network such as "10.0.0.0/8"',
            )


def site_problems(site: SiteSettings, path: KeyPath = ()) -> Iterator[Problem]:
    """What is wrong with one site by itself."""
    for number, origin in enumerate(site.origins):
        yield from _origin_problems(origin, (*path, "origins", number))
    yield from _item_repeats(site.origins, (*path, "origins"))
    yield from _item_repeats(site.levels, (*path, "levels"))
    if UNDECLARED in site.levels:
        yield Problem(
            path=(*path, "levels", site.levels.index(UNDECLARED)),
            wrong=f'is "{UNDECLARED}", which names sessions that declared no level',
            right="take another name",
        )
    if site.keep is not None and site.keep < site.sample:
        yield Problem(
            path=(*path, "keep"),
            wrong=f"is {site.keep:g}, below sample ({site.sample:g})",
            right="what reports read must be kept: give it sample or more",
        )
    for level in site.keep_by_level:
        if level not in (*site.levels, UNDECLARED):
            yield Problem(
                path=(*path, "keep_by_level", level),
                wrong="is no level of the site",
                right=f"its levels are {', '.join(site.levels)}, and {UNDECLARED}",
            )
    if 0 < site.replay.error_rate < site.replay.rate:
        yield Problem(
            path=(*path, "replay", "error_rate"),
            wrong=f"is {site.replay.error_rate:g}, below rate ({site.replay.rate:g})",
            right="sessions in rate are recorded whole: give it more than rate, or 0",
        )
    yield from _page_problems(site.pages, (*path, "pages"))
    yield from _page_problems(site.perceived.error_pages, (*path, "perceived", "error_pages"))
    yield from calendar_problems(site, path)


def _page_problems(pages: Sequence[str], path: KeyPath) -> Iterator[Problem]:
    for number, page in enumerate(pages):
        if not page.startswith("/"):
            yield Problem(
                path=(*path, number),
                wrong=f'is "{page}"',
                right='begin it with "/", such as "/user/?/edit"',
            )


def _monitor_problems(
    document: Mapping[str, Any], monitor: Monitor, path: KeyPath
) -> Iterator[Problem]:
    for found in monitor_problems(monitor):
        yield Problem(
            path=(*path, *(_part(part) for part in found.field.split("."))),
            wrong=found.what,
            right=f"right would be: {found.right}",
        )
    if monitor.site:
        yield from _unknown(document, "sites", monitor.site, (*path, "site"))
    for number, parent in enumerate(monitor.parents):
        yield from _unknown(document, "monitors", parent, (*path, "parents", number))
    yield from unknown_locations(monitor.locations, *_location_names(document), path)


def _part(text: str) -> str | int:
    return int(text) if text.isdigit() else text


def journey_problems(
    document: Mapping[str, Any], journey: JourneySettings, path: KeyPath
) -> Iterator[Problem]:
    """What is wrong with one journey among the sites, monitors and channels of `document`."""
    yield from _unknown(document, "sites", journey.site, (*path, "site"))
    for number, monitor in enumerate(journey.monitors):
        yield from _unknown(document, "monitors", monitor, (*path, "monitors", number))
    yield from _item_repeats(journey.monitors, (*path, "monitors"))
    for number, channel in enumerate(journey.channels):
        yield from _unknown(document, "channels", channel, (*path, "channels", number))
    yield from _item_repeats(journey.channels, (*path, "channels"))
    yield from step_problems(journey, path)


def _maintenance_problems(
    document: Mapping[str, Any], planned: MaintenanceSettings, path: KeyPath
) -> Iterator[Problem]:
    for number, monitor in enumerate(planned.monitors):
        yield from _unknown(document, "monitors", monitor, (*path, "monitors", number))
    yield from _item_repeats(planned.monitors, (*path, "monitors"))
    yield from maintenance_problems(planned, path)


def _owner_problems(
    document: Mapping[str, Any], owner: OwnerSettings, path: KeyPath
) -> Iterator[Problem]:
    if owner.site:
        yield from _unknown(document, "sites", owner.site, (*path, "site"))
    for number, channel in enumerate(owner.channels):
        yield from _unknown(document, "channels", channel, (*path, "channels", number))
    yield from owner_problems(owner, path)


def _contract_problems(
    document: Mapping[str, Any],
    contract: ContractSettings,
    promised: Sequence[str],
    path: KeyPath,
) -> Iterator[Problem]:
    for number, monitor in enumerate(contract.monitors):
        yield from _unknown(document, "monitors", monitor, (*path, "monitors", number))
    yield from _item_repeats(contract.monitors, (*path, "monitors"))
    yield from contract_problems(contract, promised, path)


def _channel_relations(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Of channels, of the monitors that name them, and of the addresses messages need."""
    for table, name in (("console", "url"), ("alerts", "heartbeat_url")):
        if isinstance(url := _table(document, table).get(name), str) and url:
            yield from _url_problems(url, (table, name))
    yield from _repeats(
        [each.get("id") for each in _tables(document, "channels")], "channels", "id"
    )
    for path, channel, wrong in _usable(document, "channels", ChannelSettings):
        yield from _of_right_parts(channel_problems(channel, path), path, wrong)
        if channel.url:
            yield from _of_right_parts(_url_problems(channel.url, (*path, "url")), path, wrong)
    for path, monitor, wrong in _usable(document, "monitors", Monitor):
        for number, wanted in enumerate(monitor.channels):
            found = _unknown(document, "channels", wanted, (*path, "channels", number))
            yield from _of_right_parts(found, path, wrong)
        repeats = _item_repeats(monitor.channels, (*path, "channels"))
        yield from _of_right_parts(repeats, path, wrong)


def _location_names(document: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Of the prober here, and of those elsewhere."""
    names = [str(each.get("name", "")) for each in _tables(document, "locations")]
    return str(_table(document, "prober").get("location", ProberSettings().location)), names


def _port_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    collector = _table(document, "collector").get("port", COLLECTOR_PORT)
    console = _table(document, "console").get("port", CONSOLE_PORT)
    if collector == console and collector != 0:
        where = "console" if "port" in _table(document, "console") else "collector"
        yield Problem(
            path=(where, "port"),
            wrong=f"is {console}, the port of both collector and console",
            right="give each a port of its own",
        )


def _origin_problems(origin: str, path: KeyPath) -> Iterator[Problem]:
    right = 'give scheme, host and port only, such as "https://www.example.com"'
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError as error:
        yield Problem(path=path, wrong=f'"{origin}" is not an origin ({error})', right=right)
        return
    if origin == "*":
        return
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or " " in origin:
        if "://" not in origin and origin and " " not in origin:
            right = f'write "https://{origin.split("/")[0].lower()}"'
        yield Problem(path=path, wrong=f'"{origin}" is not an origin', right=right)
        return
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    normal = f"{parts.scheme}://{host}"
    if port is not None and port != DEFAULT_PORTS[parts.scheme]:
        normal += f":{port}"
    if "*" in parts.hostname.removeprefix("*."):
        right = 'a "*" stands for subdomains only, as in "https://*.example.com"'
        yield Problem(path=path, wrong=f'"{origin}" is not an origin', right=right)
    elif origin != normal:
        yield Problem(
            path=path,
            wrong=f'"{origin}" is not an origin as browsers send it',
            right=f'write "{normal}"',
        )


def _url_problems(url: str, path: KeyPath) -> Iterator[Problem]:
    try:
        parts = urlsplit(url)
        good = parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
        good = good and not any(letter.isspace() for letter in url)
    except ValueError:
        good = False
    if not good:
        yield Problem(
            path=path,
            wrong=f'"{url}" is not a URL',
            right='write one such as "https://www.example.com/vigie"',
        )


def _repeats(values: Sequence[object], table: str, field: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, value in enumerate(values):
        if not isinstance(value, str):
            continue
        if value in seen:
            yield Problem(
                path=(table, number, field),
                wrong=f'"{value}" is taken by another of {table}',
                right=f"give each a {field} of its own",
            )
        seen.add(value)


def _item_repeats(values: Sequence[str], path: KeyPath) -> Iterator[Problem]:
    for number, value in enumerate(values):
        if value in values[:number]:
            yield Problem(
                path=(*path, number), wrong=f'"{value}" stands twice', right="remove one of them"
            )


def _unknown(
    document: Mapping[str, Any], table: str, wanted: str, path: KeyPath
) -> Iterator[Problem]:
    known = [str(each["id"]) for each in _tables(document, table) if "id" in each]
    if wanted not in known:
        listed = ", ".join(f'"{each}"' for each in known) or "none"
        yield Problem(
            path=path,
            wrong=f'"{wanted}" is not the id of any of {table}',
            right=f"known are {listed}",
        )


def _usable(
    document: Mapping[str, Any], name: str, kind: type[T]
) -> Iterator[tuple[KeyPath, T, set[KeyPath]]]:
    """The tables of an array, each with its path and what in it has not the right shape.

    That is left out, or where it must be there stands for itself as a mere filling, so that the
    rest of the table can be judged all the same.
    """
    types = msgspec.inspect.type_info(kind)
    for number, table in enumerate(_tables(document, name)):
        wrong = {problem.path for problem in shape_problems(table, types)}
        usable = copy.deepcopy(table)
        for path in sorted(wrong, key=len, reverse=True):
            _leave_out(usable, path)
        for path in wrong:
            _fill_in(usable, path)
        try:
            converted = msgspec.convert(usable, kind)
        except msgspec.ValidationError:  # an item of something nested is no table at all
            for path in wrong:
                if path[0] not in _REQUIRED:
                    usable.pop(str(path[0]), None)
            usable.setdefault("url", _REQUIRED_WITHIN["url"])
            converted = msgspec.convert(usable, kind)
        yield (name, number), converted, wrong


_REQUIRED: dict[str, Any] = {
    "id": "x",
    "kind": "x",
    "key": "x",
    "site": "x",
    "team": "x",
    "url": "x",
    "origins": ["x"],
}
_REQUIRED |= {"target": 1.0, "monitors": ["x"], "below": 1.0, "credit": 1.0}


def _leave_out(table: dict[str, Any], path: KeyPath) -> None:
    if path[0] == "credits":  # each of a tier's parts is needed: none can be left out alone
        table.pop("credits", None)
        return
    around: Any = table
    for part in path[:-1]:
        around = around[part]
    if isinstance(around, list):  # its other items keep their places
        around[int(path[-1])] = {} if path[0] == "steps" else "x"
    else:
        around.pop(path[-1], None)


def _fill_in(table: dict[str, Any], path: KeyPath) -> None:
    """Put something in the place of what must be there; what stands around it is not judged."""
    key = str(path[-1])
    if len(path) == 1 and key in _REQUIRED:
        table[key] = _REQUIRED[key]
        return
    around: Any = table
    for part in path[:-1]:
        if around is None:
            return  # left out as a whole
        around = around.get(part) if isinstance(around, dict) else around[int(part)]
    if isinstance(around, dict) and key in _REQUIRED_WITHIN:
        around[key] = _REQUIRED_WITHIN[key]


_REQUIRED_WITHIN = {"kind": "json", "name": "x", "path": "$.x", "url": "http://example.com"}


def _of_right_parts(
    problems: Iterable[Problem], path: KeyPath, wrong: set[KeyPath]
) -> Iterator[Problem]:
    """Without those of parts that are wrong in themselves, or measured against such a one."""
    for problem in problems:
        part = problem.path[len(path) :]
        against = MEASURED_AGAINST.get(str(part[0])) if part else None
        if (against,) not in wrong and not any(
            part[: len(each)] == each[: len(part)]
            or (each[-1] in _REQUIRED_WITHIN and len(each) > 1 and part[:-1] == each[:-1])
            for each in wrong
        ):
            yield problem


def _tables(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The tables of an array; one that is no table counts as empty, to keep the numbers."""
    tables = document.get(name, [])
    if not isinstance(tables, list):
        return []
    return [each if isinstance(each, dict) else {} for each in tables]


def _table(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name, {})
    return table if isinstance(table, dict) else {}

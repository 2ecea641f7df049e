"""What settings must hold between each other, beyond the shape of each table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from analytics.question import UNDECLARED
from probes.monitor import Monitor, monitor_problems
from vigie.settings import JourneySettings, SiteSettings
from vigie.settings_lines import KeyPath
from vigie.settings_mistakes import Problem

T = TypeVar("T")
DEFAULT_PORTS = {"http": 80, "https": 443}
COLLECTOR_PORT = 8600
CONSOLE_PORT = 8601


def relation_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Every contradiction in a document as tomllib read it; tables of a wrong shape are skipped,
    since shape_problems names what is wrong with them."""
    yield from _port_problems(document)
    if isinstance(url := document.get("public_url"), str) and url:
        yield from _url_problems(url, ("public_url",))
    for name in ("sites", "monitors", "journeys"):
        yield from _repeats([each.get("id") for each in _tables(document, name)], name, "id")
    yield from _repeats([each.get("key") for each in _tables(document, "sites")], "sites", "key")
    for path, site in _whole(document, "sites", SiteSettings):
        yield from site_problems(site, path)
    for path, monitor in _whole(document, "monitors", Monitor):
        for found in monitor_problems(monitor):
            yield Problem(
                path=(*path, found.field),
                wrong=found.what,
                right=f"right would be: {found.right}",
            )
        if monitor.site:
            yield from _unknown(document, "sites", monitor.site, (*path, "site"))
    for path, journey in _whole(document, "journeys", JourneySettings):
        yield from _journey_problems(document, journey, path)


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
    for number, page in enumerate(site.pages):
        if not page.startswith("/"):
            yield Problem(
                path=(*path, "pages", number),
                wrong=f'is "{page}"',
                right='begin it with "/", such as "/user/?/edit"',
            )


def _journey_problems(
    document: Mapping[str, Any], journey: JourneySettings, path: KeyPath
) -> Iterator[Problem]:
    yield from _unknown(document, "sites", journey.site, (*path, "site"))
    for number, monitor in enumerate(journey.monitors):
        yield from _unknown(document, "monitors", monitor, (*path, "monitors", number))
    yield from _item_repeats(journey.monitors, (*path, "monitors"))
    for number, step in enumerate(journey.steps):
        if bool(step.page) == bool(step.event):
            has = "has both a page and an event" if step.page else "has neither a page nor an event"
            yield Problem(
                path=(*path, "steps", number),
                wrong=has,
                right='give it exactly one: page = "/template" or event = "name"',
            )


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


def _whole(document: Mapping[str, Any], name: str, kind: type[T]) -> Iterator[tuple[KeyPath, T]]:
    """The tables of an array that have the right shape, with their paths."""
    for number, table in enumerate(_tables(document, name)):
        try:
            yield (name, number), msgspec.convert(table, kind)
        except msgspec.ValidationError:
            continue


def _tables(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The tables of an array; one that is no table counts as empty, to keep the numbers."""
    tables = document.get(name, [])
    if not isinstance(tables, list):
        return []
    return [each if isinstance(each, dict) else {} for each in tables]


def _table(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name, {})
    return table if isinstance(table, dict) else {}

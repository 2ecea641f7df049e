"""A monitor as the fields of a form: what each field is for, and from texts to a monitor."""

import math
from collections.abc import Collection, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, Final

import httpx
from msgspec import Struct, structs

from probes.monitor import METHODS, Monitor, Problem, monitor_problems
from probes.targets import why_forbidden
from vigie.console.assertion_rows import assertion_texts, assertions_in
from vigie.console.forms import Field, Texts
from vigie.own_things import free_id


class Group(Struct, frozen=True, kw_only=True):
    """Fields under one heading; `folded` ones are asked for rarely."""

    title: str
    fields: tuple[Field, ...]
    folded: bool = False
    asserts: bool = False
    """Whether the rows of assertions follow it."""

    def used(self, texts: Mapping[str, str]) -> bool:
        """Whether any of its fields says something else than in a new monitor."""
        return any(texts[field.name] != DEFAULT_TEXTS[field.name] for field in self.fields)


GROUPS: Final = (
    Group(
        title="What to watch",
        fields=(
            Field(
                name="url",
                label="Address",
                help="A page or an API that anyone on the Internet can reach. Addresses of your "
                "own network are refused here: put those in vigie.toml.",
                kind="url",
                placeholder="https://www.example.com/sign-in",
                wide=True,
            ),
            Field(
                name="name",
                label="Name",
                help="What people will read in lists and alerts. Empty: the address's host.",
                wide=True,
            ),
        ),
    ),
    Group(
        title="What counts as good",
        asserts=True,
        fields=(
            Field(
                name="expected_status",
                label="Status",
                help="Codes and ranges, separated by commas: 200-299, 304.",
            ),
            Field(
                name="text",
                label="Text in the page",
                help="Must stand in the answer, as it is written. Empty: anything will do.",
            ),
            Field(
                name="latency_max_ms",
                label="Slow above",
                help="Over it the check is degraded, not down. Empty: no limit.",
                kind="number",
                unit="ms",
            ),
        ),
    ),
    Group(
        title="How often, and when it counts as down",
        fields=(
            Field(
                name="interval_s",
                label="Every",
                help="From 1 second to a day. Each check is a fresh connection.",
                kind="number",
                unit="s",
            ),
            Field(
                name="timeout_s",
                label="Give up after",
                help="For the whole check, redirects included; below the interval.",
                kind="number",
                unit="s",
            ),
            Field(
                name="confirm_after",
                label="Down after",
                help="Failing checks in a row before it counts as down, from the first of them.",
                kind="number",
                unit="in a row",
            ),
            Field(
                name="recover_after",
                label="Up again after",
                help="Good checks in a row before the outage is over.",
                kind="number",
                unit="in a row",
            ),
            Field(
                name="retry_interval_s",
                label="While it fails, every",
                help="Checks come this often until a failure is confirmed. Empty: no change.",
                kind="number",
                unit="s",
            ),
            Field(
                name="target",
                label="Promised uptime",
                help="Gives it a budget of downtime a month. Empty: none promised.",
                kind="number",
                unit="%",
            ),
        ),
    ),
    Group(
        title="The request in detail",
        folded=True,
        fields=(
            Field(
                name="method",
                label="Method",
                help="HEAD asks for no body, so no text can be looked for.",
                kind="choice",
                choices=tuple((method, method) for method in METHODS),
            ),
            Field(
                name="redirects",
                label="Redirects",
                help="Refused: a redirect is bad, unless its status is expected.",
                kind="choice",
                choices=(("follow", "Follow them"), ("refuse", "Refuse them")),
            ),
            Field(
                name="redirects_max",
                label="Redirects at most",
                help="More than these make the check fail.",
                kind="number",
            ),
            Field(
                name="http_version",
                label="HTTP version",
                help="What is asked of the server; phases are timed alike.",
                kind="choice",
                choices=(("1.1", "HTTP/1.1"), ("2", "HTTP/2")),
            ),
            Field(
                name="address_family",
                label="Connect over",
                help="The address used is recorded with each result.",
                kind="choice",
                choices=(("any", "IPv6 or IPv4"), ("ipv4", "IPv4 only"), ("ipv6", "IPv6 only")),
            ),
            Field(
                name="headers",
                label="Headers",
                help="One a line. They are kept in the data folder as they are: secrets belong in "
                "vigie.toml, which reads them from the environment.",
                kind="lines",
                placeholder="Accept: application/json",
                wide=True,
            ),
            Field(
                name="body",
                label="Body",
                help="Sent as it stands; give its Content-Type above.",
                kind="area",
                wide=True,
            ),
        ),
    ),
)
FIELDS: Final = {field.name: field for group in GROUPS for field in group.fields}
COUNTS: Final = frozenset({"confirm_after", "recover_after", "redirects_max"})
OPTIONAL: Final = frozenset({"latency_max_ms", "retry_interval_s", "target"})


class Filled(Struct, frozen=True, kw_only=True):
    """A form that was sent: the monitor it describes, and every mistake in it."""

    monitor: Monitor
    problems: tuple[Problem, ...]


def texts_of(monitor: Monitor) -> Texts:
    """What stands in each field for this monitor."""
    simple = {name: _text(getattr(monitor, name)) for name in FIELDS}
    return simple | assertion_texts(monitor.assertions)


def filled(texts: Mapping[str, str], before: Monitor, taken: Collection[str]) -> Filled:
    """The monitor that `texts` make of `before`, whose other settings stay; one that has no id
    gets one that is not `taken`. A field that was not sent stays as well."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in FIELDS:
        if name in texts:
            read = _read(name, texts[name].strip() if name != "body" else texts[name])
            if isinstance(read, Problem):
                problems.append(read)
            else:
                values[name] = read
    if (assertions := assertions_in(texts)) is not None:
        values["assertions"] = assertions
    monitor = structs.replace(before, **values, guarded=True)
    if not monitor.name:
        monitor = structs.replace(monitor, name=_host(monitor.url))
    if not monitor.id:
        monitor = structs.replace(monitor, id=free_id(monitor.name, taken, "monitor"))
    # A number that is none stands at its former value here: what is said of that misleads.
    unread = {problem.field for problem in problems}
    problems += [each for each in monitor_problems(monitor) if each.field not in unread]
    problems += address_problems(monitor.url)
    return Filled(monitor=monitor, problems=tuple(problems))


def address_problems(url: str) -> list[Problem]:
    """What can be said of an address before it is resolved; the rest each check finds out."""
    host = _host(url).rstrip(".").lower()
    why = "this machine" if host == "localhost" or host.endswith(".localhost") else ""
    with suppress(ValueError):
        why = why_forbidden(str(ip_address(host)))
    right = "an address anyone can reach; for your own network, put it in vigie.toml"
    return [Problem("url", f"{host} is {why}", right)] if why else []


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return "\n".join(f"{name}: {content}" for name, content in value.items())
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _read(name: str, text: str) -> Any:
    """The value of a field, or the Problem with its text."""
    if name == "headers":
        return _headers(text)
    if name == "expected_status":
        return tuple(item.strip() for item in text.split(",") if item.strip())
    field = FIELDS[name]
    if field.kind != "number":
        return text.replace("\r\n", "\n")
    if not text and name in OPTIONAL:
        return None
    try:
        number = int(text) if name in COUNTS else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        what = f"{text!r} is no number" if text else "is empty"
        return Problem(name, what, "a whole number" if name in COUNTS else "a number such as 30")
    return number


def _headers(text: str) -> dict[str, str] | Problem:
    headers: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon:
            return Problem("headers", f"{line.strip()!r} has no colon", "one a line: Name: value")
        headers[name.strip()] = value.strip()
    return headers


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host
    except httpx.InvalidURL:
        return ""


DEFAULT_TEXTS: Final = texts_of(Monitor(id=""))

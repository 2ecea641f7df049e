"""A monitor: what is watched, and how."""

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
from cronsim import CronSim, CronSimError
from msgspec import Struct, field

from probes.assertions import Assertion
from probes.problem import Problem as Problem
from probes.request import METHODS as METHODS
from probes.request import Auth, RequestStep, guarded_problems, request_problems, step_problems

INTERVAL_S_MIN = 1.0
INTERVAL_S_MAX = 86_400.0
PERIOD_S_MAX = 366 * 86_400.0
REDIRECTS_MAX = 20
IN_A_ROW_MAX = 100
STEPS_MAX = 20
TEXT_CHARACTERS_MAX = 1_000

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OF_ONE_REQUEST = (
    *("url", "method", "headers", "query", "body", "body_json", "body_form", "auth"),
    *("expected_status", "text", "assertions"),
)


class Monitor(Struct, frozen=True, kw_only=True):
    """What to request, how often, and what counts as good.

    `expected_status` holds single codes ("301") and ranges ("200-299"). `latency_max_ms` bounds
    the total of the check; over it the result is `slow`, which is degraded, not down.
    `confirm_after` bad results in a row make an outage, `recover_after` good ones end it.
    """

    id: str
    url: str = ""
    """Needed unless the monitor has steps or is a heartbeat."""
    name: str = ""
    site: str = ""
    kind: str = "http"
    """"http" checks by requests; "heartbeat" waits for a job of yours to call."""
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: str = ""
    body_json: str = ""
    """A JSON text, sent as application/json."""
    body_form: dict[str, str] = field(default_factory=dict)
    auth: Auth | None = None
    interval_s: float = 60.0
    timeout_s: float = 10.0
    expected_status: tuple[str, ...] = ("200-299",)
    text: str = ""
    """Must stand in the body; empty: anything will do."""
    latency_max_ms: float | None = None
    assertions: tuple[Assertion, ...] = ()
    steps: tuple[RequestStep, ...] = ()
    """Several requests in place of the one to `url`; the first that fails is named."""
    redirects: str = "follow"
    """"follow" or "refuse": a redirect is then bad, unless its status is expected."""
    redirects_max: int = 5
    http_version: str = "1.1"
    """"1.1" or "2"."""
    address_family: str = "any"
    """"any", "ipv4" or "ipv6"."""
    proxy: str = ""
    client_certificate: str = ""
    """A PEM file; `client_key` too, unless the key stands in it."""
    client_key: str = ""
    verify_tls: bool = True
    guarded: bool = False
    """Refuse private, loopback, link-local and metadata addresses, on every hop."""
    confirm_after: int = 2
    recover_after: int = 1
    retry_interval_s: float | None = None
    """Between checks while a failure waits to be confirmed; unset: `interval_s`."""
    locations: tuple[str, ...] = ()
    """From where it is checked; empty: everywhere."""
    quorum: int = 0
    """Locations that must agree it is down; 0: most of those that report."""
    parents: tuple[str, ...] = ()
    """Monitors without which it cannot be up: its outage is held back while one is down."""
    sentinel: bool = False
    """Watches our own network: when sentinels fail together, the fault is ours."""
    period_s: float | None = None
    """Of a heartbeat: from one call to the next."""
    cron: str = ""
    """Of a heartbeat, in place of `period_s`: when the job runs, as crontab has it."""
    cron_timezone: str = "UTC"
    """Of a heartbeat: the time zone of `cron`."""
    grace_s: float = 60.0
    """Of a heartbeat: how late a call may be."""
    target: float | None = None
    """Per cent of time it is promised to be up, such as 99.9."""
    channels: tuple[str, ...] = ()
    """Who is told; empty: everyone."""
    paused: bool = False


def request_of(monitor: Monitor) -> RequestStep:
    """The one request of a monitor without steps."""
    return RequestStep(
        url=monitor.url,
        method=monitor.method,
        headers=monitor.headers,
        query=monitor.query,
        body=monitor.body,
        body_json=monitor.body_json,
        body_form=monitor.body_form,
        auth=monitor.auth,
        expected_status=monitor.expected_status,
        assertions=monitor.assertions,
    )


def monitor_problems(monitor: Monitor) -> list[Problem]:
    """Every mistake in a monitor at once; a monitor without one can be checked."""
    return [problem for check in _CHECKS for problem in check(monitor)]


def _id_problems(monitor: Monitor) -> Iterator[Problem]:
    if not _ID.fullmatch(monitor.id):
        yield Problem(
            "id",
            f"{monitor.id!r} cannot stand in an address",
            "1 to 64 letters, digits, dots, hyphens and underscores",
        )


def _kind_problems(monitor: Monitor) -> Iterator[Problem]:
    if monitor.kind not in ("http", "heartbeat"):
        yield Problem("kind", f"{monitor.kind!r} is no kind of monitor", "http or heartbeat")
    elif monitor.kind == "heartbeat":
        yield from _heartbeat_problems(monitor)
    elif monitor.period_s is not None or monitor.cron:
        name = "cron" if monitor.cron else "period_s"
        yield Problem(name, "is for heartbeats only", 'kind = "heartbeat", or leave it out')


def _heartbeat_problems(monitor: Monitor) -> Iterator[Problem]:
    if monitor.url or monitor.steps:
        yield Problem("url", "a heartbeat requests nothing", "leave it out")
    if (monitor.period_s is None) == (not monitor.cron):
        yield Problem("period_s", "a heartbeat has either a period or a cron expression", "one")
    period_s = monitor.period_s
    if period_s is not None and not INTERVAL_S_MIN <= period_s <= PERIOD_S_MAX:
        right = f"{INTERVAL_S_MIN:g} to {PERIOD_S_MAX:,.0f} seconds"
        yield Problem("period_s", f"{period_s:g} is out of bounds", right)
    if not 0 <= monitor.grace_s <= PERIOD_S_MAX:
        yield Problem("grace_s", f"{monitor.grace_s:g} is out of bounds", "0 seconds or more")
    if monitor.cron:
        try:
            CronSim(monitor.cron, _SOME_TIME)
        except CronSimError as error:
            right = "five fields, such as 0 3 * * 1-5"
            yield Problem("cron", f"{monitor.cron!r} is no cron expression: {error}", right)
    try:
        ZoneInfo(monitor.cron_timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Problem(
            "cron_timezone",
            f"{monitor.cron_timezone!r} is no time zone",
            "one such as Europe/Paris",
        )


def _request_problems(monitor: Monitor) -> Iterator[Problem]:
    if monitor.kind == "heartbeat":
        return
    if not monitor.steps:
        yield from request_problems(request_of(monitor))
        if monitor.guarded and monitor.auth is not None:
            yield from guarded_problems(monitor.auth)
        return
    if len(monitor.steps) > STEPS_MAX:
        yield Problem("steps", f"are {len(monitor.steps)}", f"at most {STEPS_MAX}")
    for name in _OF_ONE_REQUEST:
        if getattr(monitor, name) != getattr(_DEFAULT, name):
            yield Problem(name, "stands beside steps, which have their own", "put it in a step")
    yield from step_problems(monitor.steps, monitor.guarded)


def _connection_problems(monitor: Monitor) -> Iterator[Problem]:
    for name, values in (
        ("redirects", ("follow", "refuse")),
        ("http_version", ("1.1", "2")),
        ("address_family", ("any", "ipv4", "ipv6")),
    ):
        value: str = getattr(monitor, name)
        if value not in values:
            yield Problem(name, f"{value!r} is out of place", "one of " + ", ".join(values))
    if monitor.proxy:
        yield from _proxy_problems(monitor.proxy)
    if monitor.client_key and not monitor.client_certificate:
        yield Problem("client_key", "has no certificate", "client_certificate as well")
    if not monitor.guarded:
        return
    for name in ("proxy", "client_certificate", "client_key"):
        if getattr(monitor, name):
            yield Problem(
                name, "is not for guarded monitors", "a monitor of the settings file in its place"
            )


def _proxy_problems(proxy: str) -> Iterator[Problem]:
    right = "an address such as http://proxy.example.com:3128"
    try:
        url = httpx.URL(proxy)
    except httpx.InvalidURL as error:
        yield Problem("proxy", f"does not parse: {error}", right)
        return
    if url.scheme != "http" or not url.host or url.path not in ("", "/"):
        yield Problem("proxy", f"{url.copy_with(userinfo=b'')} is no proxy that can be used", right)


def _time_problems(monitor: Monitor) -> Iterator[Problem]:
    interval_s, timeout_s = monitor.interval_s, monitor.timeout_s
    if not INTERVAL_S_MIN <= interval_s <= INTERVAL_S_MAX:
        yield Problem(
            "interval_s",
            f"{interval_s:g} is out of bounds",
            f"{INTERVAL_S_MIN:g} to {INTERVAL_S_MAX:g} seconds",
        )
    if not (timeout_s > 0 and math.isfinite(timeout_s)):
        yield Problem("timeout_s", f"{timeout_s:g} is no time to wait", "more than 0 seconds")
    elif timeout_s >= interval_s:
        yield Problem(
            "timeout_s",
            f"{timeout_s:g} is not below the interval of {interval_s:g} s, so checks would overlap",
            f"less than {interval_s:g} seconds",
        )
    retry_s = monitor.retry_interval_s
    if retry_s is not None and not (
        INTERVAL_S_MIN <= retry_s <= interval_s and retry_s > timeout_s
    ):
        yield Problem(
            "retry_interval_s",
            f"{retry_s:g} is out of bounds",
            f"more than the timeout, {timeout_s:g}, and at most the interval, {interval_s:g}",
        )
    latency_max_ms = monitor.latency_max_ms
    if latency_max_ms is not None and not 0 < latency_max_ms < timeout_s * 1000:
        yield Problem(
            "latency_max_ms",
            f"{latency_max_ms:g} could never be passed, or always is",
            f"more than 0 and less than the timeout, {timeout_s * 1000:g} ms",
        )


def _assertion_problems(monitor: Monitor) -> Iterator[Problem]:
    if len(monitor.text) > TEXT_CHARACTERS_MAX:
        yield Problem(
            "text",
            f"has {len(monitor.text):,} characters",
            f"at most {TEXT_CHARACTERS_MAX:,}",
        )
    if monitor.text and monitor.method == "HEAD":
        yield Problem(
            "text", "an answer to HEAD has no body to find it in", "method GET, or no text"
        )


def _count_problems(monitor: Monitor) -> Iterator[Problem]:
    for name, least, most in (
        ("redirects_max", 0, REDIRECTS_MAX),
        ("confirm_after", 1, IN_A_ROW_MAX),
        ("recover_after", 1, IN_A_ROW_MAX),
        ("quorum", 0, IN_A_ROW_MAX),
    ):
        count: int = getattr(monitor, name)
        if not least <= count <= most:
            yield Problem(name, f"{count} is out of bounds", f"{least} to {most}")
    if monitor.target is not None and not 0 < monitor.target <= 100:
        right = "per cent, such as 99.9"
        yield Problem("target", f"{monitor.target:g} is out of bounds", right)
    if monitor.id in monitor.parents:
        yield Problem("parents", "it cannot be its own parent", "the ids of others")


_CHECKS: tuple[Callable[[Monitor], Iterator[Problem]], ...] = (
    _id_problems,
    _kind_problems,
    _request_problems,
    _connection_problems,
    _time_problems,
    _assertion_problems,
    _count_problems,
)
_DEFAULT = Monitor(id="default")
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)

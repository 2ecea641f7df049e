"""A monitor: what is watched, and how."""

import math
import re
from collections.abc import Callable, Iterator

import httpx
from msgspec import Struct, field

from probes.assertions import Assertion
from probes.request import Auth, RequestStep
from probes.statuses import status_range

INTERVAL_S_MIN = 1.0
INTERVAL_S_MAX = 86_400.0
REDIRECTS_MAX = 20
IN_A_ROW_MAX = 100
TEXT_CHARACTERS_MAX = 1_000
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\.?$){_LABEL}(\.{_LABEL})*\.?")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_HEADERS_OURS = frozenset({"connection", "content-length", "transfer-encoding"})


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


class Problem(Struct, frozen=True):
    """A mistake in a monitor: which field, what is wrong, and what would be right."""

    field: str
    what: str
    right: str


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


def _url_problems(monitor: Monitor) -> Iterator[Problem]:
    if not monitor.url and (monitor.steps or monitor.kind == "heartbeat"):
        return
    right = "an address such as https://www.example.com/sign-in"
    if not monitor.url:
        yield Problem("url", "is missing", right)
        return
    if re.search(r"\s", monitor.url):
        yield Problem("url", f"{monitor.url!r} has white space in it", right)
        return
    try:
        url = httpx.URL(monitor.url)
    except httpx.InvalidURL as error:
        yield Problem("url", f"{monitor.url!r} does not parse: {error}", right)
        return
    host = url.raw_host.decode("ascii")
    if url.scheme not in ("http", "https"):
        yield Problem("url", f"{monitor.url!r} is neither http nor https", right)
    elif not (_HOST.fullmatch(host) or ":" in host):
        yield Problem("url", f"{monitor.url!r} has no host name that could exist", right)
    elif url.port is not None and not 1 <= url.port <= 65_535:
        yield Problem("url", f"there is no port {url.port}", "a port from 1 to 65535, or none")


def _request_problems(monitor: Monitor) -> Iterator[Problem]:
    if monitor.method not in METHODS:
        yield Problem("method", f"{monitor.method!r} is no method", "one of " + ", ".join(METHODS))
    for name, value in monitor.headers.items():
        if not _HEADER_NAME.fullmatch(name):
            yield Problem("headers", f"{name!r} is no header name", "a name such as Accept")
        elif name.lower() in _HEADERS_OURS:
            yield Problem("headers", f"{name} is set by the prober", "leave it out")
        elif not _HEADER_VALUE.fullmatch(value):
            yield Problem(
                "headers",
                f"the value of {name} holds a line break or a character that headers cannot carry",
                "plain text on one line",
            )


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
    latency_max_ms = monitor.latency_max_ms
    if latency_max_ms is not None and not 0 < latency_max_ms < timeout_s * 1000:
        yield Problem(
            "latency_max_ms",
            f"{latency_max_ms:g} could never be passed, or always is",
            f"more than 0 and less than the timeout, {timeout_s * 1000:g} ms",
        )


def _assertion_problems(monitor: Monitor) -> Iterator[Problem]:
    right = 'codes from 100 to 599 such as "301", and ranges such as "200-299"'
    if not monitor.expected_status:
        yield Problem("expected_status", "is empty, so nothing would be good", right)
    for item in monitor.expected_status:
        if status_range(item) is None:
            yield Problem("expected_status", f"{item!r} is not an HTTP status", right)
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
    ):
        count: int = getattr(monitor, name)
        if not least <= count <= most:
            yield Problem(name, f"{count} is out of bounds", f"{least} to {most}")


_CHECKS: tuple[Callable[[Monitor], Iterator[Problem]], ...] = (
    _id_problems,
    _url_problems,
    _request_problems,
    _time_problems,
    _assertion_problems,
    _count_problems,
)

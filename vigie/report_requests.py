"""From a request in words (site, days, steps) to a report, and from a report to JSON or CSV."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, unquote

import msgspec
from pandas.api.types import is_object_dtype, is_string_dtype

from analytics.question import UNDECLARED, JourneyQuestion, SiteScope, Step, Window
from analytics.reports.contract import contract
from analytics.reports.contract_types import ContractQuestion, ContractReport, Month, month_of
from analytics.reports.deletion import DeletionReport, deletion
from analytics.reports.funnel import funnel
from analytics.reports.journey import journey
from analytics.reports.latency import latency
from analytics.reports.refused import AFTER_MAX as REFUSED_AFTER_MAX
from analytics.reports.refused import RefusedFilter, RefusedReport, refused
from analytics.reports.seen import seen
from analytics.reports.session import SessionReport, session
from analytics.reports.sessions import AFTER_MAX, SessionFilter, SessionsReport, sessions
from analytics.reports.speed import speed
from analytics.reports.types import (
    FunnelReport,
    JourneyReport,
    LatencyReport,
    SeenReport,
    SpeedReport,
    UptimeReport,
)
from analytics.reports.uptime import uptime
from rum.records import Reason
from store.snapshot import Snapshot
from vigie.contracts import contract_questions
from vigie.maintenance import maintenance_of
from vigie.settings import Settings, SiteSettings, StepSettings

Report = (
    UptimeReport
    | FunnelReport
    | SpeedReport
    | JourneyReport
    | LatencyReport
    | SeenReport
    | RefusedReport
    | ContractReport
    | SessionsReport
    | SessionReport
    | DeletionReport
)

DAYS_DEFAULT = 30
DAYS_MAX = 400
YEAR_MIN, YEAR_MAX = 1971, 9000
"""Reports read weeks before and after their window; the store has no times before 1970."""
STEPS_MAX = 10
MONTHS_BACK_MAX = 13
WINDOW_MINUTES_DEFAULT = 60.0
WINDOW_MINUTES_MAX = 7 * 24 * 60.0
WINDOW_PARAMS = frozenset({"days", "start", "end"})
WITHOUT_WINDOW = frozenset({"contract", "deletion", "session"})
"""Reports of a time of their own: a calendar month, a session's."""
NO_SITE = "-"
"""In place of a site's id: what was refused of none that could be told. No id is so."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
DEVICES = ("desktop", "phone", "tablet")
SESSION_EVENTS_MAX = 10_000_000
"""How far into a session a page of it may lie."""


class BadRequestError(Exception):
    """A request no report can answer: what is wrong with it, and what would be right."""

    def __init__(self, what: str, right: str) -> None:
        super().__init__(f"{what} {right}")
        self.what = what
        self.right = right


def run_report(
    name: str, params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> Report:
    """The report `name` as `params` asks for it. Raises BadRequestError.

    Every report takes `days`, or `start` and `end`. The others: uptime and latency `monitor`;
    funnel `site`, `steps` ("page:/a,event:b"), `window_minutes`, `level`, `sample`; speed `site`,
    `page`, `device`, `level`, `sample`; journey `journey`; seen `site`; sessions `site`, `level`,
    `page`, `device`, `user_key`, `errors` and `recorded` ("yes"), `after`; refused `site` ("-":
    none that could be told), `reason`, `after`. Contract takes `contract` and `month` ("2026-03")
    alone, deletion `month`; session `site`, `session` and `after`.
    """
    report, known = _REPORTS.get(name, (None, frozenset()))
    if report is None:
        raise BadRequestError(
            f"There is no report named {name!r}.", f"The reports are {', '.join(_REPORTS)}."
        )
    known |= frozenset() if name in WITHOUT_WINDOW else WINDOW_PARAMS
    for param in params:
        if param not in known:
            raise BadRequestError(
                f"The report {name} takes no parameter {param!r}.",
                f"It takes {', '.join(sorted(known))}.",
            )
    return report(params, settings, snapshot, now)


def to_json(report: msgspec.Struct) -> bytes:
    return msgspec.json.encode(report, enc_hook=_plain)


def to_csv(report: Report) -> str:
    """Texts that a spreadsheet would run as a formula begin with an apostrophe, as OWASP has it:
    pages, events and errors are named by whoever sends a beacon.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    frame = report.frame()
    for column in frame.columns:
        if is_object_dtype(frame[column]) or is_string_dtype(frame[column]):
            frame[column] = frame[column].map(_inert)
    text: str = frame.to_csv(index=False)
    return text


def window_of(params: Mapping[str, str], now: datetime) -> Window:
    """The window of `days` up to now, or from `start` to `end`.

    A date alone as `end` includes that day; a time without an offset is UTC.
    """
    if "start" not in params and "end" not in params:
        days = _number(params, "days", DAYS_DEFAULT, least=1 / 24, most=DAYS_MAX)
        return Window(now - timedelta(days=days), now)
    if "days" in params:
        raise BadRequestError("Both days and start or end are given.", "Give one of the two.")
    start = _instant(params.get("start", ""), "start", end_of_day=False)
    end = _instant(params["end"], "end", end_of_day=True) if "end" in params else now
    if not start < end:
        raise BadRequestError("The window ends before it starts.", "Give a start before the end.")
    if end - start > timedelta(days=DAYS_MAX + 1):
        raise BadRequestError("The window is too long.", f"Give at most {DAYS_MAX} days.")
    return Window(start, min(end, max(now, start + timedelta(seconds=1))))


def site_of(params: Mapping[str, str], settings: Settings) -> SiteSettings:
    return _named(params.get("site", ""), settings.sites, "site")


def scope_of(site: SiteSettings) -> SiteScope:
    return SiteScope(site=site.id, levels=site.levels, sample=site.sample)


def steps_of(text: str) -> tuple[Step, ...]:
    """The steps in "page:/a,event:b"; a comma within one is written %2C."""
    steps = tuple(step_of(part) for part in text.split(",") if part.strip())
    if not 2 <= len(steps) <= STEPS_MAX:
        raise BadRequestError(
            f"The funnel has {len(steps)} step{'' if len(steps) == 1 else 's'}.",
            f"Give 2 to {STEPS_MAX} as steps=page:/listings,event:mandate_signed.",
        )
    return steps


def step_of(text: str) -> Step:
    kind, _, value = text.strip().partition(":")
    value = unquote(value.strip())
    if kind not in ("page", "event") or not value:
        raise BadRequestError(
            f"{text.strip()!r} is not a step.",
            "A step is page:TEMPLATE or event:NAME, as page:/listings or event:mandate_signed.",
        )
    return Step(page=value) if kind == "page" else Step(event=value)


def step_text(step: Step) -> str:
    """The step as step_of reads it."""
    kind, value = ("page", step.page) if step.page else ("event", step.event)
    return f"{kind}:{quote(value, safe='/?:@!$&()*;=~ ')}"


def journey_question(settings: Settings, id_: str) -> JourneyQuestion:
    chosen = _named(id_, settings.journeys, "journey")
    site = _named(chosen.site, settings.sites, "site")
    return JourneyQuestion(
        id=chosen.id,
        name=chosen.name or chosen.id,
        owner=chosen.owner,
        scope=scope_of(site),
        steps=tuple(journey_step(step) for step in chosen.steps),
        event=chosen.event,
        monitors=chosen.monitors,
        window_s=chosen.window_minutes * 60,
    )


def journey_step(step: StepSettings) -> Step:
    return Step(page=step.page, event=step.event, name=step.name)


def contract_question(settings: Settings, id_: str) -> ContractQuestion:
    """The contract of that id, or monitor with a target. Raises BadRequestError."""
    return _named(id_, contract_questions(settings), "contract")


def month_asked(text: str, timezone: str, now: datetime) -> Month:
    """The month in "2026-03"; "" is the one that runs. Raises BadRequestError."""
    running = month_of(now, timezone)
    if not text:
        return running
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        month = Month(first.year, first.month)
    except ValueError:
        month = None
    if month is None or not running.moved(-MONTHS_BACK_MAX) <= month <= running:
        raise BadRequestError(
            f"month={text} cannot be used.",
            f"Give it as {running}, at most {MONTHS_BACK_MAX} months back.",
        )
    return month


def only_level(report: FunnelReport, level: str) -> FunnelReport:
    """The funnel of one level beside everyone's; "" keeps all."""
    if not level:
        return report
    kept = tuple(segment for segment in report.levels if segment.level == level)
    return msgspec.structs.replace(report, levels=kept)


def _uptime(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> UptimeReport:
    monitor = params.get("monitor", "")
    if monitor:
        _named(monitor, settings.monitors, "monitor")
    monitors = [monitor] if monitor else [known.id for known in settings.monitors]
    return uptime(snapshot, monitors, window_of(params, now), now, maintenance_of(settings))


def _latency(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> LatencyReport:
    monitor = _named(params.get("monitor", ""), settings.monitors, "monitor")
    return latency(snapshot, monitor.id, window_of(params, now))


def _funnel(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> FunnelReport:
    site = site_of(params, settings)
    window_minutes = _number(
        params, "window_minutes", WINDOW_MINUTES_DEFAULT, least=1, most=WINDOW_MINUTES_MAX
    )
    report = funnel(
        snapshot,
        scope_of(site),
        steps_of(params.get("steps", "")),
        window_of(params, now),
        convert_within_s=window_minutes * 60,
        now=now,
        sample=_sample(params),
    )
    return only_level(report, _level(params, site))


def _speed(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> SpeedReport:
    site = site_of(params, settings)
    level, device = _level(params, site), _one_of(params, "device", DEVICES)
    report = speed(
        snapshot,
        scope_of(site),
        window_of(params, now),
        now=now,
        sample=_sample(params),
        page=params.get("page") or None,
        by_device=bool(device),
    )
    rows = (
        row for row in report.rows if row.level in ("", level or row.level) and row.device == device
    )
    return msgspec.structs.replace(report, rows=tuple(rows))


def _journey(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> JourneyReport:
    question = journey_question(settings, params.get("journey", ""))
    return journey(snapshot, question, window_of(params, now), now, maintenance_of(settings))


def _seen(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> SeenReport:
    return seen(snapshot, scope_of(site_of(params, settings)), window_of(params, now))


def _sessions(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> SessionsReport:
    site = site_of(params, settings)
    asked = SessionFilter(
        level=_level(params, site),
        page=params.get("page", ""),
        device=_one_of(params, "device", DEVICES),
        user_key=params.get("user_key", ""),
        errors=bool(_one_of(params, "errors", ("yes",))),
        recorded=bool(_one_of(params, "recorded", ("yes",))),
    )
    after = int(_number(params, "after", 0, least=0, most=AFTER_MAX))
    return sessions(snapshot, scope_of(site), window_of(params, now), asked, after=after)


def _session(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> SessionReport:
    """Looked for in the site named, else in all, over all that is kept."""
    id_ = params.get("session", "").strip().lower()
    if not re.fullmatch(r"[0-9a-f]{32}", id_):
        raise BadRequestError(
            f"session={id_[:64]} is no session id." if id_ else "No session is named.",
            "Give its 32 hex digits, as vigie('session', ...) says them in the page.",
        )
    sites = [site_of(params, settings)] if params.get("site") else list(settings.sites)
    days = (now.date() - timedelta(days=settings.store.retention_days + 1), now.date())
    after = int(_number(params, "after", 0, least=0, most=SESSION_EVENTS_MAX))
    for site in sites:
        monitors = [monitor.id for monitor in settings.monitors if monitor.site == site.id]
        found = session(
            snapshot,
            site.id,
            id_,
            days,
            now,
            monitors=monitors,
            maintenance=maintenance_of(settings),
            after=after,
        )
        if found is not None:
            return found
    raise BadRequestError(
        f"There is no session {id_}.",
        f"It is wrong, or older than the {settings.store.retention_days} days sessions are kept.",
    )


def _refused(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> RefusedReport:
    asked = RefusedFilter(
        site=_refused_site(params.get("site", ""), settings),
        reason=_one_of(params, "reason", tuple(Reason)) or None,
    )
    after = int(_number(params, "after", 0, least=0, most=REFUSED_AFTER_MAX))
    return refused(snapshot, window_of(params, now), asked, after=after)


def _refused_site(id_: str, settings: Settings) -> str | None:
    """The id as refusals have it: "" of no site that could be told; None, for all, when unset."""
    if id_ == NO_SITE:
        return ""
    return _named(id_, settings.sites, "site").id if id_ else None


def _contract(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> ContractReport:
    question = contract_question(settings, params.get("contract", ""))
    month = month_asked(params.get("month", ""), question.timezone, now)
    return contract(snapshot, question, month, now, maintenance_of(settings))


def _deletion(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> DeletionReport:
    month = month_asked(params.get("month", ""), "UTC", now)
    return deletion(
        snapshot, month.window("UTC"), now, retention_days=settings.store.retention_days
    )


_REPORTS: dict[
    str,
    tuple[
        Callable[[Mapping[str, str], Settings, Snapshot, datetime], Report] | None, frozenset[str]
    ],
] = {
    "uptime": (_uptime, frozenset({"monitor"})),
    "latency": (_latency, frozenset({"monitor"})),
    "funnel": (_funnel, frozenset({"site", "steps", "window_minutes", "level", "sample"})),
    "speed": (_speed, frozenset({"site", "page", "device", "level", "sample"})),
    "journey": (_journey, frozenset({"journey"})),
    "seen": (_seen, frozenset({"site"})),
    "sessions": (
        _sessions,
        frozenset({"site", "level", "page", "device", "user_key", "errors", "recorded", "after"}),
    ),
    "session": (_session, frozenset({"site", "session", "after"})),
    "refused": (_refused, frozenset({"site", "reason", "after"})),
    "contract": (_contract, frozenset({"contract", "month"})),
    "deletion": (_deletion, frozenset({"month"})),
}


class _Named(Protocol):
    @property
    def id(self) -> str: ...


_Thing = TypeVar("_Thing", bound=_Named)


def _named(id_: str, things: tuple[_Thing, ...], noun: str) -> _Thing:
    """The thing of that id; the only one there is, when none is named."""
    known = [thing.id for thing in things]
    if not id_ and len(things) == 1:
        return things[0]
    if id_ in known:
        return things[known.index(id_)]
    raise BadRequestError(
        f"There is no {noun} {id_!r}." if id_ else f"No {noun} is named.",
        f"Give {noun}=ID, one of: {', '.join(known)}."
        if known
        else f"Add a [[{noun}s]] table to vigie.toml.",
    )


def _level(params: Mapping[str, str], site: SiteSettings) -> str:
    return _one_of(params, "level", (*site.levels, UNDECLARED))


def _one_of(params: Mapping[str, str], param: str, known: tuple[str, ...]) -> str:
    value = params.get(param, "")
    if value and value not in known:
        raise BadRequestError(
            f"{param}={value} is unknown.", f"Give one of: {', '.join(known)}; or none, for all."
        )
    return value


def _sample(params: Mapping[str, str]) -> float | None:
    if not params.get("sample"):
        return None
    return _number(params, "sample", 1.0, least=0.0001, most=1.0)


def _number(
    params: Mapping[str, str], param: str, default: float, *, least: float, most: float
) -> float:
    text = params.get(param, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise BadRequestError(
            f"{param}={text} cannot be used.", f"Give a number from {least:g} to {most:g}."
        )
    return value


def _instant(text: str, param: str, *, end_of_day: bool) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequestError(
            f"{param}={text} is not a date.", "Give it as 2026-03-31 or 2026-03-31T14:00Z."
        ) from None
    if not YEAR_MIN <= instant.year <= YEAR_MAX:
        raise BadRequestError(
            f"{param}={text} cannot be used.", f"Give a year from {YEAR_MIN} to {YEAR_MAX}."
        )
    if end_of_day and len(text) == len("2026-03-31"):
        instant = datetime.combine(instant.date(), time()) + timedelta(days=1)
    return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)


def _inert(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's."""
    if hasattr(value, "item"):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")

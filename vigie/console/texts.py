"""The console's words for what the store enumerates, and the definitions of its figures."""

from typing import Final

from analytics.basis import Withheld
from analytics.question import UNDECLARED
from analytics.reports.activity_types import ActivityState
from analytics.reports.types import State
from probes.outcome import Outcome
from rum.records import Reason

STATES: Final[dict[State, str]] = {
    State.UP: "Up",
    State.DEGRADED: "Degraded",
    State.DOWN: "Down",
    State.MAINTENANCE: "Maintenance",
    State.PAUSED: "Paused",
    State.UNKNOWN: "Not observed",
}

ACTIVITY: Final[dict[ActivityState, str]] = {
    ActivityState.USUAL: "as usual",
    ActivityState.LOW: "abnormally rare",
    ActivityState.TOO_FEW: "too few to judge",
    ActivityState.LEARNING: "usual not known yet",
    ActivityState.NONE: "none in nine weeks",
}

WITHHELD: Final[dict[Withheld, tuple[str, str]]] = {
    Withheld.NO_DATA: ("no data", "Nothing was recorded here in this window."),
    Withheld.TOO_FEW_SESSIONS: (
        "too few sessions",
        "Fewer than 30 effective sessions: any figure would be mostly chance. Choose more days.",
    ),
    Withheld.TOO_FEW_VISITORS: (
        "too few visitors",
        "Fewer than 5 visitors: a figure could point at a person.",
    ),
    Withheld.TOO_WIDE: (
        "too uncertain",
        "The 95 % interval is wider than 30 points. Choose more days.",
    ),
}

OUTCOMES: Final[dict[Outcome, str]] = {
    Outcome.OK: "OK",
    Outcome.SLOW: "Slower than its limit",
    Outcome.CERTIFICATE_EXPIRING: "Certificate about to expire",
    Outcome.DNS_FAILURE: "Name not found",
    Outcome.DNS_TIMEOUT: "Name look-up timed out",
    Outcome.CONNECT_REFUSED: "Connection refused",
    Outcome.CONNECT_UNREACHABLE: "Unreachable",
    Outcome.CONNECT_TIMEOUT: "Connecting timed out",
    Outcome.TLS_CERTIFICATE: "Certificate refused",
    Outcome.TLS_FAILURE: "TLS failed",
    Outcome.TLS_TIMEOUT: "TLS timed out",
    Outcome.CONNECTION_RESET: "Connection reset",
    Outcome.WAIT_TIMEOUT: "No answer in time",
    Outcome.TRANSFER_TIMEOUT: "Answer not finished in time",
    Outcome.PROTOCOL_ERROR: "Not valid HTTP",
    Outcome.REDIRECT_LIMIT: "Too many redirects",
    Outcome.REDIRECT_REFUSED: "Redirected",
    Outcome.ADDRESS_FORBIDDEN: "Address not to be probed",
    Outcome.BODY_TOO_LARGE: "Answer too large",
    Outcome.WRONG_STATUS: "Wrong status",
    Outcome.WRONG_CONTENT: "Wrong content",
    Outcome.ASSERTION_FAILED: "Not as asserted",
    Outcome.HEARTBEAT_LATE: "Job did not call in time",
    Outcome.HEARTBEAT_FAILED: "Job said it failed",
    Outcome.LAGGED: "Check started too late",
    Outcome.MISSED: "Check skipped",
    Outcome.SECRET_MISSING: "Secret not found",
    Outcome.PROXY_FAILED: "Proxy failed",
    Outcome.OWN_NETWORK: "Our own network failed",
    Outcome.INTERNAL_ERROR: "Fault of Vigie's own",
}

REASONS: Final[dict[Reason, tuple[str, str]]] = {
    Reason.BODY_TOO_LARGE: ("Body too large", "Send fewer events, or shorter attributes."),
    Reason.BODY_TOO_SLOW: ("Body too slow", "The sender did not finish in time; often a bot."),
    Reason.UNSUPPORTED_ENCODING: ("Unsupported encoding", "Compress with gzip or deflate, or not."),
    Reason.MALFORMED: ("Malformed", "Not what rum.js sends; often a bot or a proxy in between."),
    Reason.UNSUPPORTED_VERSION: (
        "Unsupported version",
        "An old rum.js is still cached: let it expire, or purge the proxy.",
    ),
    Reason.UNKNOWN_SITE: ("Unknown site key", "Compare data-site with Sites & install."),
    Reason.UNKNOWN_TOKEN: (
        "Unknown token",
        "A server's token is not in event_tokens_sha256; vigie event-token makes one.",
    ),
    Reason.ORIGIN_NOT_ALLOWED: (
        "Origin not allowed",
        "Add the origin to the site's origins in vigie.toml if it is yours.",
    ),
    Reason.INVALID_SESSION: ("Invalid session", "A session id rum.js did not make."),
    Reason.INVALID_BATCH: ("Invalid batch", "A batch number rum.js did not make."),
    Reason.TOO_MANY_EVENTS: ("Too many events", "More events in one beacon than events_max."),
    Reason.UNKNOWN_KIND: ("Unknown kind of event", "Sent by something newer than this collector."),
    Reason.INVALID_EVENT: ("Invalid event", "The detail names the field and its limit."),
    Reason.UNKNOWN_LEVEL: (
        "Unknown level",
        "The batch is kept without it. Declare one of the site's levels, or add it to them.",
    ),
    Reason.TOO_MANY_ATTRIBUTES: ("Too many attributes", "The event is kept without the rest."),
    Reason.TOO_MANY_BEACONS: (
        "Too many beacons",
        "More than site_beacons_per_s or address_beacons_per_s; rum.js sends them again.",
    ),
    Reason.TOO_MANY_SESSIONS: (
        "Too many new sessions",
        "More than site_sessions_per_s or address_sessions_per_s; rum.js sends them again.",
    ),
    Reason.TOO_MANY_REQUESTS: (
        "Too many requests of servers",
        "More than server_requests_per_s to /events/v1; send more events in one request.",
    ),
    Reason.ERASED: (
        "Of an erased session",
        "A browser goes on with a session that was erased; its next session is taken again.",
    ),
    Reason.TOO_MANY_NAMES: (
        "Too many names",
        'The event is kept, under "other". Name pages and events without ids in them.',
    ),
    Reason.INVALID_FIELD: (
        "Invalid field",
        "The event is kept without it. The detail names the field and its limit.",
    ),
    Reason.REPLAY_OFF: (
        "Recording of a site that is not recorded",
        "Take data-replay out of its snippet, or set replay.rate of the site.",
    ),
    Reason.NOT_IN_REPLAY_SAMPLE: (
        "Session outside the recorded sample",
        "data-replay and data-replay-errors of the snippet must be no more than the site's rates.",
    ),
    Reason.INVALID_CHUNK: (
        "Invalid piece of a recording",
        "Not what rum-replay.js sends; often a bot or a proxy in between.",
    ),
    Reason.REPLAY_TOO_LARGE: ("Recording too large", "More than is taken once it is inflated."),
    Reason.REPLAY_LIMIT: (
        "Recording at its limit",
        "The session goes on, no longer recorded: replay.session_bytes_max of the site.",
    ),
    Reason.TOO_OLD: ("Too old", "Kept in a browser for longer than late_h before it was sent."),
}
"""What a reason is called, and what to do about it. The collector may add reasons of its own."""

VITALS: Final[dict[str, tuple[str, str, float | None, float | None]]] = {
    "lcp": ("LCP", "Largest contentful paint: when the main content shows", 2500, 4000),
    "inp": ("INP", "Interaction to next paint: how long the page takes to react", 200, 500),
    "cls": ("CLS", "Cumulative layout shift: how much the page jumps", 0.1, 0.25),
    "fcp": ("FCP", "First contentful paint: when anything shows", 1800, 3000),
    "ttfb": ("TTFB", "Time to first byte: how long the server takes", 800, 1800),
}
"""Short name, meaning, the most that is good, the most that still only needs improvement."""

RATINGS: Final = {"good": "good", "fair": "needs improvement", "poor": "poor"}

DEVICES: Final = {"": "All", "desktop": "Desktop", "phone": "Phone", "tablet": "Tablet"}


def level_name(level: str) -> str:
    """A level as people read it."""
    if not level:
        return "Everyone"
    return "Undeclared" if level == UNDECLARED else level[:1].upper() + level[1:]


def outcome_name(outcome: str) -> str:
    return OUTCOMES[Outcome(outcome)] if outcome in set(Outcome) else outcome.replace("_", " ")


def reason_name(reason: str) -> tuple[str, str]:
    known = REASONS.get(Reason(reason)) if reason in set(Reason) else None
    return known or (reason.replace("_", " ").capitalize(), "")


def rating(vital: str, value: float | None) -> str:
    """good, fair or poor by the published thresholds; "" when there is no value."""
    _, _, good, fair = VITALS[vital]
    if value is None or good is None or fair is None:
        return ""
    return "good" if value <= good else "fair" if value <= fair else "poor"


PAGE_TABS: Final = {"Speed": "/speed", "Clicks": "/clicks", "Errors": "/errors"}
"""What there is to see of one page, and where."""

DEFINITIONS: Final[dict[str, tuple[str, ...]]] = {
    "uptime": (
        "Each monitor's time is cut into intervals, each in exactly one state. Down begins at the "
        "first failing check of a confirmed outage and ends at the first good check of a confirmed "
        "recovery. A failing check that is never confirmed is a blip, not an outage.",
        "Uptime = up / (up + down); degraded counts as up and is shown apart. Maintenance and "
        "pauses are excluded. Time without a result within two intervals and the timeout is not "
        "observed: it counts neither as up nor as down.",
        "Observed time = (up + down) / the time that should have been observed. The bounds take "
        "all unobserved time as down, then as up, and add one interval of doubt for each edge of "
        "an outage. A window with nothing observed has no uptime, never 100 %.",
        "From several locations it is down while as many as the quorum say so, degraded while "
        "fewer do, and not observed while fewer report. What fails while all sentinels of its "
        "location fail is not observed: that is our own network. An outage that a monitor it "
        "depends on explains is down all the same, but nobody is told; the third outage in half "
        "an hour is one incident until fifteen minutes pass without a change.",
    ),
    "funnel": (
        "Ordered, at least one entry a session, one conversion window from the first matched step "
        "to the last. Step k is an event at or after step k-1's, at most the window after the "
        "first; the latest start that still works is the one that counts.",
        "The shares are of sessions in the sample, with a 95 % Wilson interval. A session's level "
        "is the first one declared in it, and labels all of it, what came before sign-in too.",
        "In strict order no other step of the funnel may lie between two; in any order, so many of "
        "the steps are counted. A step that ends the funnel ends what was begun before it.",
        'Sessions that entered less than the window ago and are not through are "still in '
        'window": they are in no denominator yet. A share is withheld below 30 effective '
        "sessions, below 5 visitors, or when its interval is wider than 30 points.",
    ),
    "errors": (
        "Errors of one type, with the same message once numbers, ids, addresses and quoted texts "
        "are taken out of it, thrown in the same place are one group. The place is the topmost two "
        "frames of the site's own code: file without its hash, and function, where it has a name "
        "that a minifier did not make up.",
        "A page load tells of one kind five times at most. Counted in all sessions but bots', "
        "sampled or not, by day (UTC); a session over midnight that met it on both days counts "
        "twice. A level's share is of all its sessions.",
        "New: first met within the last 7 days. Regressed: somebody said that it is resolved, and "
        "it was met after that; where that was said of the release to come, only releases first "
        "seen after it count. Its owner is the first [[owners]] block of vigie.toml that fits.",
    ),
    "paths": (
        "Page templates in order, consecutive repeats of one page counted once, at most 5 steps. A "
        "session counts once, from the first time it came to the start in this window; the most "
        'visited pages of each step are named, the rest are "Other". Who was at a step and went '
        'no further ends in "Exit", or in "Still there" while the last sign of them is less than '
        "15 minutes old. Each step adds up to the sessions that came to it.",
        "Shares are of all sessions at the start, with a 95 % Wilson interval; a ribbon's own "
        "share is of the sessions at its end nearer to the start. A difference between levels is "
        "stated where its interval (Newcombe) leaves zero out.",
        "Entry and exit pages and loops are of the sessions that began in this window; a loop is a "
        "page, another one, and the first again.",
    ),
    "vital": (
        "Views, their 75th percentile and the shares of them that were good and poor are of the "
        "sample, with 95 % intervals in which views of one session are a cluster. Good and poor "
        "are what web.dev publishes for the vital.",
        "By day: of all sessions, from histograms with steps of 4 %, kept for 25 months without "
        "personal data. Slower than usual is said of the days that stand out most on a device, "
        "where their share of views over good is surely higher: one look in a hundred at a site "
        "where nothing changed would say so, with as much variance as its days have.",
        "What slow views have in common: the share of slow views among those with a thing, less "
        "that among those without it. Shown are differences that hold at a false discovery rate of "
        "5 % (Benjamini and Hochberg), the ones that most slow views have first.",
    ),
    "conversion_speed": (
        "Each session by the LCP of its first view, and whether the event came in it then or "
        "later. The shares carry 95 % Wilson intervals.",
        "It is said to be flat below a point only where each bin below surely is within 3 points "
        "of the others below, and sessions above surely convert less, at 95 % over all points "
        "looked at together.",
    ),
    "clicks": (
        "Clicks are counted by the element they were on, as rum.js names it: its data-vigie name, "
        "its id, or its way from an ancestor that has one. The share is of the sessions that saw "
        "the page and clicked the element at least once, with a 95 % Wilson interval.",
        "A rage click is three or more within a second on one element; a dead one, one that "
        "nothing came of; an error click, one that an error came of. Where an element stands is "
        "the middle of its clicks, as a share of the page's height when they were made.",
        "The scroll curve is the share of views in which each tenth of the page's height came "
        "into sight, with views of one session counted as a cluster. The fold is what 19 views "
        "in 20 saw at least: what is in sight before anyone scrolls, about.",
    ),
    "funnel_why": (
        "Those who left at a step are set beside those who went on from it: the share that met an "
        "error, a failed request, a rage or dead click, or poor vitals in the view in which they "
        "came to the step, until they went on.",
        "A difference is told only where all that were looked at hold together (Benjamini-Hochberg "
        "at 5 %). What leaving goes with need not be why people leave.",
    ),
    "speed": (
        "The 75th percentile over page views of each web vital as browsers measured it: three "
        "views in four were at least this fast. Each view counts once, with its latest values.",
        "The interval is Woodruff's, at 95 %, with views of one session counted as a cluster. "
        "Of more than 100,000 views, and where past days and hours are told from what is kept of "
        "them, values are known to 2 %; shares always exactly. "
        "Good and poor are the published thresholds: LCP 2.5 / 4 s, INP 200 / 500 ms, "
        "CLS 0.1 / 0.25, FCP 1.8 / 3 s, TTFB 0.8 / 1.8 s.",
    ),
    "journey": (
        "Outside is the worst state of the journey's monitors in each slot of time. People is the "
        "share of sessions entering in the slot that completed the journey's steps within its "
        "window, by level, from the sample. Activity counts the business event at 100 %, against "
        "the usual for the hour of the week. Errors counts script errors of the sessions read.",
        "A finding is stated only when the figures are sure enough to say so; none does not prove "
        "that all is well. People failing, at a step or by what failed on its pages, and an event "
        "that came abnormally rarely, are told where chance would show such a stretch once in a "
        "hundred windows, all stretches that were looked at counted. What it cost is what is usual "
        "in those whole hours less what came.",
    ),
    "perceived": (
        "After a success a user is up, after a failure down, until the next evidence. Successes "
        "are a view that loaded, a named event, and a request answered below 500. Failures are a "
        "request without an answer or with 500 and above, an error of the page's scripts, a click "
        "that an error came of, and a view of a page the site named as one of errors. All else a "
        "browser sends shows only that somebody is still there. Of a silence beyond the cutoff "
        "the rest is nobody's time: the length 99 % of silences do not exceed, or a setting.",
        "User-uptime = time up / (time up + time down) of all people together, from the sample, "
        "with sessions as clusters; minutes lost per 1,000 user-hours is the same turned round. "
        "The worst window is the one of its length with the lowest user-uptime among those in "
        "which at least 30 minutes of people's time were read. (Hauer et al., Meaningful "
        "Availability, NSDI 2020.)",
        "Who could not load anything left no trace. While a monitor is confirmed down, what is "
        "usual in that hour of the week (the median of the nearest eight weeks) less what was "
        "observed is time lost: perceived availability = up / (up + down + lost). A journey's "
        "demand is its share of its site's.",
        "Plain uptime is by the clock; demand-weighted uptime counts each hour by the demand that "
        "is usual in it. Both take any monitor's outage as one.",
    ),
    "activity": (
        "The event at 100 %, from browsers and servers, by whole hours. What is usual is the "
        "median of the same window of the week, by the site's clock, in the last eight weeks, at "
        "least three; holidays, outages and abnormal lows are left out of it. The band holds 95 % "
        "of a negative binomial whose dispersion is pooled over the week's windows.",
        "It is abnormally rare when, in a window of 1, 3, 6, 12 or 24 hours, so few or fewer have "
        "a chance below 1 in 1,000 (a setting of the journey). A window is tested only where even "
        "none at all would be surprising, and never on a holiday or amid an outage. It is over "
        "with the first tested window after it that is none too low.",
    ),
    "cost": (
        "Sessions there meanwhile and those that met a failure are as the sample says. People's "
        "time missing is what is usual in those hours less what was observed while the monitor "
        "was down.",
        "Conversions are the journey's event in the whole hours that the incident touched: the "
        "median of the same hours of the last eight weeks less what came. The interval is how "
        "much what is usual varies. Value is that number times the mean value of the event.",
    ),
    "contract": (
        "A contract's month is the calendar month in its time zone. Its budget is the share of the "
        "month's real length that the target leaves: 99.9 % allows 43.2 minutes in 30 days, 44.64 "
        "in 31. Only time already lived counts, and only down time that was seen and confirmed.",
        "Monitors are combined as the contract says: down while any of them is, only while all "
        "are, or in part, by the weight of those that are. A monitor in maintenance or paused "
        "does not count meanwhile; when none counts, the time is excluded. Blips, failing checks "
        "that were never confirmed, do not count.",
        "The bounds take time not observed as up, then as down, and add one interval of doubt "
        "for each edge of an outage. Where they fall on both sides of the budget, the page says "
        "that they leave it open. Overlapping outages of several monitors are one incident.",
        "Claimable is what the tiers say of the down time that was seen, all other time of the "
        "month taken as up. Whether it is owed, the contract's own text says.",
        "The burn rate is (down time / window) / (1 - target): at 1 the budget is just spent when "
        "the month ends. A rule holds when both its windows reach its rate, and says nothing "
        "before there is one full long window of history.",
    ),
    "latency": (
        "Each bar stacks the median time of the phases of the checks in its slot of time: name "
        "look-up, connecting, TLS, waiting for the first byte, transfer. Every check opens one "
        "fresh connection, so no phase is skipped. The line is the 95th percentile of the total.",
    ),
}

"""The settings of one installation: their types, defaults and meaning."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from probes.monitor import Monitor

# Limits are declared here and enforced where a settings file is read (settings_file.py).
Port = Annotated[int, Meta(ge=0, le=65_535)]
"""0: any free port; the one taken stands in the data folder's run/ports.json."""
Count = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
ByteSize = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)? ?([KMGT]i?)?B$")]
SiteKey = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
ParamName = SiteKey
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Network = Annotated[str, Meta(min_length=2)]
Rate = Annotated[float, Meta(ge=0)]
"""A second; 0: no limit."""
NotEmpty = Annotated[str, Meta(min_length=1)]
Target = Annotated[float, Meta(gt=0, le=99.9999)]
"""Per cent of time; all of it can be promised by nobody, and leaves no budget to divide by."""


class CollectorSettings(Struct, frozen=True, kw_only=True):
    """The public process: rum.js, beacons."""

    host: str = "0.0.0.0"
    port: Port = 8600
    body_bytes_max: Annotated[int, Meta(ge=1_000, le=4_000_000)] = 65_536
    inflated_bytes_max: Annotated[int, Meta(ge=1_000, le=64_000_000)] = 262_144
    """Of a body sent compressed."""
    body_timeout_s: Positive = 10.0
    headers_timeout_s: Positive = 10.0
    connections_max: Annotated[int, Meta(ge=1, le=100_000)] = 2_000
    trusted_proxies: tuple[Network, ...] = ("127.0.0.0/8", "::1")
    """Whose X-Forwarded-For is believed."""
    site_beacons_per_s: Rate = 1_000.0
    address_beacons_per_s: Rate = 50.0
    site_sessions_per_s: Rate = 500.0
    address_sessions_per_s: Rate = 10.0
    server_requests_per_s: Rate = 100.0
    """Of one site to /events/v1."""
    pages_a_day_max: Count = 1_000
    """Page templates one site may bring in a day; what comes after is "other"."""
    names_a_day_max: Count = 500
    """The same of events, and of errors."""
    attribute_keys_a_day_max: Count = 200
    events_max: Annotated[int, Meta(ge=1, le=1_000)] = 50
    """Events in one beacon; more are refused."""
    late_h: Positive = 24.0
    """Events older than this are refused as too old."""
    disk_free_bytes_min: Annotated[int, Meta(ge=0)] = 500_000_000
    """Below it, beacons get 503 with Retry-After."""
    backlog_bytes_max: Count = 2_000_000_000
    """Journal not yet loaded; above it, 503 with Retry-After."""


class ConsoleSettings(Struct, frozen=True, kw_only=True):
    """The private process: pages, API, loading, jobs."""

    host: str = "127.0.0.1"
    port: Port = 8601
    url: str = ""
    """Where people reach it, for links in messages; empty: messages carry no link."""


class ProberSettings(Struct, frozen=True, kw_only=True):
    location: Id = "local"
    in_flight_max: Count = 200
    lag_limit_s: Positive = 5.0
    """A check started later than this after its due time says nothing of its target."""
    resolver_threads: Annotated[int, Meta(ge=1, le=1_000)] = 32


class StoreSettings(Struct, frozen=True, kw_only=True):
    memory_limit: ByteSize = "2GB"
    threads: Annotated[int, Meta(ge=1, le=1_024)] = 2
    temp_limit: ByteSize = "10GB"
    hot_days: Annotated[int, Meta(ge=1, le=30)] = 2
    """Whole days kept in full detail before they are sealed."""
    retention_days: Count = 30
    """Sealed detail and session summaries, which hold personal data."""
    checks_raw_days: Count = 30
    """Single results of checks; their days are then known by their aggregates alone."""
    checks_retention_days: Count = 400
    """Aggregates of checks: enough to tell each day's states, incidents and latency."""
    aggregates_retention_months: Count = 25
    rewrite_wait_h: Positive = 24.0
    """What is past its term may wait so long in free blocks of the database file."""
    segments_kept_h: Annotated[int, Meta(ge=0)] = 48
    """Loaded journal segments kept to rebuild a damaged database."""


class ReplaySettings(Struct, frozen=True, kw_only=True):
    """Which sessions of a site are recorded, and how long a recording may become.

    Both rates are shares of all sessions, told by the session's id, and the second holds the first.
    """

    rate: Share = 0.0
    """Recorded whole; 0: none. 0.2 is a good start. It takes the consent of who is recorded."""
    error_rate: Share = 0.0
    """Recorded from the minute before an error on; 0: no more than `rate`."""
    session_bytes_max: Annotated[int, Meta(ge=10_000)] = 10_000_000
    """Of one session's recording, compressed."""
    session_chunks_max: Annotated[int, Meta(ge=1, le=100_000)] = 500


class SourceMapSettings(Struct, frozen=True, kw_only=True):
    """What is kept of source maps that were uploaded."""

    file_bytes_max: Annotated[int, Meta(ge=10_000, le=1_000_000_000)] = 50_000_000
    bytes_max: Annotated[int, Meta(ge=10_000)] = 2_000_000_000
    """Of all of them, before they are compressed."""
    days: Count = 90
    """After a release was uploaded, and after it was last heard of."""


class BackupSettings(Struct, frozen=True, kw_only=True):
    """Backups on a schedule."""

    folder: str = ""
    """Best on another disk; empty: none are made."""
    every_h: Positive = 24.0
    keep: Count = 7
    """How many; those older than the store's retention go earlier."""
    verify_every_h: Positive = 168.0
    """How often the newest is restored into scratch and compared."""


class PerceivedSettings(Struct, frozen=True, kw_only=True):
    """What counts as a failure of a user in user-perceived availability, beside requests that got
    no answer or one of 500 and above."""

    errors: bool = True
    """Errors of the page's scripts, and clicks that an error came of."""
    error_pages: tuple[str, ...] = ()
    """Templates of pages that say that something failed."""
    key_requests: tuple[str, ...] = ()
    """Templates of the requests that count; none named: all."""
    cutoff_s: Annotated[float, Meta(ge=10, le=3600)] | None = None
    """The longest silence that still counts. Unset: longer than 99 % of those within sessions."""


class SiteSettings(Struct, frozen=True, kw_only=True):
    id: Id
    name: str = ""
    key: SiteKey
    """Public; names the site in beacons."""
    origins: Annotated[tuple[str, ...], Meta(min_length=1)]
    levels: Annotated[tuple[NotEmpty, ...], Meta(min_length=1)] = ("novice", "confirmed", "expert")
    """Experience levels in order, least first."""
    sample: Annotated[float, Meta(gt=0, le=1)] = 0.2
    """The share of sessions that reports read."""
    keep: Share | None = None
    """The share kept in detail after hot days. Unset: `sample`; below 5,000 sessions a day, all."""
    keep_by_level: dict[str, Share] = field(default_factory=dict)
    """Of sessions of a level, where that is more than `keep`: few novices are kept whole by 1.0."""
    keep_errors: Share | None = None
    """Of sessions that had an error, where that is more than what else applies."""
    unit: Literal["session", "user"] = "session"
    """What the sample is of: "user" takes all sessions of a user, or none."""
    pages: tuple[str, ...] = ()
    """Page templates of the site's own ("/user/?/edit"), tried before the built-in templating."""
    query_params_kept: tuple[ParamName, ...] = ()
    """Of those that the tag names, the query parameters that may stay; none named: all of them."""
    event_tokens_sha256: tuple[Sha256, ...] = ()
    """Of tokens with which servers post events; `vigie event-token` makes one."""
    attributes_counted: tuple[ParamName, ...] = ()
    """Attributes of events that are counted by their values, and kept so for as long as counts."""
    timezone: str = "UTC"
    """By whose clock its weeks go, such as "Europe/Paris"."""
    holidays: tuple[str, ...] = ()
    """Days that are no example of what is usual: "2027-05-17", or "12-25" of every year."""
    replay: ReplaySettings = field(default_factory=ReplaySettings)
    perceived: PerceivedSettings = field(default_factory=PerceivedSettings)


class StepSettings(Struct, frozen=True, kw_only=True):
    """One step of a journey: a page template, an event's name or the selector of what is clicked;
    exactly one of the three."""

    name: str = ""
    page: str = ""
    event: str = ""
    click: str = ""
    where: str = ""
    """Conditions on it, as a funnel's steps have them: "value>=1000 and device=phone"."""


class JourneySettings(Struct, frozen=True, kw_only=True):
    id: Id
    site: str
    name: str = ""
    owner: str = ""
    """The team that is called."""
    event: str = ""
    """The business event whose volume is watched."""
    monitors: tuple[str, ...] = ()
    steps: tuple[StepSettings, ...] = ()
    window_minutes: Positive = 60.0
    target: Target | None = None
    """Per cent of people's time that it is to work: user-perceived availability."""
    channels: tuple[str, ...] = ()
    """Told when its event is abnormally rare; none named: the default ones."""
    activity_alert: bool = True
    activity_chance: Annotated[float, Meta(gt=0, le=0.05)] = 0.001
    """How improbable so low a volume must be before somebody is told."""


class OwnerSettings(Struct, frozen=True, kw_only=True):
    """A team, and the errors that are its own: of pages, or thrown in files. The first that fits
    owns an error; one without patterns owns what is left."""

    team: NotEmpty
    site: str = ""
    """Empty: of any site."""
    pages: tuple[NotEmpty, ...] = ()
    """Page templates; "*" stands for anything: "/mandates/*"."""
    files: tuple[NotEmpty, ...] = ()
    """Of scripts, as an error's group names them: "/assets/checkout*"."""
    channels: tuple[str, ...] = ()
    alert: bool = False
    """Tell the channels of errors that are new or came back: once each."""
    alert_sessions: Count = 5
    """That met an error before anybody is told; fewer within a day, and nobody is."""


class CreditSettings(Struct, frozen=True, kw_only=True):
    """One tier of a contract's credits: what may be claimed of a month below a share of time."""

    below: Annotated[float, Meta(gt=0, le=100)]
    """Per cent of the month."""
    credit: Annotated[float, Meta(gt=0, le=100)]
    """Per cent of the month's fee."""


class ContractSettings(Struct, frozen=True, kw_only=True):
    """What is promised of some monitors together, each calendar month."""

    id: Id
    name: str = ""
    target: Target
    """Per cent of the month."""
    monitors: Annotated[tuple[str, ...], Meta(min_length=1)]
    combination: str = "any"
    """Down while "any" of them is, while "all" are, or "weighted": in part, by `weights`."""
    weights: dict[str, float] = field(default_factory=dict)
    """Of "weighted", by monitor; one that is not named weighs 1."""
    timezone: str = "UTC"
    """Where its months begin and end, such as "Europe/Paris"."""
    credits: tuple[CreditSettings, ...] = ()


class ChannelSettings(Struct, frozen=True, kw_only=True):
    """Where messages go. Which fields apply is a matter of `kind`: vigie/alerts/channel_checks.py.

    Secrets are only named here, by environment variable or file; vigie/settings_secrets.py reads
    them when a message is sent.
    """

    id: Id
    kind: str
    """email, webhook, pagerduty or chat."""
    default: bool = False
    """Told of every monitor that names no channels of its own."""
    host: str = ""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 587
    security: str = "starttls"
    """Of e-mail: starttls, tls (from the first byte) or none."""
    username: str = ""
    password_env: str = ""
    password_file: str = ""
    from_address: str = ""
    to: tuple[str, ...] = ()
    url: str = ""
    url_env: str = ""
    url_file: str = ""
    secret_env: str = ""
    secret_file: str = ""
    routing_key_env: str = ""
    routing_key_file: str = ""


class AlertSettings(Struct, frozen=True, kw_only=True):
    """How messages of all channels are delivered, and watched over."""

    heartbeat_url: str = ""
    """Asked once a minute while messages can be delivered: the dead man's switch."""
    give_up_h: Positive = 24.0
    """A message that could not be delivered for this long is given up, and shown as failed."""


class MaintenanceSettings(Struct, frozen=True, kw_only=True):
    """Planned work: once, from `start` to `end`, or every week."""

    id: Id
    monitors: tuple[str, ...] = ()
    """None named: all."""
    start: str = ""
    end: str = ""
    weekdays: tuple[str, ...] = ()
    start_time: str = ""
    duration_minutes: Annotated[float, Meta(gt=0, le=10_080)] | None = None
    timezone: str = "UTC"


class LocationSettings(Struct, frozen=True, kw_only=True):
    """Another place from which a `vigie probe` checks, and what it shows to be let in."""

    name: Id
    token_sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    """Of its token, which stands at the location only; `vigie location-token` makes both."""


class Settings(Struct, frozen=True, kw_only=True):
    """All of vigie.toml."""

    collector: CollectorSettings = field(default_factory=CollectorSettings)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    prober: ProberSettings = field(default_factory=ProberSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    backup: BackupSettings = field(default_factory=BackupSettings)
    source_maps: SourceMapSettings = field(default_factory=SourceMapSettings)
    sites: tuple[SiteSettings, ...] = ()
    monitors: tuple[Monitor, ...] = ()
    journeys: tuple[JourneySettings, ...] = ()
    owners: tuple[OwnerSettings, ...] = ()
    maintenance: tuple[MaintenanceSettings, ...] = ()
    contracts: tuple[ContractSettings, ...] = ()
    alerts: AlertSettings = field(default_factory=AlertSettings)
    channels: tuple[ChannelSettings, ...] = ()
    locations: tuple[LocationSettings, ...] = ()
    public_url: str = ""
    """Where browsers reach the collector; empty: the collector's own host and port."""

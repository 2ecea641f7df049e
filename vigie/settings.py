"""The settings of one installation: their types, defaults and meaning."""

from msgspec import Struct, field

from probes.monitor import Monitor


class CollectorSettings(Struct, frozen=True, kw_only=True):
    """The public process: rum.js, beacons."""

    host: str = "0.0.0.0"
    port: int = 8600
    body_bytes_max: int = 65_536
    body_timeout_s: float = 10.0
    events_max: int = 50
    """Events in one beacon; more are refused."""
    late_h: float = 24.0
    """Events older than this are refused as too old."""
    disk_free_bytes_min: int = 500_000_000
    """Below it, beacons get 503 with Retry-After."""
    backlog_bytes_max: int = 2_000_000_000
    """Journal not yet loaded; above it, 503 with Retry-After."""


class ConsoleSettings(Struct, frozen=True, kw_only=True):
    """The private process: pages, API, loading, jobs."""

    host: str = "127.0.0.1"
    port: int = 8601


class ProberSettings(Struct, frozen=True, kw_only=True):
    location: str = "local"
    in_flight_max: int = 200
    lag_limit_s: float = 5.0
    """A check started later than this after its due time says nothing of its target."""
    resolver_threads: int = 32


class StoreSettings(Struct, frozen=True, kw_only=True):
    memory_limit: str = "2GB"
    threads: int = 2
    temp_limit: str = "10GB"
    hot_days: int = 2
    """Whole days kept in full detail before they are sealed."""
    retention_days: int = 30
    """Sealed detail and session summaries, which hold personal data."""
    checks_retention_days: int = 400
    aggregates_retention_months: int = 25
    segments_kept_h: int = 48
    """Loaded journal segments kept to rebuild a damaged database."""


class SiteSettings(Struct, frozen=True, kw_only=True):
    id: str
    name: str = ""
    key: str
    """Public; names the site in beacons."""
    origins: tuple[str, ...]
    levels: tuple[str, ...] = ("novice", "confirmed", "expert")
    """Experience levels in order, least first."""
    sample: float = 0.2
    """The share of sessions that reports read."""
    keep: float | None = None
    """The share kept in detail after hot days. Unset: `sample`; below 5,000 sessions a day, all."""
    pages: tuple[str, ...] = ()
    """Page templates of the site's own ("/user/?/edit"), tried before the built-in templating."""


class StepSettings(Struct, frozen=True, kw_only=True):
    """One step of a journey: a page template, or an event's name; exactly one of the two."""

    name: str = ""
    page: str = ""
    event: str = ""


class JourneySettings(Struct, frozen=True, kw_only=True):
    id: str
    site: str
    name: str = ""
    owner: str = ""
    """The team that is called."""
    event: str = ""
    """The business event whose volume is watched."""
    monitors: tuple[str, ...] = ()
    steps: tuple[StepSettings, ...] = ()
    window_minutes: float = 60.0


class Settings(Struct, frozen=True, kw_only=True):
    """All of vigie.toml."""

    collector: CollectorSettings = field(default_factory=CollectorSettings)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    prober: ProberSettings = field(default_factory=ProberSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    sites: tuple[SiteSettings, ...] = ()
    monitors: tuple[Monitor, ...] = ()
    journeys: tuple[JourneySettings, ...] = ()
    public_url: str = ""
    """Where browsers reach the collector; empty: the collector's own host and port."""

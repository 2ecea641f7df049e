"""The estate agents' network the demo is about: its site, pages, monitors and journey."""

from msgspec import Struct

from probes.monitor import Monitor
from vigie.settings import (
    ContractSettings,
    CreditSettings,
    JourneySettings,
    OwnerSettings,
    SiteSettings,
    StepSettings,
)

NAME = "Tilleul"
SITE = "tilleul"
SITE_KEY = "tilleul-demo"
LEVELS = ("novice", "confirmed", "expert")
LOCATION = "local"
ZONE = "Europe/Paris"
"""The network's offices keep these hours."""

SIGN_IN = "/sign-in"
LISTINGS = "/listings"
LISTING = "/listings/?"
OWNER = "/mandates/new/owner"
PROPERTY = "/mandates/new/property"
TERMS = "/mandates/new/terms"
SIGNED = "/mandates/signed"
MANDATE_SIGNED = "mandate_signed"
MANDATE_KINDS = ("exclusive", "simple", "semi-exclusive")

ENVIRONMENT = "production"
RELEASE_NOW = "2.14.1"
"""What the live demo site says it is; the history ends with it."""

JOURNEY = "sign-mandate"
CONTRACT = "extranet"
PROBE_COOKIE = "adviser=probe"
"""The probes sign in as an account of their own."""


class Watched(Struct, frozen=True, kw_only=True):
    """A page the demo's probes ask for: how often live, and how often in the history."""

    id: str
    name: str
    path: str
    text: str
    past_interval_s: int
    latency_usual_ms: float
    interval_s: float = 2.0
    timeout_s: float = 1.8
    latency_max_ms: float | None = None
    signed_in: bool = False

    def live(self, origin: str) -> Monitor:
        """The monitor the running demo checks, on the demo site at `origin`."""
        return self._monitor(
            origin, self.interval_s, self.timeout_s, latency_max_ms=self.latency_max_ms
        )

    def past(self) -> Monitor:
        """The same monitor as it stands in the generated history."""
        return self._monitor(
            f"https://extranet.{SITE}.example",
            float(self.past_interval_s),
            10.0,
            latency_max_ms=1500.0,
        )

    def _monitor(
        self, origin: str, interval_s: float, timeout_s: float, *, latency_max_ms: float | None
    ) -> Monitor:
        return Monitor(
            id=self.id,
            name=self.name,
            site=SITE,
            url=origin + self.path,
            headers={"Cookie": PROBE_COOKIE} if self.signed_in else {},
            interval_s=interval_s,
            timeout_s=timeout_s,
            text=self.text,
            latency_max_ms=latency_max_ms,
        )


WATCHED = (
    Watched(
        id="sign-in",
        name="Sign in",
        path=SIGN_IN,
        text="Sign in to Tilleul",
        past_interval_s=60,
        latency_usual_ms=95,
    ),
    Watched(
        id="mandate-form",
        name="Mandate form",
        path=OWNER,
        text="Who owns the property?",
        past_interval_s=60,
        latency_usual_ms=140,
        signed_in=True,
    ),
    Watched(
        id="listings",
        name="Listings",
        path=LISTINGS,
        text="properties for sale",
        past_interval_s=300,
        latency_usual_ms=210,
        interval_s=4.0,
        timeout_s=3.8,
        latency_max_ms=1000.0,
        signed_in=True,
    ),
    Watched(
        id="api-health",
        name="API health",
        path="/api/health",
        text='"ok"',
        past_interval_s=300,
        latency_usual_ms=38,
    ),
)


def site_settings(origins: tuple[str, ...]) -> SiteSettings:
    return SiteSettings(
        id=SITE,
        name=f"{NAME} extranet",
        key=SITE_KEY,
        origins=origins,
        levels=LEVELS,
        timezone=ZONE,
        attributes_counted=("kind",),
    )


def journey_settings() -> JourneySettings:
    return JourneySettings(
        id=JOURNEY,
        site=SITE,
        name="Sign a mandate",
        owner="Mandates team",
        event=MANDATE_SIGNED,
        monitors=("sign-in", "mandate-form", "api-health"),
        steps=(
            StepSettings(name="Sign in", page=SIGN_IN),
            StepSettings(name="1. Owner", page=OWNER),
            StepSettings(name="2. Property", page=PROPERTY),
            StepSettings(name="3. Terms", page=TERMS),
            StepSettings(name="Mandate signed", event=MANDATE_SIGNED),
        ),
        window_minutes=60.0,
    )


OWNERS = (
    OwnerSettings(team="Mandates team", pages=("/mandates*",), files=("/assets/mandate*",)),
    OwnerSettings(team="Listings team", pages=("/listings*",)),
)


def contract_settings() -> ContractSettings:
    """What the network's hoster promises of the whole extranet."""
    return ContractSettings(
        id=CONTRACT,
        name=f"{NAME} extranet",
        target=99.9,
        monitors=tuple(watched.id for watched in WATCHED),
        combination="any",
        timezone=ZONE,
        credits=(
            CreditSettings(below=99.9, credit=10.0),
            CreditSettings(below=99.0, credit=25.0),
        ),
    )

"""What is known of the installation: its sites, and what its running console can be asked."""

from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
from msgspec import Struct

from rum.origin_rule import OriginRule
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.report_source import TOKEN_FILE, ask_console
from vigie.settings import SiteSettings
from vigie.settings_file import load_settings

SEEN_WITHIN = timedelta(days=7)
ASKED_WITHIN_S = 10.0


class Known(Struct, frozen=True, kw_only=True):
    """`sites` is None without a settings file, `folder` None without a data folder."""

    sites: tuple[SiteSettings, ...] | None
    folder: DataFolder | None

    def site_of(self, key: str) -> SiteSettings | None:
        return next((site for site in self.sites or () if site.key == key), None)

    def site_for(self, origin: str) -> SiteSettings | None:
        """The site that names this origin; "*" names none."""
        return next(
            (
                site
                for site in self.sites or ()
                if "*" not in site.origins and OriginRule(site.origins).allows(origin)
            ),
            None,
        )


class Received(Struct, frozen=True):
    """The console's answer to /api/v1/received."""

    events: int = 0


class SeenPage(Struct, frozen=True):
    name: str
    count: int


class SeenPages(Struct, frozen=True):
    """What the report `seen` says that matters here."""

    pages: tuple[SeenPage, ...] = ()


def known(config: Path, data: Path) -> Known:
    """What can be known here. Raises SettingsError for a settings file with a mistake."""
    return Known(
        sites=tuple(load_settings(config).sites) if config.exists() else None,
        folder=DataFolder(data) if data.is_dir() else None,
    )


def received(folder: DataFolder, session: str) -> int | None:
    """How many events of a session the store holds; None when no console answers."""
    address, token = folder.addresses().get("console"), folder.run / TOKEN_FILE
    if address is None or not token.exists():
        return None
    try:
        answer = httpx.get(
            f"{address.url}/api/v1/received",
            params={"session": session},
            headers={"authorization": f"Bearer {token.read_text('ascii').strip()}"},
            timeout=ASKED_WITHIN_S,
            trust_env=False,
        )
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=Received).events
    except (httpx.HTTPError, msgspec.DecodeError):
        return None


def pages_seen(folder: DataFolder, site: str) -> tuple[SeenPage, ...]:
    """The site's most viewed page templates of the last days; none when no console answers."""
    params = {"site": site, "days": str(SEEN_WITHIN.days)}
    try:
        answer = ask_console("seen", params, "json", folder)
    except CommandError:
        return ()
    return msgspec.json.decode(answer, type=SeenPages).pages if answer else ()

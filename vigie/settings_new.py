"""Settings for one more site, as a person would write them: a new file, or more of an old one."""

import json
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from vigie.folders import write_atomically
from vigie.settings import Settings
from vigie.settings_file import parse_settings, read_text
from vigie.settings_mistakes import Mistake, SettingsError

KEY_BYTES = 12
DEFAULT_PORTS = {"http": 80, "https": 443}

HEAD = """\
# Settings of Vigie. docs/settings.md describes each one; what is not written here has its default.
# After a change: vigie check-config, then restart vigie serve.

[collector]
# The public process: rum.js and beacons. Put your site's /vigie/ in front of it.
port = 8600
# host = "127.0.0.1"      # when the proxy runs on this machine

[console]
# The private process: pages and API. Reach it through an SSH tunnel or a proxy with TLS.
port = 8601
"""


class NewSite(Struct, frozen=True, kw_only=True):
    """A site to be added, as its URL tells."""

    id: str
    key: str
    origin: str
    url: str
    monitor: str
    """The id of its one monitor."""


class SiteTakenError(Exception):
    """The settings already have this site."""


def add_site(path: Path, url: str) -> tuple[NewSite, Settings]:
    """Write the site at `url` into the settings file, made when missing; nothing else changes.

    Returns the site and the settings with it. Raises ValueError for a URL that is none,
    SettingsError when the file has mistakes, SiteTakenError, and OSError.
    """
    path = path.resolve()  # a link stays a link
    old = read_text(path) if path.exists() else None
    settings = parse_settings(old, str(path)) if old is not None else Settings()
    site = new_site(url, settings)
    if old is None:
        text, mode = HEAD + blocks(site), 0o644
    else:
        text, mode = f"{old.rstrip()}\n{blocks(site)}", path.stat().st_mode & 0o777
    try:
        changed = parse_settings(text, str(path))
    except SettingsError as error:
        raise _cannot_append(path) from error
    write_atomically(path, text.encode("utf-8"), mode=mode)
    return site, changed


def new_site(url: str, settings: Settings) -> NewSite:
    """Raises ValueError for a URL that is none, SiteTakenError for a site that is there."""
    url, origin = _split(url)
    host = urlsplit(origin).netloc
    id_ = re.sub(r"[^a-z0-9._-]+", "-", host.removeprefix("www.")).strip("-._")[:64]
    for site in settings.sites:
        if site.id == id_ or origin in site.origins:
            raise SiteTakenError(f'the site "{site.id}" with the origin {site.origins[0]}')
    return NewSite(
        id=id_,
        key=secrets.token_urlsafe(KEY_BYTES),
        origin=origin,
        url=url,
        monitor=_free(id_, {monitor.id for monitor in settings.monitors}),
    )


def blocks(site: NewSite) -> str:
    """The TOML of one site and its monitor, with what else may be said of them."""
    return f"""
[[sites]]
id = {_quoted(site.id)}
key = {_quoted(site.key)}    # public; names the site in its pages
origins = [{_quoted(site.origin)}]    # where its pages may send from
# Experience levels, least first; pages say the user's: vigie('level', 'novice')
levels = ["novice", "confirmed", "expert"]
# sample = 0.2      # the share of sessions that reports read
# keep = 1.0        # the share kept in detail after two days
# keep_by_level = {{ novice = 1.0 }}    # of a level, where that is more
# keep_errors = 1.0    # of sessions that had an error
# pages = ["/user/?/edit"]    # page templates of your own; numbers and ids are found without

[[monitors]]
id = {_quoted(site.monitor)}
site = {_quoted(site.id)}
url = {_quoted(site.url)}
interval_s = 60
timeout_s = 10
# expected_status = ["200-299"]
# text = "Welcome"           # must stand in the body
# latency_max_ms = 2000      # slower is degraded

# A journey: what people come to do. Take its steps from pages and events really seen.
# [[journeys]]
# id = "{site.id}-order"
# site = {_quoted(site.id)}
# owner = "team that is called"
# monitors = [{_quoted(site.monitor)}]
# event = "order_paid"
# steps = [{{ page = "/" }}, {{ page = "/cart" }}, {{ event = "order_paid" }}]
"""


def _split(url: str) -> tuple[str, str]:
    """The URL with a scheme, and its origin as browsers send it."""
    whole = url if "://" in url else f"https://{url}"
    try:
        parts = urlsplit(whole)
        port = parts.port
    except ValueError as error:
        raise ValueError(f'"{url}" is not a URL ({error})') from None
    host = parts.hostname or ""
    if parts.scheme not in DEFAULT_PORTS or not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", host):
        raise ValueError(f'"{url}" is not a URL')
    if not whole.isprintable() or " " in whole or parts.username is not None:
        raise ValueError(f'"{url}" is not a URL of a page')
    host = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{host}"
    if port is not None and port != DEFAULT_PORTS[parts.scheme]:
        origin += f":{port}"
    return f"{origin}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else ""), origin


def _free(wanted: str, taken: set[str]) -> str:
    number = 2
    free = wanted
    while free in taken:
        free = f"{wanted[:60]}-{number}"
        number += 1
    return free


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False)


def _cannot_append(path: Path) -> SettingsError:
    return SettingsError(
        [
            Mistake(
                file=str(path),
                line=None,
                key="",
                wrong="a site cannot be added at its end; nothing was changed",
                right="write each site as [[sites]] and each monitor as [[monitors]]",
            )
        ]
    )

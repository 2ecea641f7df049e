"""Sites & install: what each site pastes, and whether it has been heard of."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from vigie.console.console import Console, console_of
from vigie.console.freshness import freshness_now
from vigie.folders import Address
from vigie.install_texts import apache_lines, nginx_lines, pinned_tag, policy_line, snippet
from vigie.settings import SiteSettings

USER_SCRIPT = """\
vigie('user', 'your id for this user', {{ level: '{level}' }});"""


class InstallTexts(Struct, frozen=True, kw_only=True):
    """What a site's people copy from the page."""

    snippet: str
    pinned: str
    """The script tag for who pins a version."""
    user: str
    csp: str
    nginx: str
    apache: str
    page: str
    """A page to check: the first origin that is one."""
    proxied: bool
    """Whether the site's own /vigie/ is meant to lead to the collector."""


def texts_for(console: Console, site: SiteSettings) -> InstallTexts:
    public_url = console.settings.public_url
    collector = console.context.folder.addresses().get("collector")
    settings = console.settings.collector
    collector = collector or Address(settings.host, settings.port)
    level = site.levels[0] if site.levels else "novice"
    return InstallTexts(
        snippet=snippet(site.key, public_url, site.replay),
        pinned=pinned_tag(site.key, public_url, site.replay),
        user=USER_SCRIPT.format(level=level),
        csp=policy_line(public_url),
        nginx=nginx_lines(collector.url),
        apache=apache_lines(collector.url),
        page=next((each for each in site.origins if "*" not in each), "https://www.example.com"),
        proxied=not public_url,
    )


def install(request: Request) -> Response:
    console = console_of(request)
    fresh = freshness_now(console)
    return console.page(
        request,
        "install.html",
        console.scope(request),
        uses_dates=False,
        sites=[
            (site, texts_for(console, site), fresh.last_event(site.id))
            for site in console.settings.sites
        ],
    )

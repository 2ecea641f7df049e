"""Device, browser, system, and whether it is a bot, from a User-Agent header.

Families only: versions in this header have been frozen or lies for years. What is not known is "",
never a guess. Order matters: nearly every browser names its ancestors too.
"""

from functools import lru_cache

from msgspec import Struct

from rum.bots import is_bot

USER_AGENT_CHARS_MAX = 512

# https://developer.mozilla.org/docs/Web/HTTP/Guides/Browser_detection_using_the_user_agent
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Opera", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("YaBrowser", "Yandex"),
    ("Vivaldi", "Vivaldi"),
    ("DuckDuckGo", "DuckDuckGo"),
    ("FxiOS", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chrome"),
    ("Trident/", "Internet Explorer"),
    ("MSIE ", "Internet Explorer"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows Phone", "Windows Phone"),
    ("Windows", "Windows"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("iPod", "iOS"),
    ("Android", "Android"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
    ("X11", "Linux"),
)
_DESKTOPS = {"Windows", "macOS", "ChromeOS", "Linux"}


class Agent(Struct, frozen=True):
    """`device` is desktop, phone, tablet, or ""; the other two are names of families, or ""."""

    device: str
    browser: str
    os: str
    bot: bool


def read_user_agent(header: str) -> Agent:
    """What a User-Agent header says, of its first 512 characters."""
    return _read(header[:USER_AGENT_CHARS_MAX])


@lru_cache(maxsize=4096)
def _read(header: str) -> Agent:
    os = _first(_SYSTEMS, header)
    return Agent(
        device=_device(header, os),
        browser=_first(_BROWSERS, header),
        os=os,
        bot=is_bot(header),
    )


def _first(families: tuple[tuple[str, str], ...], header: str) -> str:
    return next((name for token, name in families if token in header), "")


def _device(header: str, os: str) -> str:
    if "iPad" in header or "Tablet" in header or "Kindle" in header or "Silk/" in header:
        return "tablet"
    if os == "Android":  # Chrome and Firefox say Mobile on phones only
        return "phone" if "Mobile" in header else "tablet"
    if "iPhone" in header or "iPod" in header or "Mobile" in header:
        return "phone"
    return "desktop" if os in _DESKTOPS else ""

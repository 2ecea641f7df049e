"""Device, browser, system and bot are told from real User-Agent headers, never guessed."""

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from rum.bots import LEFT_OUT, is_bot
from rum.user_agent import Agent, read_user_agent

MOZILLA = "Mozilla/5.0 "
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) "

HEADERS = {
    MOZILLA + f"(Windows NT 10.0; Win64; x64) {WEBKIT}Chrome/141.0.0.0 Safari/537.36": (
        Agent("desktop", "Chrome", "Windows", False)
    ),
    MOZILLA + f"(Windows NT 10.0; Win64; x64) {WEBKIT}Chrome/141.0 Safari/537.36 Edg/141.0": (
        Agent("desktop", "Edge", "Windows", False)
    ),
    MOZILLA + f"(Macintosh; Intel Mac OS X 10_15_7) {WEBKIT}Version/18.0 Safari/605.1.15": (
        Agent("desktop", "Safari", "macOS", False)
    ),
    MOZILLA + "(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": (
        Agent("desktop", "Firefox", "Linux", False)
    ),
    MOZILLA + f"(Linux; Android 10; K) {WEBKIT}Chrome/141.0.0.0 Mobile Safari/537.36": (
        Agent("phone", "Chrome", "Android", False)
    ),
    MOZILLA + f"(Linux; Android 10; K) {WEBKIT}Chrome/141.0.0.0 Safari/537.36": (
        Agent("tablet", "Chrome", "Android", False)
    ),
    MOZILLA
    + f"(Linux; Android 10; K) {WEBKIT}SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36": (
        Agent("phone", "Samsung Internet", "Android", False)
    ),
    MOZILLA
    + "(iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 "
    + "Mobile/15E148 Safari/604.1": Agent("phone", "Safari", "iOS", False),
    MOZILLA
    + "(iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/141.0 "
    + "Mobile/15E148 Safari/604.1": Agent("phone", "Chrome", "iOS", False),
    MOZILLA
    + "(iPad; CPU OS 12_0 like Mac OS X) AppleWebKit/605.1.15 Version/12.0 Mobile/15E148 "
    + "Safari/604.1": Agent("tablet", "Safari", "iOS", False),
    MOZILLA + f"(X11; CrOS x86_64 14541.0.0) {WEBKIT}Chrome/141.0.0.0 Safari/537.36": (
        Agent("desktop", "Chrome", "ChromeOS", False)
    ),
    MOZILLA + f"(Windows NT 10.0; Win64; x64) {WEBKIT}Chrome/141.0 Safari/537.36 OPR/120.0": (
        Agent("desktop", "Opera", "Windows", False)
    ),
    MOZILLA
    + "(Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36 "
    + "(compatible; Googlebot/2.1; +http://www.google.com/bot.html)": (
        Agent("phone", "Chrome", "Android", True)
    ),
    MOZILLA + "(compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)": (
        Agent("", "", "", True)
    ),
    MOZILLA + f"(X11; Linux x86_64) {WEBKIT}HeadlessChrome/141.0.0.0 Safari/537.36": (
        Agent("desktop", "Chrome", "Linux", False)
    ),
    "python-httpx/0.28": Agent("", "", "", False),
    "": Agent("", "", "", False),
    "Something nobody knows/1.0": Agent("", "", "", False),
}


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_is_read_for_what_it_is(header: str) -> None:
    assert read_user_agent(header) == HEADERS[header]


def test_a_phone_called_cubot_is_no_bot() -> None:
    header = MOZILLA + f"(Linux; Android 11; CUBOT X50) {WEBKIT}Chrome/141.0 Mobile Safari/537.36"
    assert not read_user_agent(header).bot


def test_every_bot_of_the_kept_up_list_is_known() -> None:
    listed = [
        header
        for entry in CRAWLER_USER_AGENTS_DATA
        if not LEFT_OUT.intersection(entry.get("tags", ()))
        for header in entry.get("instances", ())
    ]
    assert len(listed) > 1_000
    assert [header for header in listed if not is_bot(header)] == []


@pytest.mark.parametrize(
    "app",
    [
        "Instagram 300.0.0.29.110 Android (30/11; 420dpi; 1080x2148; samsung; SM-A505F)",
        "[FBAN/FBIOS;FBAV/440.0.0.32.108;FBBV/543;FBDV/iPhone13,2;FBMD/iPhone;FBSN/iOS]",
        "GSA/284.0.564099828 Mobile/15E148 Safari/604.1",
        "LinkedInApp/9.28.1234",
        "Line/13.16.0/IAB",
        "DuckDuckGo/7 Safari/605.1.15",
    ],
)
def test_browsers_within_apps_are_people(app: str) -> None:
    assert not is_bot(
        MOZILLA + f"(Linux; Android 11) {WEBKIT}Version/4.0 Chrome/120.0 Mobile {app}"
    )


def test_only_the_start_of_an_endless_header_is_read() -> None:
    assert read_user_agent("x" * 600 + "Googlebot/2.1") == Agent("", "", "", False)

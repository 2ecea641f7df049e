"""Known bots, by what they call themselves: the list of the package crawler-user-agents, and ours.

Left out of that list: libraries (curl, python-httpx), which run no script, so that their beacons
were sent on purpose, and browsers without a window, which is how a site's own tests visit it.
"""

import re
from functools import cache

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

LEFT_OUT = frozenset({"http-library", "browser-automation"})
CHUNK = 50
"""Patterns in one expression; one of all is no quicker, and takes long to compile."""

# Crawlers, previews, monitors and test benches that say so in words of no list.
_WORDS = re.compile(
    r"(?<!cu)bot(?![a-z0-9])|crawl|spider|slurp|bingpreview|mediapartners|facebookexternalhit"
    r"|embedly|quora link|outbrain|pinterest/|whatsapp/|lighthouse|pagespeed|gtmetrix|pingdom"
    r"|uptime|monitor|statuscake|datadogsynthetics|google-inspectiontool|google-read-aloud"
    r"|feedfetcher|archiver|preview|scanner|prerender|screaming frog|chatgpt-user|claude-user",
    re.IGNORECASE,
)


def is_bot(user_agent: str) -> bool:
    """Whether a User-Agent is a known bot's. Costs a millisecond: ask once a header."""
    if _WORDS.search(user_agent) is not None:
        return True
    return any(chunk.search(user_agent) is not None for chunk in _listed())


@cache
def _listed() -> tuple[re.Pattern[str], ...]:
    patterns = [
        entry["pattern"]
        for entry in CRAWLER_USER_AGENTS_DATA
        if not LEFT_OUT.intersection(entry.get("tags", ()))
    ]
    return tuple(
        re.compile("|".join(f"(?:{pattern})" for pattern in patterns[start : start + CHUNK]))
        for start in range(0, len(patterns), CHUNK)
    )

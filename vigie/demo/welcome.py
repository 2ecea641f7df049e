"""What `vigie demo` says once all answers: the one link, and what to look at."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlencode

from msgspec import Struct

from analytics.question import Window
from vigie.demo import network
from vigie.demo.stories import Stories


class Clue(Struct, frozen=True, kw_only=True):
    """One story in words, and the console's page that shows it."""

    letter: str
    when: str
    what: str
    path: str


def clues(stories: Stories) -> tuple[Clue, ...]:
    """The five stories of the history, in order of their letters."""
    month = stories.outage_month.start
    return (
        Clue(
            letter="A",
            when=_instants(stories.outage),
            what=f"down for 47 minutes: {month:%B} misses its 99.9 %",
            path=_path("/monitors/sign-in", stories.outage_month),
        ),
        Clue(
            letter="B",
            when=_instants(stories.bad_release),
            what="release 2.14 refuses novices at step 2: probes green, people red",
            path=_path(f"/journeys/{network.JOURNEY}", _days_around(stories.bad_release)),
        ),
        Clue(
            letter="C",
            when=_days(stories.slow_listings),
            what="the listings are slow for a week, on phones only",
            path=_path("/speed", stories.slow_listings) + "&device=phone",
        ),
        Clue(
            letter="D",
            when=_instants(stories.vigie_off),
            what="Vigie itself was off for 12 minutes: not observed, and no outage",
            path=_path("/monitors/mandate-form", _day(stories.vigie_off)),
        ),
        Clue(
            letter="E",
            when="all month",
            what="novices give up 12 points more often between steps 1 and 2",
            path=f"/journeys/{network.JOURNEY}",
        ),
    )


def welcome_lines(stories: Stories, link: str, console: str, site: str) -> Iterator[str]:
    """The text, line by line. `link` signs in once; `console` and `site` are addresses."""
    yield "The demo is ready. Open Vigie, signed in:"
    yield ""
    yield f"    {link}"
    yield ""
    yield f"  {site}/   the demo site: sign in as a novice, sign a mandate"
    yield f"  {site}/break-it   break it, and see Vigie notice within 10 seconds"
    yield ""
    yield "What happened in its generated history (times in UTC):"
    for clue in clues(stories):
        yield f"  {clue.letter}  {clue.when:<22} {clue.what}"
        yield f"     {console}{clue.path}"
    yield ""
    yield "Ctrl-C ends it; the next start takes seconds."


def _path(path: str, window: Window) -> str:
    query = {"start": f"{window.start:%Y-%m-%d}", "end": f"{_last_day(window):%Y-%m-%d}"}
    return f"{path}?{urlencode(query)}"


def _last_day(window: Window) -> datetime:
    return window.end - timedelta(microseconds=1)


def _day(window: Window) -> Window:
    """The whole day (UTC) a story fell on."""
    start = window.start.replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(start, start + timedelta(days=1))


def _days_around(window: Window) -> Window:
    """The day of a story, the one before and the one after: long enough for hourly slots."""
    day = _day(window)
    return Window(day.start - timedelta(days=1), day.end + timedelta(days=1))


def _instants(window: Window) -> str:
    return f"{window.start:%a %d %b %H:%M}-{window.end:%H:%M}"


def _days(window: Window) -> str:
    return f"{window.start:%d %b} to {_last_day(window):%d %b}"

"""Errors that are new or came back: who is told of which, and in what words. Pure but for types."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from msgspec import Struct

from analytics.owners import owner_of
from vigie.alerts.message import DETAIL_CHARACTERS_MAX, Event, Message, moment
from vigie.reporting.errors import owner_rules
from vigie.settings import Settings

PREFIX = "error:"
"""Before what names one piece of news, in place of an incident's id."""
WAIT = timedelta(days=1)
"""What stays below its owner's number of sessions for so long is told to nobody."""
TOLD_MAX = 10
"""Of one channel, within TOLD_WITHIN; what is over waits, for WAIT at most."""
TOLD_WITHIN = timedelta(hours=1)

_ID = re.compile(r"error:(new|regressed):(.+)/([0-9a-f]{16})@(\d{8}T\d{6})Z")


class ErrorNews(Struct, frozen=True, kw_only=True):
    """One group that is new or came back. Times are aware, UTC."""

    site: str
    fingerprint: str
    what: str
    """new or regressed."""
    noticed_at: datetime
    name: str
    message: str
    culprit: str
    page: str
    release: str
    first_seen: datetime
    sessions: int = 0
    """That met it lately."""

    @property
    def id(self) -> str:
        at = f"{self.noticed_at:%Y%m%dT%H%M%S}Z"
        return f"{PREFIX}{self.what}:{self.site}/{self.fingerprint}@{at}"


class Settled(Struct, frozen=True):
    """What is decided of a piece of news: the channels told; none: nobody is."""

    news: ErrorNews
    channels: tuple[str, ...] = ()


def is_error(id_: str) -> bool:
    return id_.startswith(PREFIX)


def parsed(id_: str) -> tuple[str, str, str, datetime] | None:
    """What, site, fingerprint and when noticed, of an id."""
    found = _ID.fullmatch(id_)
    if found is None:
        return None
    at = datetime.strptime(found[4], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return found[1], found[2], found[3], at


def settle(
    news: Sequence[ErrorNews], settings: Settings, told_lately: Mapping[str, int], now: datetime
) -> list[Settled]:
    """What can be decided now; the rest waits. `told_lately` counts messages by channel."""
    rules = owner_rules(settings)
    told = dict(told_lately)
    found = []
    for each in sorted(news, key=lambda one: (one.noticed_at, one.id)):
        place = owner_of(rules, each.site, each.page, each.culprit)
        owner = None if place is None else settings.owners[place]
        if owner is None or not owner.alert:
            found.append(Settled(each))
            continue
        room = all(told.get(channel, 0) < TOLD_MAX for channel in owner.channels)
        if each.sessions >= owner.alert_sessions and room:
            found.append(Settled(each, owner.channels))
            for channel in owner.channels:
                told[channel] = told.get(channel, 0) + 1
        elif now - each.noticed_at >= WAIT:
            found.append(Settled(each))
    return found


def error_message(
    news: ErrorNews, *, key: str, at: datetime, site_name: str, owner: str, console_url: str
) -> Message:
    """The one message of a group that is new, or that came back."""
    what = "New error" if news.what == "new" else "Error is back"
    name = news.name or "Error"
    lines = [f"{name}: {news.message}"[:DETAIL_CHARACTERS_MAX] if news.message else name]
    if news.culprit:
        lines.append(f"Thrown in: {news.culprit}")
    lines.append(f"On: {site_name}, page {news.page}")
    if news.release:
        lines.append(f"Release: {news.release}")
    if news.what == "new":
        lines.append(f"First met: {moment(news.first_seen)}")
    else:
        lines.append("It had been said to be resolved.")
    if owner:
        lines.append(f"Owner: {owner}")
    link = ""
    if console_url:
        link = f"{console_url.rstrip('/')}/errors/{news.fingerprint}?site={quote(news.site)}"
    return Message(
        key=key,
        thread=news.id,
        event=Event.WARN,
        at=at,
        title=f"{what}: {name} on {news.page}",
        lines=tuple(lines),
        link=link,
        name=site_name,
    )

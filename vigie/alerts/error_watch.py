"""Reads the news of errors, and writes down what is owed of it."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.owners import owner_of
from store.database import Database
from store.times import naive
from vigie.alerts.error_news import TOLD_WITHIN, WAIT, ErrorNews, error_message, parsed, settle
from vigie.alerts.ledger import Ledger
from vigie.alerts.message import Message
from vigie.alerts.outbox import OutboxRow
from vigie.reporting.errors import owner_rules
from vigie.settings import Settings

LOOK_S = 60.0
NEWS_MAX = 1_000
"""Looked at together; the others wait."""

_NEWS = """
SELECT news.site, news.fingerprint, what, noticed_at, name, message, culprit, page, last_release,
    first_seen
FROM error_news AS news JOIN error_groups USING (site, fingerprint)
WHERE settled_at IS NULL
ORDER BY noticed_at
LIMIT $most
"""
_SESSIONS = """
WITH met AS (
    SELECT site, session, coalesce(name, '') AS name, coalesce(message, '') AS message,
        coalesce(stack, '') AS stack
    FROM events
    WHERE kind = 'error' AND NOT bot AND time >= $since
        AND list_contains($names, coalesce(name, ''))
),
placed AS (
    SELECT stack, array_to_string(group_frames(frames), chr(10)) AS place
    FROM (SELECT stack, stack_frames(stack) AS frames FROM (SELECT DISTINCT stack FROM met))
)
SELECT site, error_fingerprint(name, message, place) AS fingerprint, count(DISTINCT session)
FROM met JOIN placed USING (stack)
GROUP BY ALL
"""
_GROUP = """
SELECT name, message, culprit, page, last_release, first_seen FROM error_groups
WHERE site = $site AND fingerprint = $fingerprint
"""


class ErrorWatch:
    """Called from one thread, but for `compose`. `settings` gives those of now."""

    def __init__(
        self, database: Database, ledger: Ledger, settings: Callable[[], Settings]
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._settings = settings

    def look(self, now: datetime) -> str:
        """Settle what can be, with the messages it owes, in one transaction; says what it did."""
        news = self._news(now)
        if not news:
            return ""
        settled = settle(news, self._settings(), self._told_lately(now), now)
        if settled:
            self._ledger.write_news(settled, now)
        told = sum(bool(each.channels) for each in settled)
        return f"errors: {told} to be told, {len(settled) - told} not" if settled else ""

    def compose(self, row: OutboxRow) -> Message | None:
        """The message of an outbox row; None when its group is known no more."""
        known = parsed(row.incident)
        if known is None:
            return None
        what, site, fingerprint, noticed_at = known
        with self._database.reading() as cursor:
            found = cursor.execute(_GROUP, {"site": site, "fingerprint": fingerprint}).fetchone()
        if found is None:
            return None
        news = _news_of((site, fingerprint, what, naive(noticed_at), *found))
        settings = self._settings()
        names = {each.id: each.name or each.id for each in settings.sites}
        place = owner_of(owner_rules(settings), site, news.page, news.culprit)
        return error_message(
            news,
            key=row.key,
            at=row.created_at,
            site_name=names.get(site, site),
            owner="" if place is None else settings.owners[place].team,
            console_url=settings.console.url,
        )

    def _news(self, now: datetime) -> list[ErrorNews]:
        with self._database.reading() as cursor:
            rows = cursor.execute(_NEWS, {"most": NEWS_MAX}).fetchall()
            if not rows:
                return []
            met = cursor.execute(
                _SESSIONS,
                {
                    "since": naive(now) - WAIT - timedelta(hours=1),
                    "names": sorted({row[4] for row in rows}),
                },
            ).fetchall()
        sessions = {(site, fingerprint): number for site, fingerprint, number in met}
        return [_news_of(row, sessions.get((row[0], row[1]), 0)) for row in rows]

    def _told_lately(self, now: datetime) -> dict[str, int]:
        with self._database.reading() as cursor:
            rows = cursor.execute(
                "SELECT told FROM error_news WHERE told IS NOT NULL AND settled_at >= $since",
                {"since": naive(now - TOLD_WITHIN)},
            ).fetchall()
        return Counter(channel for (told,) in rows for channel in told.split(","))


def _news_of(row: tuple[Any, ...], sessions: int = 0) -> ErrorNews:
    site, fingerprint, what, noticed_at, name, message, culprit, page, release, first_seen = row
    return ErrorNews(
        site=site,
        fingerprint=fingerprint,
        what=what,
        noticed_at=noticed_at.replace(tzinfo=UTC),
        name=name,
        message=message,
        culprit=culprit,
        page=page,
        release=release,
        first_seen=first_seen.replace(tzinfo=UTC),
        sessions=sessions,
    )

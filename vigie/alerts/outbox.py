"""The table of messages owed to channels: each step of one is a guarded update, one transaction."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from store.database import Database
from store.times import naive
from vigie.alerts.message import Event

_MESSAGE = "key, incident, channel, event, state, attempts, next_try, created_at, sent_at, error"


class OutboxState(StrEnum):
    DUE = "due"
    SENDING = "sending"
    """Claimed by its sender. After a crash it is due again."""
    SENT = "sent"
    FAILED = "failed"
    """Given up; somebody must look."""
    DROPPED = "dropped"
    """A closing whose opening never arrived: there is nothing to close."""


class OutboxRow(Struct, frozen=True, kw_only=True):
    """One message owed to one channel. Times are aware, UTC."""

    key: str
    incident: str
    channel: str
    event: Event
    state: OutboxState
    attempts: int
    next_try: datetime
    created_at: datetime
    sent_at: datetime | None
    error: str


class Tally(Struct, frozen=True, kw_only=True):
    """How many messages of one channel were sent, are owed, were given up; when one was last."""

    sent: int = 0
    owed: int = 0
    failed: int = 0
    last: datetime | None = None


class Outbox:
    """Every method may be called from any thread; writes are one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writing = threading.Lock()

    def release(self, channels: Sequence[str]) -> None:
        """At the start: what a crash left in sending is due again, and what is owed to channels
        that are no longer in the settings has failed."""
        with self._writing, self._database.transaction() as cursor:
            cursor.execute("UPDATE outbox SET state = 'due' WHERE state = 'sending'")
            cursor.execute(
                "UPDATE outbox SET state = 'failed', error = 'the channel is not in the settings'"
                " WHERE state = 'due' AND NOT list_contains($channels, channel)",
                {"channels": list(channels)},
            )

    def next_due(self, channel: str, now: datetime) -> OutboxRow | None:
        """The oldest message owed to `channel` now. A closing waits for its opening."""
        rows = self._rows(
            f"SELECT {_MESSAGE} FROM outbox AS owed"  # noqa: S608
            " WHERE channel = $channel AND state = 'due' AND next_try <= $now"
            " AND (event <> 'close' OR NOT EXISTS (FROM outbox AS opening"
            "      WHERE opening.incident = owed.incident AND opening.channel = owed.channel"
            "      AND opening.event <> 'close' AND opening.state IN ('due', 'sending')))"
            " ORDER BY created_at, event DESC, key LIMIT 1",
            {"channel": channel, "now": naive(now)},
        )
        return _message(rows[0]) if rows else None

    def opening_arrived(self, row: OutboxRow) -> bool:
        """Whether the opening, or a warning, that `row` closes was delivered."""
        return bool(
            self._rows(
                "SELECT 1 FROM outbox WHERE incident = $incident AND channel = $channel"
                " AND event <> 'close' AND state = 'sent'",
                {"incident": row.incident, "channel": row.channel},
            )
        )

    def claim(self, row: OutboxRow) -> bool:
        """Take a due message for one attempt; False when somebody else did."""
        return self._moved(
            "UPDATE outbox SET state = 'sending', attempts = attempts + 1"
            " WHERE key = $key AND state = 'due' AND attempts = $attempts RETURNING key",
            {"key": row.key, "attempts": row.attempts},
        )

    def mark_sent(self, key: str, now: datetime) -> bool:
        """Only after its receiver took it."""
        return self._moved(
            "UPDATE outbox SET state = 'sent', sent_at = $now, error = ''"
            " WHERE key = $key AND state = 'sending' RETURNING key",
            {"key": key, "now": naive(now)},
        )

    def mark_due(self, key: str, next_try: datetime, error: str) -> bool:
        return self._moved(
            "UPDATE outbox SET state = 'due', next_try = $next_try, error = $error"
            " WHERE key = $key AND state = 'sending' RETURNING key",
            {"key": key, "next_try": naive(next_try), "error": error},
        )

    def mark_ended(self, key: str, state: OutboxState, error: str) -> bool:
        """Given up: FAILED, or DROPPED."""
        return self._moved(
            "UPDATE outbox SET state = $state, error = $error"
            " WHERE key = $key AND state IN ('due', 'sending') RETURNING key",
            {"key": key, "state": state.value, "error": error},
        )

    def troubled(self, now: datetime, late: timedelta) -> int:
        """Messages that are owed for longer than `late`, or were given up within the last day."""
        rows = self._rows(
            "SELECT count(*) FROM outbox WHERE state IN ('due', 'sending') AND created_at < $late"
            " OR state = 'failed' AND created_at >= $day",
            {"late": naive(now - late), "day": naive(now - timedelta(days=1))},
        )
        return int(rows[0][0])

    def unsettled(self, since: datetime, limit: int) -> list[OutboxRow]:
        """Messages still owed, and those given up after `since`; the oldest first."""
        rows = self._rows(
            f"SELECT {_MESSAGE} FROM outbox WHERE state IN ('due', 'sending')"  # noqa: S608
            " OR state = 'failed' AND created_at >= $since ORDER BY created_at, key LIMIT $limit",
            {"since": naive(since), "limit": limit},
        )
        return [_message(row) for row in rows]

    def tallies(self, since: datetime) -> dict[str, Tally]:
        """What became of the messages owed to each channel since, by its id."""
        rows = self._rows(
            "SELECT channel, count(*) FILTER (state = 'sent'),"
            " count(*) FILTER (state IN ('due', 'sending')), count(*) FILTER (state = 'failed'),"
            " max(sent_at) FROM outbox WHERE created_at >= $since OR state IN ('due', 'sending')"
            " GROUP BY channel",
            {"since": naive(since)},
        )
        return {
            row[0]: Tally(
                sent=row[1], owed=row[2], failed=row[3], last=aware(row[4]) if row[4] else None
            )
            for row in rows
        }

    def _moved(self, statement: str, parameters: dict[str, Any]) -> bool:
        with self._writing, self._database.transaction() as cursor:
            return bool(cursor.execute(statement, parameters).fetchall())

    def _rows(self, statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        with self._database.reading() as cursor:
            return cursor.execute(statement, parameters).fetchall()


def _message(row: tuple[Any, ...]) -> OutboxRow:
    return OutboxRow(
        key=row[0],
        incident=row[1],
        channel=row[2],
        event=Event(row[3]),
        state=OutboxState(row[4]),
        attempts=row[5],
        next_try=aware(row[6]),
        created_at=aware(row[7]),
        sent_at=aware(row[8]) if row[8] else None,
        error=row[9],
    )


def aware(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC)

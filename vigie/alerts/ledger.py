"""The tables of incidents and of the messages they owe: every step is one transaction."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from store.database import Database
from store.times import naive
from vigie.alerts.certificate import CertificateChange, CertificateRow
from vigie.alerts.error_news import Settled
from vigie.alerts.incident import IncidentRow
from vigie.alerts.message import Event

_INCIDENT = (
    "id, monitor, start_time, end_time, edge_s, confirmed_at, outcome, detail, locations,"
    " failed_checks, down_s, held_back, withdrawn"
)
_CERTIFICATE = "id, monitor, expires, issuer, problem, threshold, closed_at"
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


class Change(Struct, frozen=True, kw_only=True):
    """What is to be written of one incident: its row, and who is to be told of it."""

    row: IncidentRow
    new: bool
    tell: tuple[str, ...] = ()
    """Channels that are owed an opening message."""
    close: bool = False
    """Whether those told of the opening are owed a closing message."""


class Ledger:
    """Every method may be called from any thread; writes are one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writing = threading.Lock()

    def since(self, now: datetime) -> datetime:
        """When alerting began on this store: `now`, at the first call ever."""
        with self._writing, self._database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO alerting_since SELECT $now WHERE NOT EXISTS (FROM alerting_since)",
                {"now": naive(now)},
            )
            rows = cursor.execute("SELECT since FROM alerting_since").fetchall()
        return _aware(rows[0][0])

    def recent(self, since: datetime) -> list[IncidentRow]:
        """Incidents that last, or ended after `since`, by their start."""
        rows = self._rows(
            f"SELECT {_INCIDENT} FROM incidents"  # noqa: S608
            " WHERE end_time IS NULL OR end_time >= $since ORDER BY monitor, start_time",
            {"since": naive(since)},
        )
        return [_incident(row) for row in rows]

    def incident(self, id_: str) -> IncidentRow | None:
        rows = self._rows(
            f"SELECT {_INCIDENT} FROM incidents WHERE id = $id",  # noqa: S608
            {"id": id_},
        )
        return _incident(rows[0]) if rows else None

    def failing(self, since: datetime) -> list[str]:
        """Monitors with a bad result due after `since`."""
        rows = self._rows(
            "SELECT DISTINCT monitor FROM checks"
            " WHERE due >= $since AND verdict = 'bad' ORDER BY monitor",
            {"since": naive(since)},
        )
        return [row[0] for row in rows]

    def failing_locations(self, incidents: Sequence[IncidentRow]) -> dict[str, str]:
        """From where each was seen failing until it was confirmed, by its id."""
        rows = self._rows(
            "WITH asked AS (SELECT unnest($ids) AS id, unnest($monitors) AS monitor,"
            " unnest($starts) AS start, unnest($ends) AS until)"
            " SELECT id, string_agg(DISTINCT location, ', ' ORDER BY location)"
            " FROM asked JOIN checks ON checks.monitor = asked.monitor"
            " AND due BETWEEN start AND until"
            " WHERE verdict = 'bad' AND due >= $first GROUP BY id",
            {
                "ids": [each.id for each in incidents],
                "monitors": [each.monitor for each in incidents],
                "starts": [naive(each.start) for each in incidents],
                "ends": [naive(each.confirmed_at) for each in incidents],
                "first": naive(min(each.start for each in incidents)),
            },
        )
        return dict(rows)

    def last_result(self, since: datetime) -> datetime | None:
        """When the latest result that says something of its target was due, after `since`."""
        rows = self._rows(
            "SELECT max(due) FROM checks WHERE due >= $since AND verdict <> 'unknown'",
            {"since": naive(since)},
        )
        return _aware(rows[0][0]) if rows[0][0] else None

    def write(self, changes: Sequence[Change], now: datetime) -> None:
        """All of it or nothing: an incident never stands without the messages it owes."""
        with self._writing, self._database.transaction() as cursor:
            for change in changes:
                row = _columns(change.row)
                if change.new:
                    cursor.execute(
                        "INSERT INTO incidents VALUES ($id, $monitor, $start_time, $end_time,"
                        " $edge_s, $confirmed_at, $outcome, $detail, $locations, $failed_checks,"
                        " $down_s, $held_back, $withdrawn, $now) ON CONFLICT DO NOTHING",
                        {**row, "now": naive(now)},
                    )
                else:
                    cursor.execute(
                        "UPDATE incidents SET end_time = $end_time, failed_checks = $failed_checks,"
                        " down_s = $down_s, held_back = $held_back, withdrawn = $withdrawn"
                        " WHERE id = $id",
                        {
                            name: row[name]
                            for name in (
                                *("id", "end_time", "failed_checks"),
                                *("down_s", "held_back", "withdrawn"),
                            )
                        },
                    )
                for channel in change.tell:
                    cursor.execute(
                        "INSERT INTO outbox VALUES ($id || '/' || $channel || '/open', $id,"
                        " $channel, 'open', 'due', 0, $now, $now, NULL, '')"
                        " ON CONFLICT DO NOTHING",
                        {"id": change.row.id, "channel": channel, "now": naive(now)},
                    )
                if change.close:
                    cursor.execute(
                        "INSERT INTO outbox SELECT incident || '/' || channel || '/close',"
                        " incident, channel, 'close', 'due', 0, $now, $now, NULL, ''"
                        " FROM outbox WHERE incident = $id AND event = 'open'"
                        " ON CONFLICT DO NOTHING",
                        {"id": change.row.id, "now": naive(now)},
                    )

    def certificates(self) -> list[CertificateRow]:
        """All that were ever warned of and are not past their term."""
        rows = self._rows(
            f"SELECT {_CERTIFICATE} FROM certificate_warnings ORDER BY monitor, expires",  # noqa: S608
            {},
        )
        return [_certificate(row) for row in rows]

    def certificate(self, id_: str) -> CertificateRow | None:
        rows = self._rows(
            f"SELECT {_CERTIFICATE} FROM certificate_warnings WHERE id = $id",  # noqa: S608
            {"id": id_},
        )
        return _certificate(rows[0]) if rows else None

    def write_certificates(
        self, changes: Sequence[CertificateChange], resolving: Sequence[str], now: datetime
    ) -> None:
        """All of it or nothing. Of one that is closed, what waits is not sent any more, and those
        of the channels `resolving` that were told are owed a closing message."""
        with self._writing, self._database.transaction() as cursor:
            for change in changes:
                row = change.row
                key = {"id": row.id, "threshold": str(row.threshold), "now": naive(now)}
                cursor.execute(
                    "INSERT INTO certificate_warnings VALUES ($id, $monitor, $expires, $issuer,"
                    " $problem, $threshold, $closed_at) ON CONFLICT (id) DO UPDATE SET"
                    " problem = excluded.problem, threshold = excluded.threshold,"
                    " closed_at = excluded.closed_at",
                    {
                        "id": row.id,
                        "monitor": row.monitor,
                        "expires": naive(row.expires),
                        "issuer": row.issuer,
                        "problem": row.problem,
                        "threshold": row.threshold,
                        "closed_at": naive(now) if row.closed else None,
                    },
                )
                for channel in change.tell:
                    cursor.execute(
                        "INSERT INTO outbox VALUES ($id || '/' || $channel || '/warn-' ||"
                        " $threshold, $id, $channel, 'warn', 'due', 0, $now, $now, NULL, '')"
                        " ON CONFLICT DO NOTHING",
                        {**key, "channel": channel},
                    )
                if row.closed:
                    cursor.execute(
                        "UPDATE outbox SET state = 'dropped', error = 'it was replaced before'"
                        " WHERE incident = $id AND event = 'warn' AND state = 'due'",
                        {"id": row.id},
                    )
                    cursor.execute(
                        "INSERT INTO outbox SELECT DISTINCT $id || '/' || channel || '/close-' ||"
                        " $threshold, $id, channel, 'close', 'due', 0, $now::TIMESTAMP,"
                        " $now::TIMESTAMP, NULL::TIMESTAMP, '' FROM outbox WHERE incident = $id"
                        " AND event = 'warn' AND state IN ('sending', 'sent')"
                        " AND list_contains($resolving, channel) ON CONFLICT DO NOTHING",
                        {**key, "resolving": list(resolving)},
                    )

    def write_news(self, settled: Sequence[Settled], now: datetime) -> None:
        """All of it or nothing: news of errors is settled with the messages it owes."""
        with self._writing, self._database.transaction() as cursor:
            for each in settled:
                news = each.news
                cursor.execute(
                    "UPDATE error_news SET settled_at = $now, told = $told WHERE site = $site"
                    " AND fingerprint = $fingerprint AND what = $what"
                    " AND noticed_at = $noticed_at AND settled_at IS NULL",
                    {
                        "site": news.site,
                        "fingerprint": news.fingerprint,
                        "what": news.what,
                        "noticed_at": naive(news.noticed_at),
                        "told": ",".join(each.channels) or None,
                        "now": naive(now),
                    },
                )
                for channel in each.channels:
                    cursor.execute(
                        "INSERT INTO outbox VALUES ($id || '/' || $channel || '/warn', $id,"
                        " $channel, 'warn', 'due', 0, $now, $now, NULL, '')"
                        " ON CONFLICT DO NOTHING",
                        {"id": news.id, "channel": channel, "now": naive(now)},
                    )

    def standing(self, prefix: str) -> str:
        """The id of the condition of ours with this prefix that was told and not closed; or ""."""
        rows = self._rows(
            "SELECT incident FROM outbox WHERE starts_with(incident, $prefix) GROUP BY incident"
            " HAVING count(*) FILTER (event = 'close') = 0 ORDER BY incident DESC LIMIT 1",
            {"prefix": prefix},
        )
        return str(rows[0][0]) if rows else ""

    def open_condition(self, id_: str, channels: Sequence[str], now: datetime) -> None:
        """Owe each channel a warning of a condition of ours, which has no row but these."""
        with self._writing, self._database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO outbox SELECT $id || '/' || channel || '/warn', $id, channel, 'warn',"
                " 'due', 0, $now::TIMESTAMP, $now::TIMESTAMP, NULL::TIMESTAMP, ''"
                " FROM (SELECT unnest($channels) AS channel) ON CONFLICT DO NOTHING",
                {"id": id_, "channels": list(channels), "now": naive(now)},
            )

    def close_condition(self, id_: str, now: datetime) -> None:
        """Owe those told of it the word that it is over."""
        with self._writing, self._database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO outbox SELECT incident || '/' || channel || '/close', incident,"
                " channel, 'close', 'due', 0, $now::TIMESTAMP, $now::TIMESTAMP, NULL::TIMESTAMP, ''"
                " FROM outbox WHERE incident = $id AND event = 'warn' ON CONFLICT DO NOTHING",
                {"id": id_, "now": naive(now)},
            )

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
                sent=row[1], owed=row[2], failed=row[3], last=_aware(row[4]) if row[4] else None
            )
            for row in rows
        }

    def retire(self, before: datetime) -> int:
        """Remove incidents that ended before, and certificates replaced before, with their
        messages; returns how many."""
        with self._writing, self._database.transaction() as cursor:
            old = cursor.execute(
                "DELETE FROM incidents WHERE end_time < $before RETURNING id",
                {"before": naive(before)},
            ).fetchall()
            old += cursor.execute(
                "DELETE FROM certificate_warnings WHERE closed_at < $before RETURNING id",
                {"before": naive(before)},
            ).fetchall()
            cursor.execute(
                "DELETE FROM outbox WHERE (starts_with(incident, 'error:')"
                " OR starts_with(incident, 'backup:'))"
                " AND created_at < $before AND state NOT IN ('due', 'sending')",
                {"before": naive(before)},
            )
            cursor.execute(
                "DELETE FROM outbox WHERE list_contains($old, incident)",
                {"old": [id_ for (id_,) in old]},
            )
        return len(old)

    def _moved(self, statement: str, parameters: dict[str, Any]) -> bool:
        with self._writing, self._database.transaction() as cursor:
            return bool(cursor.execute(statement, parameters).fetchall())

    def _rows(self, statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        with self._database.reading() as cursor:
            return cursor.execute(statement, parameters).fetchall()


def _columns(row: IncidentRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "monitor": row.monitor,
        "start_time": naive(row.start),
        "end_time": naive(row.end) if row.end else None,
        "edge_s": row.edge_s,
        "confirmed_at": naive(row.confirmed_at),
        "outcome": row.outcome,
        "detail": row.detail,
        "locations": row.locations,
        "failed_checks": row.failed_checks,
        "down_s": row.down_s,
        "held_back": row.held_back,
        "withdrawn": row.withdrawn,
    }


def _incident(row: tuple[Any, ...]) -> IncidentRow:
    return IncidentRow(
        id=row[0],
        monitor=row[1],
        start=_aware(row[2]),
        end=_aware(row[3]) if row[3] else None,
        edge_s=row[4],
        confirmed_at=_aware(row[5]),
        outcome=row[6],
        detail=row[7],
        locations=row[8],
        failed_checks=row[9],
        down_s=row[10],
        held_back=row[11],
        withdrawn=row[12],
    )


def _certificate(row: tuple[Any, ...]) -> CertificateRow:
    return CertificateRow(
        id=row[0],
        monitor=row[1],
        expires=_aware(row[2]),
        issuer=row[3],
        problem=row[4],
        threshold=row[5],
        closed=row[6] is not None,
    )


def _message(row: tuple[Any, ...]) -> OutboxRow:
    return OutboxRow(
        key=row[0],
        incident=row[1],
        channel=row[2],
        event=Event(row[3]),
        state=OutboxState(row[4]),
        attempts=row[5],
        next_try=_aware(row[6]),
        created_at=_aware(row[7]),
        sent_at=_aware(row[8]) if row[8] else None,
        error=row[9],
    )


def _aware(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC)

"""The tables of incidents and of what else owes messages: every step is one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from store.times import naive
from vigie.alerts.certificate import CertificateChange, CertificateRow
from vigie.alerts.error_news import Settled
from vigie.alerts.incident import IncidentRow
from vigie.alerts.outbox import Outbox, aware

_INCIDENT = (
    "id, monitor, start_time, end_time, edge_s, confirmed_at, outcome, detail, locations,"
    " failed_checks, down_s, held_back, withdrawn"
)
_CERTIFICATE = "id, monitor, expires, issuer, problem, threshold, closed_at"


class Change(Struct, frozen=True, kw_only=True):
    """What is to be written of one incident: its row, and who is to be told of it."""

    row: IncidentRow
    new: bool
    tell: tuple[str, ...] = ()
    """Channels that are owed an opening message."""
    close: bool = False
    """Whether those told of the opening are owed a closing message."""


class Ledger(Outbox):
    """The outbox, with the incidents, certificates and conditions that its messages are of."""

    def since(self, now: datetime) -> datetime:
        """When alerting began on this store: `now`, at the first call ever."""
        with self._writing, self._database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO alerting_since SELECT $now WHERE NOT EXISTS (FROM alerting_since)",
                {"now": naive(now)},
            )
            rows = cursor.execute("SELECT since FROM alerting_since").fetchall()
        return aware(rows[0][0])

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
        return aware(rows[0][0]) if rows[0][0] else None

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
        start=aware(row[2]),
        end=aware(row[3]) if row[3] else None,
        edge_s=row[4],
        confirmed_at=aware(row[5]),
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
        expires=aware(row[2]),
        issuer=row[3],
        problem=row[4],
        threshold=row[5],
        closed=row[6] is not None,
    )

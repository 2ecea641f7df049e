"""The keeper's job that judges heartbeat monitors, and journals what it finds.

Calls and presence come from the store, so a console that was away makes good for it later: what it
writes depends on them alone, not on when it looks. Results go through the journal as any others
do; nothing is forgotten before they are durable there.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from cronsim import CronSimError
from msgspec import Struct
from msgspec.structs import replace

from probes.heartbeat import Call, Ping
from probes.lateness import TICK_S, Span, results
from probes.monitor import Monitor
from probes.result import CheckResult, MonitorDefinition
from store.database import Database
from store.journal_writer import JournalWriter
from store.snapshot import Snapshot
from store.times import microseconds, naive
from vigie.distant.location_checks import HEARTBEATS
from vigie.folders import DataFolder
from vigie.keeper import Job
from vigie.settings import Settings

PERIOD_S = 5.0
BACKLOG_BYTES_MAX = 1_000_000
"""With more of the journal left by the last load, calls may wait in it beside what was loaded of a
later time: nothing is judged meanwhile."""
LOOK_BACK = timedelta(days=7)
"""What was not judged for longer than this stays not observed."""
KEPT_BEFORE = timedelta(days=2)
"""Calls older than this before the last judgement go, but for the last of each monitor."""
FORGET_EVERY = timedelta(hours=1)
WRITTEN_AT_ONCE = 1_000
_US = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger("vigie.heartbeats")


class _Watched(Struct):
    """What is journaled of one monitor: its definition, since when it is watched without pause, and
    up to when it was judged."""

    definition: str
    from_us: int
    resting: bool
    """Paused or removed."""
    judged_us: int
    removed: bool = False


class Heartbeats:
    """Judges them whenever run, in the keeper's thread; `close` after the keeper has stopped."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        folder: DataFolder,
        database: Database,
        backlog_bytes: Callable[[], int],
    ) -> None:
        """`backlog_bytes` gives what of the journal the last load left; what came since it began
        does not count, for of that nothing was loaded."""
        self._backlog_bytes = backlog_bytes
        self._settings = settings
        self._folder = folder
        self._database = database
        self._journal: JournalWriter | None = None
        self._watched: dict[str, _Watched] | None = None
        self._complained: set[str] = set()
        self._forgotten: datetime | None = None

    def jobs(self) -> list[Job]:
        return [
            Job(
                name="heartbeats",
                description="Judge the jobs that call, and forget calls long judged",
                period_s=PERIOD_S,
                run=self.run,
            )
        ]

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def run(self, now: datetime) -> str:
        """Judge as far as a collector is known to have been there. Raises OSError, duckdb.Error."""
        monitors = {
            monitor.id: _judged_by_its_calls(monitor)
            for monitor in self._settings().monitors
            if monitor.kind == "heartbeat"
        }
        if self._watched is None:
            self._watched = _known(self._database, now)
        if not monitors and all(each.removed for each in self._watched.values()):
            return ""
        if self._backlog_bytes() > BACKLOG_BYTES_MAX:
            return ""
        changed = list(self._definitions(monitors, microseconds(now)))
        self._write([definition for definition, _ in changed])
        for definition, watched in changed:
            self._watched[definition.monitor.id] = watched
        self._judge(monitors, now)
        if self._forgotten is None or now - self._forgotten >= FORGET_EVERY:
            self._forgotten = now
            self._forget_calls(now)
        return ""

    def _definitions(
        self, monitors: dict[str, Monitor], now_us: int
    ) -> Iterator[tuple[MonitorDefinition, _Watched]]:
        """Those that changed, and how they are watched from then on."""
        assert self._watched is not None
        for id_, monitor in monitors.items():
            text = msgspec.json.encode(monitor).decode()
            before = self._watched.get(id_)
            if before is not None and before.definition == text and not before.removed:
                continue
            watched = _Watched(text, now_us, monitor.paused, 0)
            if before is not None:
                watched.judged_us = before.judged_us
                watched.from_us = now_us if before.resting else before.from_us
            yield (
                MonitorDefinition(monitor=monitor, from_us=now_us, location=HEARTBEATS),
                watched,
            )
        for id_, before in self._watched.items():
            if id_ not in monitors and not before.removed:
                gone = msgspec.json.decode(before.definition, type=Monitor)
                yield (
                    MonitorDefinition(
                        monitor=gone, from_us=now_us, location=HEARTBEATS, removed=True
                    ),
                    replace(before, removed=True, resting=True),
                )

    def _judge(self, monitors: dict[str, Monitor], now: datetime) -> None:
        assert self._watched is not None
        earliest_us = microseconds(now - LOOK_BACK)
        since_us = {
            id_: max(self._watched[id_].judged_us, earliest_us)
            for id_, monitor in monitors.items()
            if not monitor.paused
        }
        if not since_us:
            return
        with self._database.snapshot() as snapshot:
            present = _present(snapshot)
            pings = _pings(snapshot, sorted(since_us), min(since_us.values()))
        if not present:
            return
        found: list[CheckResult] = []
        for id_, since in since_us.items():
            found += self._results(monitors[id_], pings[id_], present, since)
        for start in range(0, len(found), WRITTEN_AT_ONCE):
            part = found[start : start + WRITTEN_AT_ONCE]
            self._write(part)
            for result in part:
                self._watched[result.monitor].judged_us = result.due_us

    def _results(
        self, monitor: Monitor, pings: Sequence[Ping], present: Sequence[Span], since_us: int
    ) -> list[CheckResult]:
        """Time before the monitor was as it is counts as nobody there: what was due then may have
        come, or not have been wanted."""
        assert self._watched is not None
        from_us = self._watched[monitor.id].from_us
        within = [(max(start, from_us), end) for start, end in present if end > from_us]
        if not within:
            return []
        try:
            return results(
                monitor,
                pings,
                within,
                since_us=max(since_us, from_us - 1),
                until_us=within[-1][1],
                location=HEARTBEATS,
            )
        except (CronSimError, StopIteration, ValueError, KeyError) as error:
            if monitor.id not in self._complained:
                self._complained.add(monitor.id)
                log.error("%s cannot be judged: %r", monitor.id, error)
            return []

    def _write(self, records: Sequence[CheckResult | MonitorDefinition]) -> None:
        """Return when all are durable. Raises OSError when one is not."""
        if not records:
            return
        if self._journal is None:
            self._journal = JournalWriter(self._folder.journal, HEARTBEATS)
        asyncio.run(_written(self._journal, records))

    def _forget_calls(self, now: datetime) -> None:
        assert self._watched is not None
        judged_us = [each.judged_us for each in self._watched.values() if not each.removed]
        latest = min([*(_EPOCH + us * _US for us in judged_us if us), now])
        with self._database.transaction() as cursor:
            cursor.execute(
                "DELETE FROM pings WHERE received < $before AND EXISTS (FROM pings AS later"
                " WHERE later.monitor = pings.monitor AND later.received > pings.received"
                " AND later.received < $before AND later.call <> 'started')",
                {"before": naive(latest - KEPT_BEFORE)},
            )


def _judged_by_its_calls(monitor: Monitor) -> Monitor:
    """As the timeline is to take it: each result is final, and the next comes TICK_S later."""
    return replace(monitor, interval_s=TICK_S, timeout_s=TICK_S, confirm_after=1, recover_after=1)


async def _written(
    journal: JournalWriter, records: Sequence[CheckResult | MonitorDefinition]
) -> None:
    await asyncio.gather(*(journal.write(record) for record in records))


def _known(database: Database, now: datetime) -> dict[str, _Watched]:
    """What the store says was journaled before."""
    with database.snapshot() as snapshot:
        judged = dict(
            snapshot.rows(
                "SELECT monitor, max(epoch_us(due)) FROM checks"
                " WHERE location = $location AND due >= $since GROUP BY monitor",
                {"location": HEARTBEATS, "since": naive(now - LOOK_BACK)},
            )
        )
        known: dict[str, _Watched] = {}
        for monitor, definition, from_us, paused, removed in snapshot.rows(
            "SELECT monitor, definition, epoch_us(from_time), paused, removed"
            " FROM monitor_definitions WHERE location = $location ORDER BY from_time",
            {"location": HEARTBEATS},
        ):
            before = known.get(monitor)
            if before is not None and not before.resting:
                from_us = before.from_us
            known[monitor] = _Watched(
                definition, from_us, paused or removed, judged.get(monitor, 0), removed
            )
        return known


def _present(snapshot: Snapshot) -> list[Span]:
    """When any collector was there, in order and apart from each other."""
    spans: list[Span] = []
    for since_us, until_us in snapshot.rows(
        "SELECT epoch_us(since), epoch_us(until) FROM presence ORDER BY since, until"
    ):
        if spans and since_us <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], until_us))
        else:
            spans.append((since_us, until_us))
    return spans


def _pings(snapshot: Snapshot, monitors: list[str], since_us: int) -> dict[str, list[Ping]]:
    """Calls by monitor, in order: those since then, and before them the last that said how the
    job did."""
    found: dict[str, list[Ping]] = defaultdict(list)
    for monitor, call, received_us in snapshot.rows(
        "SELECT monitor, arg_max(call, received), max(epoch_us(received)) FROM pings"
        " WHERE received < make_timestamp($since) AND call <> 'started'"
        " AND list_contains($monitors, monitor) GROUP BY monitor"
        " UNION ALL SELECT monitor, call, epoch_us(received) FROM pings"
        " WHERE received >= make_timestamp($since) AND list_contains($monitors, monitor)"
        " ORDER BY 3",
        {"since": since_us, "monitors": monitors},
    ):
        found[monitor].append(Ping(monitor=monitor, call=Call(call), received_us=received_us))
    return found

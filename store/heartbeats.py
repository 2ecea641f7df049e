"""Calls of jobs, and when a collector was there to take them, as rows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa

from probes.heartbeat import Ping, Presence
from store.columns import TIME_END_US, Tables
from store.times import naive

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ping_tables(pings: Sequence[Ping]) -> Tables:
    """Rows of `pings`. Raises ValueError for a time out of range."""
    columns = {
        "monitor": pa.array([ping.monitor for ping in pings], pa.string()),
        "call": pa.array([ping.call.value for ping in pings], pa.string()),
        "received": pa.array([_time(ping.received_us) for ping in pings], pa.timestamp("us")),
    }
    return {"pings": pa.table(columns)}


def store_presence(cursor: duckdb.DuckDBPyConnection, spans: Sequence[Presence]) -> None:
    """Lengthen what is stored of each process since its start. Raises duckdb.Error."""
    longest: dict[tuple[str, int], int] = {}
    for span in spans:
        if 0 <= span.since_us <= span.until_us < TIME_END_US:
            key = (span.process, span.since_us)
            longest[key] = max(longest.get(key, 0), span.until_us)
    for (process, since_us), until_us in longest.items():
        cursor.execute(
            "INSERT INTO presence VALUES ($process, $since, $until)"
            " ON CONFLICT (process, since) DO UPDATE SET until = greatest(until, excluded.until)",
            {"process": process, "since": _time(since_us), "until": _time(until_us)},
        )


def _time(us: int) -> datetime:
    if not 0 <= us < TIME_END_US:
        raise ValueError("a time lies between 1970 and 9999")
    return naive(_EPOCH + timedelta(microseconds=us))

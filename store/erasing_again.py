"""Who was erased and is back, or is quoted again: a restored or repaired store is asked for what
tombstones cover."""

from datetime import UTC, datetime, timedelta

from store.database import Database
from store.erasing_quotes import quoted_ids
from store.erasing_replays import note_quoted
from store.erasing_rows import sealed_files_of
from store.tombstones import Tombstones

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - as DuckDB has it
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)


def covered_sessions(database: Database, tombstones: Tombstones) -> dict[str, set[str]]:
    """Sessions, 32 hex digits, that should not be in the store, by site. Raises duckdb.Error."""
    if not tombstones.any():
        return {}
    found: dict[str, set[str]] = {}
    for site, session, user, received_us in _sessions(database):
        if tombstones.covers_session(site, session) or (
            user and tombstones.covers_user(site, user, received_us)
        ):
            found.setdefault(site, set()).add(session)
    return found


def covered_quotes(
    database: Database, tombstones: Tombstones
) -> list[tuple[str, str, datetime | None]]:
    """Erased ids in the texts of others: site, id, and when it was erased where it is a user's.

    A text does not say of which site an id is, so each known one is asked. Raises OSError and
    duckdb.Error.
    """
    if not tombstones.any():
        return []
    with database.reading() as cursor:
        rows = cursor.execute(
            " UNION ".join(
                f"SELECT site FROM {table}"  # noqa: S608
                for table in ("events", "sealed_files", "replays", "hourly_counts", "erasures")
            )
        ).fetchall()
    sites = [site for (site,) in rows]
    found: dict[str, tuple[str, str, datetime | None]] = {}

    def is_erased(id_: str) -> bool:
        for site in sites:
            at_us = tombstones.user_erased_us(site, id_)
            if at_us is not None or tombstones.covers_session(site, id_):
                at = None if at_us is None else _EPOCH_UTC + timedelta(microseconds=at_us)
                found[id_] = (site, id_, at)
        return id_ in found

    quoted_ids(database, is_erased)
    note_quoted(database, is_erased)
    return sorted(found.values(), key=lambda each: each[:2])


def _sessions(database: Database) -> list[tuple[str, str, str | None, int]]:
    """(site, session, user key, first received in microseconds) of each session and user."""
    with database.reading() as cursor:
        rows = cursor.execute(
            "SELECT site, session, user_key, min(received) FROM events GROUP BY ALL"
            " UNION ALL SELECT DISTINCT site, session, NULL, NULL FROM replays"
        ).fetchall()
        sites = cursor.execute(
            "SELECT DISTINCT site FROM sealed_files WHERE dropped_at IS NULL"
        ).fetchall()
        for (site,) in sites:
            for path in sealed_files_of(database, site):
                column = "first_time" if path.name.startswith("summaries-") else "received"
                rows += [
                    (site, *row)
                    for row in cursor.execute(
                        f"SELECT session, user_key, min({column})"  # noqa: S608
                        " FROM read_parquet($file, hive_partitioning = false)"
                        " GROUP BY ALL",
                        {"file": str(path)},
                    ).fetchall()
                ]
    return [
        (site, session.hex, user, _microseconds(received)) for site, session, user, received in rows
    ]


def _microseconds(time: datetime | None) -> int:
    return 0 if time is None else round((time - _EPOCH).total_seconds() * 1_000_000)

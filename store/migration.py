"""Numbered, forward-only migrations, each applied with its record in one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources

import duckdb
from msgspec import Struct


class Migration(Struct, frozen=True):
    """One file of store/migrations: "0001_first.sql" has number 1."""

    number: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """The migrations this program knows, by number."""
    return sorted(
        (
            Migration(int(entry.name.split("_")[0]), entry.name, entry.read_text("utf-8"))
            for entry in resources.files("store.migrations").iterdir()
            if entry.name.endswith(".sql")
        ),
        key=lambda migration: migration.number,
    )


def migrate(cursor: duckdb.DuckDBPyConnection, known: Sequence[Migration]) -> list[int]:
    """Apply those of `known` not yet applied, in order; returns their numbers.

    A failing one leaves the database as the one before it left it, and raises duckdb.Error.
    Raises NewerDatabaseError when the database has a migration that is not known.
    """
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)"
    )
    done = {number for (number,) in cursor.execute("SELECT number FROM migrations").fetchall()}
    if unknown := done - {migration.number for migration in known}:
        raise NewerDatabaseError(
            f"the database was written by a newer Vigie (migration {max(unknown)});"
            " run that version, or restore a backup made by this one"
        )
    applied = []
    for migration in known:
        if migration.number in done:
            continue
        cursor.execute("BEGIN")
        try:
            cursor.execute(migration.sql)
            cursor.execute(
                "INSERT INTO migrations VALUES ($number, $name, $applied_at)",
                {
                    "number": migration.number,
                    "name": migration.name,
                    "applied_at": datetime.now(UTC).replace(tzinfo=None),
                },
            )
        except duckdb.Error:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")
        applied.append(migration.number)
    return applied


class NewerDatabaseError(Exception):
    """The database holds what this version of the program does not know."""

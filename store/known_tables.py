"""Arrow tables that queries know by name for a while."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import duckdb
import pyarrow as pa


@contextmanager
def known_as(cursor: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> Iterator[None]:
    """Queries of the cursor may read each table by its name. What went wrong meanwhile is what is
    raised: in a transaction that failed the names cannot be taken back, and go with it."""
    for name, table in tables.items():
        cursor.register(name, table)
    try:
        yield
    finally:
        for name in tables:
            with suppress(duckdb.Error):
                cursor.unregister(name)

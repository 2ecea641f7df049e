"""What each table holds, in a form that two databases can be compared by."""

import duckdb

from store.backup_files import TableSum


def table_sums(cursor: duckdb.DuckDBPyConnection) -> dict[str, TableSum]:
    """Rows and checksum of every table of the cursor's database; reads all of it.

    Raises duckdb.Error where a block cannot be read.
    """
    tables = cursor.execute(
        "SELECT table_name FROM duckdb_tables()"
        " WHERE database_name = current_database() AND NOT temporary ORDER BY table_name"
    ).fetchall()
    return {table: table_sum(cursor, table) for (table,) in tables}


def table_sum(cursor: duckdb.DuckDBPyConnection, table: str) -> TableSum:
    """Of one table. The order of its rows does not matter."""
    rows = cursor.execute(
        f'SELECT count(*), coalesce(sum(hash(each)::HUGEINT), 0)::VARCHAR FROM "{table}" AS each'  # noqa: S608
    ).fetchall()
    return TableSum(rows=rows[0][0], checksum=rows[0][1])

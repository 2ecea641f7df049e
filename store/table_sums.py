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


def table_counts(cursor: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, int]:
    """Rows by table, of one of the databases that the cursor sees."""
    tables = cursor.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = $catalog"
        " AND NOT temporary ORDER BY table_name",
        {"catalog": catalog},
    ).fetchall()
    counts = {}
    for (table,) in tables:
        rows = cursor.execute(f'SELECT count(*) FROM "{catalog}"."{table}"').fetchall()  # noqa: S608
        counts[table] = int(rows[0][0])
    return counts


def catalog_of(cursor: duckdb.DuckDBPyConnection) -> str:
    """The name DuckDB gives the database itself: its file's, without the ending."""
    return str(cursor.execute("SELECT current_database()").fetchall()[0][0])

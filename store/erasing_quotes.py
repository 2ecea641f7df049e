"""Masking what others' rows quote of the erased: in every table, and in sealed files.

A text that holds an erased id stays, but for the id. Where such a text is part of a key the row
goes. Who a row is of (`user_key`) is no quotation. Held under `files_lock` by the caller.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import duckdb
from msgspec import Struct

from store.database import Database
from store.deletions import Cause, note_deletion
from store.erasing_rows import Listed, listed_files, write_anew
from store.quoted import ID_CHARS, RUNS, IsErased, masked
from store.sealed_files import EMPTY_FILES, RELATIONS
from store.settling import count_of

FETCHED_ROWS = 10_000
IDENTITY = "user_key"
_MASK = (
    "CASE WHEN list_contains($old, {0}) THEN list_extract($new, list_position($old, {0}))"
    " ELSE {0} END"
)

Type = Any
"""duckdb.sqltypes.DuckDBPyType: its `children` are typed as anything."""


class _Column(Struct, frozen=True):
    """A column that holds texts, in whatever depth."""

    name: str
    """Within quotation marks."""
    type: Type


def mask_rows(database: Database, is_erased: IsErased, now: datetime) -> int:
    """Mask hot rows and all other tables in one transaction; returns how many rows were changed.

    Raises duckdb.Error; then none was.
    """
    changed = 0
    with database.transaction() as cursor:
        for table in _tables(cursor):
            columns = _columns(cursor, table)
            texts = _quoting(cursor, table, columns, {}, is_erased)
            if texts:
                changed += _mask_table(cursor, table, columns, texts)
        note_deletion(cursor, Cause.ERASED, changed, now)
    return changed


def mask_sealed(
    database: Database,
    is_erased: IsErased,
    now: datetime,
    *,
    step: Callable[[str], None] = lambda name: None,
) -> tuple[int, int]:
    """Write anew the sealed files with such texts; returns the rows changed, and the files.

    As `erase_sealed`: files done until an error stay done. Raises OSError and duckdb.Error.
    """
    rows = files = 0
    for site, listed in _quoting_files(database, is_erased):
        cursor = database.cursor()
        asked = _asked(database, listed.kind, [listed])
        relation = RELATIONS[listed.kind]
        columns = _columns(cursor, relation, asked)
        texts = _quoting(cursor, relation, columns, asked, is_erased)
        if not texts:
            continue
        replaced = ", ".join(f"{_masked(c.name, c.type)} AS {c.name}" for c in columns)
        old_and_new = _old_and_new(texts)
        ((count,),) = cursor.execute(
            f"SELECT count(*) FROM {relation} WHERE {_holds(columns)}",  # noqa: S608
            {**asked, "old": old_and_new["old"]},
        ).fetchall()
        source = f"(SELECT * REPLACE ({replaced}) FROM {relation})"  # noqa: S608
        write_anew(database, site, listed, source, {**asked, **old_and_new}, now, step)
        rows += count
        files += 1
    return rows, files


def quoted_ids(database: Database, is_erased: IsErased) -> set[str]:
    """The erased ids that rows and sealed files quote. Raises duckdb.Error."""
    found: set[str] = set()

    def note(id_: str) -> bool:
        erased = is_erased(id_)
        if erased:
            found.add(id_)
        return erased

    with database.reading() as cursor:
        for table in _tables(cursor):
            _quoting(cursor, table, _columns(cursor, table), {}, note)
    for _ in _quoting_files(database, note):
        pass
    return found


def _quoting_files(database: Database, is_erased: IsErased) -> Iterable[tuple[str, Listed]]:
    """The sealed files, of sites and kinds of which any quotes; to be asked each."""
    cursor = database.cursor()
    sites = cursor.execute(
        "SELECT DISTINCT site FROM sealed_files WHERE dropped_at IS NULL ORDER BY site"
    ).fetchall()
    for (site,) in sites:
        for kind, relation in RELATIONS.items():
            files = listed_files(cursor, site, kind)
            asked = _asked(database, kind, files)
            if _quoting(cursor, relation, _columns(cursor, relation, asked), asked, is_erased):
                for each in files:
                    yield site, each


def _asked(database: Database, kind: str, listed: Sequence[Listed]) -> dict[str, Any]:
    names = [EMPTY_FILES[kind], *(each.file for each in listed)]
    return {"files": [str(database.sealed / name) for name in names]}


def _tables(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    rows = cursor.execute(
        "SELECT table_name FROM duckdb_tables() WHERE NOT temporary AND NOT internal"
        " AND database_name = current_database() ORDER BY table_name"
    ).fetchall()
    return [name for (name,) in rows]


def _columns(
    cursor: duckdb.DuckDBPyConnection, relation: str, asked: dict[str, Any] | None = None
) -> list[_Column]:
    """Those of a relation that hold texts."""
    described = cursor.execute(f"SELECT * FROM {relation} LIMIT 0", asked or {})  # noqa: S608
    return [
        _Column(f'"{name}"', type_)
        for name, type_, *_ in described.description or ()
        if name != IDENTITY and _texts(f'"{name}"', type_)
    ]


def _quoting(
    cursor: duckdb.DuckDBPyConnection,
    relation: str,
    columns: Sequence[_Column],
    asked: dict[str, Any],
    is_erased: IsErased,
) -> dict[str, str]:
    """The texts of a relation that hold an erased id, and what takes their place."""
    leaves = [leaf for column in columns for leaf in _texts(column.name, column.type)]
    if not leaves:
        return {}
    wanted = " UNION ALL ".join(
        f"SELECT text FROM (SELECT {leaf} AS text FROM {relation})"  # noqa: S608
        f" WHERE strlen(text) >= {ID_CHARS} AND regexp_matches(text, $runs)"
        for leaf in leaves
    )
    # Another cursor than the caller's would not see its transaction; it is read to the end first.
    answer = cursor.execute(f"SELECT DISTINCT text FROM ({wanted})", {**asked, "runs": RUNS})  # noqa: S608
    found = {}
    while rows := answer.fetchmany(FETCHED_ROWS):
        for (text,) in rows:
            if (new := masked(text, is_erased)) != text:
                found[text] = new
    return found


def _mask_table(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[_Column],
    texts: dict[str, str],
) -> int:
    old_and_new = _old_and_new(texts)
    old = {"old": old_and_new["old"]}
    gone = 0
    keys = _keys(cursor, table)
    if of_key := [column for column in columns if column.name in keys]:
        gone = count_of(
            cursor.execute(f"DELETE FROM {table} WHERE {_holds(of_key)}", old)  # noqa: S608
        )
    if not (others := [column for column in columns if column.name not in keys]):
        return gone
    replaced = {each.name: _masked(each.name, each.type) for each in others}
    if table != "events":
        assigned = ", ".join(f"{name} = {value}" for name, value in replaced.items())
        updated = cursor.execute(
            f"UPDATE {table} SET {assigned} WHERE {_holds(others)}",  # noqa: S608
            old_and_new,
        )
        return gone + count_of(updated)
    # Its rows are inserted and deleted, never updated: see sealing.py.
    columns_anew = ", ".join(f"{value} AS {name}" for name, value in replaced.items())
    cursor.execute(
        f"CREATE OR REPLACE TEMPORARY TABLE masked_rows AS SELECT * REPLACE ({columns_anew})"  # noqa: S608
        f" FROM {table} WHERE {_holds(others)}",
        old_and_new,
    )
    changed = count_of(
        cursor.execute(f"DELETE FROM {table} WHERE {_holds(others)}", old)  # noqa: S608
    )
    cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM masked_rows")  # noqa: S608
    cursor.execute("DROP TABLE masked_rows")
    return gone + changed


def _keys(cursor: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """The columns that no two rows of a table may share."""
    rows = cursor.execute(
        "SELECT DISTINCT unnest(constraint_column_names) FROM duckdb_constraints()"
        " WHERE table_name = $table AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')",
        {"table": table},
    ).fetchall()
    return {f'"{name}"' for (name,) in rows}


def _old_and_new(texts: dict[str, str]) -> dict[str, Any]:
    return {"old": list(texts), "new": list(texts.values())}


def _field(expression: str, name: str) -> str:
    return f'({expression})."{name}"'


def _texts(expression: str, type_: Type) -> list[str]:
    """SQL for each text that a value of the type holds, a row a text."""
    match type_.id:
        case "varchar":
            return [expression]
        case "struct":
            return [
                text
                for name, child in type_.children
                for text in _texts(_field(expression, name), child)
            ]
        case "map":
            (_, key), (_, value) = type_.children
            return [
                *_texts(f"unnest(map_keys({expression}))", key),
                *_texts(f"unnest(map_values({expression}))", value),
            ]
        case "list":
            ((_, child),) = type_.children
            return _texts(f"unnest({expression})", child)
    return []


def _holds(columns: Sequence[_Column]) -> str:
    """SQL: whether any text of a row is one of `$old`."""
    return " OR ".join(
        f"coalesce({each}, false)"
        for column in columns
        for each in _any_old(column.name, column.type)
    )


def _any_old(expression: str, type_: Type) -> list[str]:
    match type_.id:
        case "varchar":
            return [f"list_contains($old, {expression})"]
        case "struct":
            return [
                each
                for name, child in type_.children
                for each in _any_old(_field(expression, name), child)
            ]
        case "map":
            return _any_old_in(f"map_entries({expression})", type_)
        case "list":
            ((_, child),) = type_.children
            return _any_old_in(expression, child)
    return []


def _any_old_in(expression: str, entry: Type) -> list[str]:
    """Of a list, whose entries are structs where the type is a map's."""
    children = entry.children if entry.id == "map" else None
    inner = (
        [each for name, child in children for each in _any_old(_field("each", name), child)]
        if children
        else _any_old("each", entry)
    )
    condition = " OR ".join(f"coalesce({each}, false)" for each in inner)
    return [f"len(list_filter({expression}, lambda each: {condition})) > 0"] if inner else []


def _masked(expression: str, type_: Type) -> str:
    """SQL: the value with each of `$old` in it replaced by its `$new`."""
    match type_.id:
        case "varchar":
            return _MASK.format(expression)
        case "struct":
            fields = ", ".join(
                f'"{name}" := {_masked(_field(expression, name), child)}'
                for name, child in type_.children
            )
            return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({fields}) END"
        case "map":
            # Two keys may have become equal: the first stays.
            (_, key), (_, value) = type_.children
            pair = (
                f"struct_pack(key := {_masked('each.key', key)},"
                f" value := {_masked('each.value', value)})"
            )
            pairs = f"list_transform(map_entries({expression}), lambda each: {pair})"
            keys = f"list_transform({pairs}, lambda each: each.key)"
            first = f"lambda each, place: list_position({keys}, each.key) = place"
            return f"map_from_entries(list_filter({pairs}, {first}))"
        case "list":
            ((_, child),) = type_.children
            return f"list_transform({expression}, lambda each: {_masked('each', child)})"
    return expression

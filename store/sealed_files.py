"""The Parquet files of sealed days: their shape, their names, and how one is made durable."""

import os
from datetime import date
from pathlib import Path
from urllib.parse import quote

from store.segment import sync_folder

SEALED_FOLDER = "sealed"
UNFINISHED_FOLDER = "unfinished"
SCHEMA_VERSION = 4
"""1: without what migration 0007 added, which reads as NULL. 4: smaller, by migration 0027."""

EMPTY_FILES = {
    "detail": "empty-detail/site=none/day=1970-01-01/0.parquet",
    "summaries": "empty-summaries/site=none/day=1970-01-01/0.parquet",
}
"""The file with the schema and no rows that stands in every list, by kind."""

COLUMNS = {
    "detail": "* EXCLUDE (site, day, client_time, sent)"
    " REPLACE (time::TIMESTAMP_MS AS time, written_attribution(attribution) AS attribution),"
    " (epoch_us(time) % 1000)::USMALLINT AS time_us,"
    " epoch_us(client_time) - epoch_us(time) AS client_offset_us,"
    " CASE WHEN epoch_us(sent) % 1000 = 0"
    " THEN epoch_us(sent) // 1000 - epoch_us(received) // 1000 END AS sent_offset_ms,"
    " CASE WHEN epoch_us(sent) % 1000 <> 0"
    " THEN epoch_us(sent) - epoch_us(received) END AS sent_offset_us",
    "summaries": "* EXCLUDE (site, day) REPLACE ("
    "first_time::TIMESTAMP_MS AS first_time, NULL::TIMESTAMP AS last_time,"
    " CASE WHEN bucket <> (session::UHUGEINT & 4294967295) THEN bucket END AS bucket),"
    " (epoch_us(first_time) % 1000)::USMALLINT AS first_time_us,"
    " epoch_us(last_time) // 1000 - epoch_us(first_time) // 1000 AS duration_ms,"
    " (epoch_us(last_time) % 1000)::USMALLINT AS last_time_us",
}
"""What a file holds of `events`, or of summaries, by kind: site and day are in its path. Read it by
`events_in` and `sealed_summaries`."""

RELATIONS = {"detail": "sealed_events($files)", "summaries": "sealed_summaries($files)"}
"""The rows of files as reports see them, by kind; `files` begins with the empty one."""

ORDER = {
    "detail": "bucket, session, time, batch, position",
    "summaries": "first_time, session",
}
"""How a file's rows are sorted, by kind."""

COPY_OPTIONS = (
    "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 15, ROW_GROUP_SIZE 245760,"
    " DICTIONARY_SIZE_LIMIT 2000)"
)
"""Measured on a generated day of a million events: level 9 and half the rows a group take 0.8 bytes
an event more and half the time, level 12 0.4 more, level 19 is no smaller; twice the rows a group
take 0.2 less, and spill within 500 MB. Larger dictionaries take 0.1 to 0.5 more, for zstd packs
values better than numbers that stand for them; Parquet 2 encodings 0.7 more. Reading takes as long
with each. Brotli is 9 % smaller, and read half as fast."""


def file_name(kind: str, content: str, site: str, day: date, token: str) -> str:
    """Where a file goes: "detail/site=shop/day=2026-03-01/sample-TOKEN.parquet".

    From the sealed folder; the site is percent-encoded, which DuckDB undoes.
    """
    return f"{kind}/site={quote(site, safe='')}/day={day}/{content}-{token}.parquet"


def sync_file(path: Path) -> None:
    """Make a file's bytes durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """The folder and those above it, each made durable where it is new. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)

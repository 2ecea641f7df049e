"""Reports in a notebook, as pandas frames: from the running console, or from sealed days alone.

DuckDB locks its file against every other process while `vigie serve` has it. So either the console
is asked, which sees everything, or only the files of sealed days are read, beside it.
"""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote, unquote

import duckdb
import httpx
import msgspec
import pandas as pd
import pyarrow.parquet as pq
from msgspec import Struct

from analytics.question import Window
from rum.bucket import BUCKETS
from store.migration import migrate, migrations
from store.sealed_files import EMPTY_FILES, SEALED_FOLDER
from store.snapshot import Snapshot

ANSWER_LIMIT_S = 120.0

Asked = ParamSpec("Asked")
Report = TypeVar("Report")


class NotAnsweredError(Exception):
    """The console refused a question, and says what would be right; or it could not be reached."""


class ConsoleStore:
    """A running console's reports: hot and sealed days, as its pages show them."""

    def __init__(self, address: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=address,
            headers={"authorization": f"Bearer {token}"},
            timeout=ANSWER_LIMIT_S,
            trust_env=False,
        )

    def report(self, name: str, **params: str | float) -> pd.DataFrame:
        """The frame of a report, asked as in docs/api.md; its basis is in `attrs["basis"]`.

        Raises NotAnsweredError.
        """
        asked = {key: str(value) for key, value in params.items()}
        try:
            answer = self._client.get(
                f"/api/v1/reports/{quote(name, safe='')}", params={**asked, "format": "parquet"}
            )
        except httpx.TransportError as error:
            raise NotAnsweredError(f"the console gave no answer: {error}") from error
        if answer.status_code != 200:
            raise NotAnsweredError(f"answered {answer.status_code}: {answer.text[:500]}")
        table = pq.read_table(io.BytesIO(answer.content))
        frame: pd.DataFrame = table.to_pandas()
        basis = (table.schema.metadata or {}).get(b"basis")
        frame.attrs["basis"] = msgspec.json.decode(basis) if basis else None
        return frame

    def close(self) -> None:
        self._client.close()


class SealedSite(Struct, frozen=True):
    """The sealed days that there are of a site."""

    site: str
    first: date
    last: date

    @property
    def window(self) -> Window:
        """All of them."""
        start = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        end = datetime(self.last.year, self.last.month, self.last.day, tzinfo=UTC)
        return Window(start, end + timedelta(days=1))


class SealedStore:
    """The sealed files of a store as they were when it was opened: sessions and their detail.

    Of hot days, checks, incidents and hourly counts it knows nothing: those are in the database.
    """

    def __init__(self, sealed: Path) -> None:
        self._sealed = sealed.resolve()
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET TimeZone = 'UTC'")
        migrate(self._connection, migrations())
        for path in sorted(self._sealed.rglob("*.parquet")):
            name = path.relative_to(self._sealed).as_posix()
            if name.split("/")[0] in ("detail", "summaries"):
                self._list(path, name)

    def ask(
        self,
        report: Callable[Concatenate[Snapshot, Asked], Report],
        *args: Asked.args,
        **kwargs: Asked.kwargs,
    ) -> Report:
        """What a function of analytics.reports answers: `ask(funnel, scope, steps, window)`."""
        return report(Snapshot(self._connection, self._sealed), *args, **kwargs)

    @property
    def sites(self) -> list[SealedSite]:
        rows = self._connection.execute(
            "SELECT site, min(day), max(day) FROM sealed_files GROUP BY site ORDER BY site"
        ).fetchall()
        return [SealedSite(*row) for row in rows]

    def close(self) -> None:
        self._connection.close()

    def _list(self, path: Path, name: str) -> None:
        """Into the manifest, with the rates that the file shows."""
        kind, site, day, file = name.split("/")
        content = file.split("-")[0]
        sample, keep, most = self._rates(path, kind, content)
        self._connection.execute(
            "INSERT INTO sealed_files BY NAME SELECT $file AS file, $content AS content,"
            " $site AS site, $day::DATE AS day, 0 AS rows, $bytes AS bytes, $sample AS sample,"
            " $keep AS keep, $most AS keep_most, 0 AS schema_version, $day::TIMESTAMP AS sealed_at",
            {
                "file": name,
                "content": content,
                "site": unquote(site.removeprefix("site=")),
                "day": day.removeprefix("day="),
                "bytes": path.stat().st_size,
                "sample": sample,
                "keep": keep,
                "most": most,
            },
        )

    def _rates(self, path: Path, kind: str, content: str) -> tuple[float, float, float]:
        """The lowest sampling and keeping rate and the highest one that a file shows; 1, 1 and 0
        where it shows none, so that what other files show counts."""
        asked: dict[str, Any] = {"path": str(path)}
        if kind == "summaries":
            query = "SELECT min(inclusion), max(inclusion) FROM read_parquet($path)"
            ((least, most),) = self._connection.execute(query, asked).fetchall()
            return 1.0, least, most
        if content != "sample":
            return 1.0, 1.0, 0.0
        query = "SELECT max(bucket) FROM read_parquet($path)"
        ((highest,),) = self._connection.execute(query, asked).fetchall()
        return (highest + 1) / BUCKETS, 1.0, 0.0


def open_store(where: str | Path, token: str = "") -> ConsoleStore | SealedStore:
    """A console by its address ("http://127.0.0.1:8601") and the token of programs; or sealed days
    by the data folder, its `store`, or the `sealed` folder itself.

    Raises FileNotFoundError where no sealed folder is.
    """
    if isinstance(where, str) and where.startswith(("http://", "https://")):
        return ConsoleStore(where, token)
    for folder in (Path(where), Path(where) / SEALED_FOLDER, Path(where) / "store" / SEALED_FOLDER):
        if (folder / EMPTY_FILES["detail"]).is_file():
            return SealedStore(folder)
    raise FileNotFoundError(f"{where} is no sealed folder, and holds none")

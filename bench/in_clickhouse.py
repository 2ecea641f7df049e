"""The same questions asked of ClickHouse's engine in process (chdb), over the same rows."""

from collections import Counter
from pathlib import Path
from typing import Self, TypeVar

import chdb
import msgspec
from msgspec import Struct

from analytics.question import Window
from analytics.reports.paths_types import Direction, PathStart
from analytics.times import to_us
from bench.generated_people import SIGNED, STEPS
from store.database import Database
from store.sealed_files import COLUMNS

T = TypeVar("T")

SETTINGS = "SETTINGS max_threads = 2"
READ = (
    "session, level, time, batch, position, kind, page, name, lcp_ms, inp_ms, cls, fcp_ms, ttfb_ms"
)
"""The columns that are read, beside the time in microseconds. Rows are chosen by `time`, which may
lack what is beyond a whole millisecond: windows begin and end on one."""


class PathsCounted(Struct, frozen=True):
    """Sessions by their walk ("" where there is nothing any more), and of those that began in the
    window by their first and last page, and by page and page between of each loop."""

    walks: Counter[tuple[str, ...]]
    entries: Counter[str]
    exits: Counter[str]
    loops: Counter[tuple[str, str]]


class ClickHouse:
    """Events in Parquet files of the shape of sealed ones, read by ClickHouse as they are."""

    def __init__(self, *files: str) -> None:
        read = [
            f"SELECT {READ}, {self._time(file)} AS time_us FROM file('{file}', Parquet)"
            " WHERE NOT bot"
            for file in files
        ]
        self._rows_of = f"({' UNION ALL '.join(read)})"

    @classmethod
    def of_store(cls, store: Path, site: str, hot: Path | None = None) -> Self:
        """The sealed files of one site, and a file of its hot rows (see write_hot)."""
        sealed = f"{store}/sealed/detail/site={site}/day=*/*.parquet"
        return cls(sealed, *([str(hot)] if hot else []))

    def funnel(self, window_s: float, window: Window) -> dict[tuple[str, int], int]:
        """Sessions that entered in the window by level and the last step they came to: windowFunnel
        in its default mode."""
        pages = ", ".join(f"'{page}'" for page in STEPS)
        steps = [f"kind = 'view' AND page = '{page}'" for page in STEPS]
        steps.append(f"kind = 'event' AND name = '{SIGNED}'")
        start, end = to_us(window.start), to_us(window.end)
        steps[0] += f" AND time < {_time(end)}"
        depth = f"windowFunnel({round(window_s * 1e6)})(toUInt64(time_us), "
        rows = self._rows(
            f"SELECT ifNull(level, 'undeclared'), depth, count() FROM ("
            f" SELECT session, any(level) AS level, {depth}{', '.join(steps)}) AS depth"
            f" FROM {self._rows_of} WHERE time >= {_time(start)}"
            f" AND time < {_time(end + round(window_s * 1e6))}"
            f" AND (kind = 'view' AND page IN ({pages}) OR kind = 'event' AND name = '{SIGNED}')"
            " GROUP BY session) WHERE depth > 0 GROUP BY 1, 2"
        )
        return {(level, int(depth)): int(count) for level, depth, count in rows}

    def paths(
        self, start: PathStart, before: int, after: int, window: Window, read: Window
    ) -> PathsCounted:
        """Paths of so many steps around the start of sessions that are over, out of the rows within
        `read`; pages by their names, the event as "!name"."""
        inside = f"BETWEEN {to_us(window.start)} AND {to_us(window.end) - 1}"
        wanted = f"!{start.event}" if start.event else start.page
        edge = "length(seen)" if start.direction is Direction.BEFORE else "1"
        place = f"indexOf(seen.2, '{wanted}')" if wanted else edge
        what = "if(kind = 'view', page, concat('!', ifNull(name, '')))"
        rows = self._rows(
            "WITH (all) -> arrayFilter((each, n) -> n = 1 OR each.2 != all[n - 1].2, all,"
            " arrayEnumerate(all)) AS collapsed"
            f" SELECT walk, entry, exit, loops, count() FROM (SELECT session, collapsed("
            "arrayMap(each -> (each.1, each.4), arraySort(groupArray("
            f"(time_us, batch, position, {what}))))) AS seen,"
            " collapsed(arrayFilter(each -> NOT startsWith(each.2, '!'), seen)) AS viewed,"
            f" {place} AS at, at > 0 AND seen[at].1 {inside} AS starts,"
            " if(starts, arrayMap(step -> multiIf(at + step = 0, 'Entry',"
            " at + step = length(seen) + 1, 'Exit', at + step < 0, '',"
            f" at + step > length(seen), '', seen[at + step].2), range(-{before}, {after + 1})),"
            " []) AS walk,"
            f" length(viewed) > 0 AND viewed[1].1 {inside} AS began,"
            " if(began, viewed[1].2, '') AS entry, if(began, viewed[-1].2, '') AS exit,"
            " if(began, arraySort(arrayDistinct(arrayMap(n -> [viewed[n].2, viewed[n + 1].2],"
            " arrayFilter(n -> n + 2 <= length(viewed) AND viewed[n].2 = viewed[n + 2].2,"
            " arrayEnumerate(viewed))))), []) AS loops"
            f" FROM {self._rows_of} WHERE time >= {_time(to_us(read.start))}"
            f" AND time < {_time(to_us(read.end))}"
            f" AND (kind = 'view' OR kind = 'event' AND name = '{start.event}')"
            " GROUP BY session) GROUP BY walk, entry, exit, loops"
        )
        return _counted(rows)

    def p75(self, *, inverse: bool = False) -> dict[tuple[str, str], float]:
        """The 75th percentile of each vital by page and level; gives LCP's. `inverse`: the value at
        which the share is reached, as ours, in place of the one after it."""
        vitals = ("lcp_ms", "inp_ms", "cls", "fcp_ms", "ttfb_ms")
        form = "quantileExactWeighted(0.75)({}, 1)" if inverse else "quantileExact(0.75)({})"
        wanted = ", ".join(form.format(vital) for vital in vitals)
        rows = self._rows(
            f"SELECT page, ifNull(level, 'undeclared'), {wanted} FROM {self._rows_of}"
            " WHERE kind = 'vitals' GROUP BY 1, 2"
        )
        return {(page, level): float(lcp) for page, level, lcp, *_ in rows}

    def counts(self) -> dict[str, tuple[int, int]]:
        """Events and sessions by kind."""
        rows = self._rows(
            f"SELECT kind, count(), uniqExact(session) FROM {self._rows_of} GROUP BY 1"
        )
        return {kind: (int(events), int(sessions)) for kind, events, sessions in rows}

    def _time(self, file: str) -> str:
        """The time in microseconds; files since schema version 4 hold what is beyond a millisecond
        apart."""
        columns = {name for name, *_ in self._rows(f"DESCRIBE file('{file}', Parquet)")}
        beyond = "+ time_us" if "time_us" in columns else ""
        return f"toInt64(toUnixTimestamp64Micro(toDateTime64(time, 6, 'UTC')) {beyond})"

    def _rows(self, query: str) -> list[list[str]]:
        text = str(chdb.query(f"{query} {SETTINGS}", "TabSeparated"))  # type: ignore[no-untyped-call]
        return [line.split("\t") for line in text.splitlines()]


def write_hot(database: Database, site: str, file: Path) -> Path:
    """Write the site's hot rows to `file`, in the shape of sealed ones."""
    database.cursor().execute(
        f"COPY (SELECT {COLUMNS['detail']} FROM events WHERE site = $site) TO $file"
        " (FORMAT parquet)",
        {"site": site, "file": str(file)},
    )
    return file


def _counted(rows: list[list[str]]) -> PathsCounted:
    found = PathsCounted(Counter(), Counter(), Counter(), Counter())
    for walk, entry, exit_, loops, count in rows:
        if steps := _listed(walk, list[str]):
            found.walks[tuple(steps)] += int(count)
        if entry:
            found.entries[entry] += int(count)
            found.exits[exit_] += int(count)
        for page, through in _listed(loops, list[tuple[str, str]]):
            found.loops[page, through] += int(count)
    return found


def _listed(text: str, of: type[T]) -> T:
    """A list as ClickHouse writes it, of texts without quotes or of lists of such."""
    return msgspec.json.decode(text.replace("'", '"'), type=of)


def _time(moment_us: int) -> str:
    return f"fromUnixTimestamp64Micro({moment_us}, 'UTC')"

"""The same questions asked of ClickHouse's engine in process (chdb), over the same sealed files."""

from pathlib import Path

import chdb

from bench.generated_people import SIGNED, STEPS

SETTINGS = "SETTINGS max_threads = 2"


class ClickHouse:
    """Sealed files of one site, read by ClickHouse as they are."""

    def __init__(self, store: Path, site: str) -> None:
        self._files = f"file('{store}/sealed/detail/site={site}/day=*/*.parquet', Parquet)"

    def funnel(self, window_s: float) -> dict[tuple[str, int], int]:
        """Sessions by level and the last step they came to: windowFunnel in its default mode."""
        pages = ", ".join(f"'{page}'" for page in STEPS)
        steps = [f"kind = 'view' AND page = '{page}'" for page in STEPS]
        steps.append(f"kind = 'event' AND name = '{SIGNED}'")
        depth = f"windowFunnel({round(window_s * 1e6)})(toUInt64(toUnixTimestamp64Micro(time)), "
        rows = self._rows(
            f"SELECT ifNull(level, 'undeclared'), depth, count() FROM ("
            f" SELECT session, any(level) AS level, {depth}{', '.join(steps)}) AS depth"
            f" FROM {self._files} WHERE NOT bot AND"
            f" (kind = 'view' AND page IN ({pages}) OR kind = 'event' AND name = '{SIGNED}')"
            " GROUP BY session) WHERE depth > 0 GROUP BY 1, 2"
        )
        return {(level, int(depth)): int(count) for level, depth, count in rows}

    def p75(self, *, inverse: bool = False) -> dict[tuple[str, str], float]:
        """The 75th percentile of each vital by page and level; gives LCP's. `inverse`: the value at
        which the share is reached, as ours, in place of the one after it."""
        vitals = ("lcp_ms", "inp_ms", "cls", "fcp_ms", "ttfb_ms")
        form = "quantileExactWeighted(0.75)({}, 1)" if inverse else "quantileExact(0.75)({})"
        wanted = ", ".join(form.format(vital) for vital in vitals)
        rows = self._rows(
            f"SELECT page, ifNull(level, 'undeclared'), {wanted} FROM {self._files}"
            " WHERE kind = 'vitals' AND NOT bot GROUP BY 1, 2"
        )
        return {(page, level): float(lcp) for page, level, lcp, *_ in rows}

    def counts(self) -> dict[str, tuple[int, int]]:
        """Events and sessions by kind."""
        rows = self._rows(
            f"SELECT kind, count(), uniqExact(session) FROM {self._files} WHERE NOT bot GROUP BY 1"
        )
        return {kind: (int(events), int(sessions)) for kind, events, sessions in rows}

    def _rows(self, query: str) -> list[list[str]]:
        text = str(chdb.query(f"{query} {SETTINGS}", "TabSeparated"))  # type: ignore[no-untyped-call]
        return [line.split("\t") for line in text.splitlines()]

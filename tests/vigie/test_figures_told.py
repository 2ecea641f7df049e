"""What processes tell of themselves: figures for Prometheus, readiness, files of run/."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from rum.metrics_text import CONTENT_TYPE, Kind, Metric, Sample, counter, histogram, rendered
from store.resources import bytes_of
from tests.support.collector import collecting_in
from tests.support.console import SETTINGS, RunningConsole, history, running_console
from vigie.figures import OLD_AFTER_S, keep_telling, process_figures, tell, told_by_processes
from vigie.waits import BOUNDS_S, WaitTally


def families(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Samples by name and labels; each family's type and help must be known to the parser."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        assert family.type in ("counter", "gauge", "histogram"), family.name
        assert family.documentation, family.name
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            series = found.setdefault(sample.name, {})
            assert labels not in series, (sample.name, labels)
            series[labels] = sample.value
    return found


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with running_console(tmp_path_factory.mktemp("figures"), SETTINGS) as running:
        running.load(history(datetime.now(UTC), sessions=5, days=1))
        yield running


def test_awkward_names_survive_the_text_format() -> None:
    odd = 'a "b"\\c\nd'
    metric = Metric("x_total", Kind.COUNTER, "One \\ two\nlines", (Sample(2.5, {"of": odd}),))
    waits = WaitTally()
    waits.add([0.05, 0.1, 0.3, 400.0, -5.0])
    told = waits.told()
    text = rendered([metric, histogram("w", "Waits.", BOUNDS_S, told.counts, told.total_s)])
    found = families(text)
    assert found["x_total"] == {(("of", odd),): 2.5}
    buckets = [found["w_bucket"][(("le", le),)] for le in ("0.1", "0.25", "0.5", "300", "+Inf")]
    assert buckets == [3, 3, 4, 4, 5]
    assert found["w_count"][()] == 5
    assert found["w_sum"][()] == pytest.approx(400.45)
    assert (told.p50_s, told.p95_s) == (0.1, 400.0)


def test_the_console_tells_of_itself_and_of_processes_without_a_port(
    console: RunningConsole,
) -> None:
    tell(console.folder.run, "prober", [counter("vigie_prober_checks_total", "Checks begun.", 7)])
    tell(console.folder.run, "collector-2", process_figures())
    with console.stranger() as client:
        answer = client.get("/metrics")
        assert answer.headers["content-type"] == CONTENT_TYPE
        found = families(answer.text)
        proxied = client.get("/metrics", headers={"x-real-ip": "203.0.113.9"})
        assert proxied.status_code == 404
    assert found["vigie_prober_checks_total"] == {(("process", "prober"),): 7}
    memory = found["process_resident_memory_bytes"]
    assert {dict(labels)["process"] for labels in memory} == {"console", "collector-2"}
    assert all(value > 1_000_000 for value in memory.values())
    assert found["vigie_size_bytes"][(("of", "database"), ("process", "console"))] > 0
    assert found["vigie_hot_events"][(("process", "console"),)] > 0
    assert found["vigie_database_memory_limit_bytes"][(("process", "console"),)] == 2e9


def test_what_a_process_said_long_ago_is_not_told_any_more(tmp_path: Path) -> None:
    tell(tmp_path, "prober", process_figures())
    (tmp_path / "figures" / "half.json").write_bytes(b'{"process": "ha')
    now_s = time.time()
    assert [told.process for told in told_by_processes(tmp_path, now_s)] == ["prober"]
    assert told_by_processes(tmp_path, now_s + OLD_AFTER_S + 1) == []


def test_a_folder_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "figures").write_bytes(b"in the way")

    async def tries_for_a_moment() -> None:
        telling = asyncio.create_task(keep_telling(tmp_path, "prober", process_figures))
        done, _ = await asyncio.wait({telling}, timeout=0.2)
        assert not done
        telling.cancel()

    asyncio.run(tries_for_a_moment())


def test_a_collector_tells_its_figures_as_the_parser_reads_them(tmp_path: Path) -> None:
    with collecting_in(tmp_path) as collecting:
        collecting.post(b"nonsense")
        found = families(httpx.get(f"{collecting.base}/metrics", timeout=60).text)
        for path in ("/health", "/ready", "/live"):
            assert httpx.get(f"{collecting.base}{path}", timeout=60).status_code == 200
    assert found["vigie_collector_refused_total"][(("reason", "malformed"),)] == 1
    assert found["vigie_collector_batches_total"] == {(): 0}
    assert found["vigie_collector_limit"][(("limit", "events_max"),)] == 50


def test_a_console_is_ready_while_the_store_is_loaded(console: RunningConsole) -> None:
    with console.stranger() as client:
        assert client.get("/live").status_code == 200
        late = client.get("/ready")
        assert (late.status_code, late.json()["reason"]) == (503, "loading_late")
        console.loaded_at(datetime.now(UTC))
        assert client.get("/ready").status_code == 200
        console.loaded_at(datetime.now(UTC) - timedelta(minutes=2))
        assert client.get("/ready").status_code == 503


@pytest.mark.parametrize(
    ("text", "octets"),
    [("2GB", 2_000_000_000), ("512 MiB", 536_870_912), ("1.5KB", 1500), ("100B", 100)],
)
def test_sizes_are_read_as_the_database_reads_them(text: str, octets: int) -> None:
    assert bytes_of(text) == octets

"""The keeper loads without pause, runs its jobs, and survives whatever either of them raises."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rum.records import Batch, Event, EventKind
from store.database import Database
from store.journal_writer import write_segments
from store.loader import Loaded, Loader
from tests.support.waiting import wait_for
from vigie.keeper import LOAD_PERIOD_S, Job, Keeper, pause_s
from vigie.keeper_jobs import keeper_jobs
from vigie.settings import Settings, SiteSettings, StoreSettings

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


class ScriptedLoader:
    """Gives or raises what it was told to, then nothing new."""

    def __init__(self, *script: Loaded | Exception) -> None:
        self.script = list(script)
        self.calls = 0
        self.called = threading.Event()

    def load_once(self, now: datetime) -> Loaded:
        self.calls += 1
        self.called.set()
        step = self.script.pop(0) if self.script else Loaded()
        if isinstance(step, Exception):
            raise step
        return step


def job(name: str, run: Callable[[datetime], str], period_s: float = 3600) -> Job:
    return Job(name=name, description=name, period_s=period_s, run=run)


@contextmanager
def keeping(loader: ScriptedLoader, *jobs: Job) -> Iterator[Keeper]:
    keeper = Keeper(loader, jobs, lambda: NOW)
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.stop()


def test_a_load_that_fails_is_counted_shown_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen = threading.Event()

    class Loader(ScriptedLoader):
        """Loads well once the error was seen: it is shown until then."""

        def load_once(self, now: datetime) -> Loaded:
            if self.calls:
                seen.wait(60)
            return super().load_once(now)

    loader = Loader(RuntimeError("disk on fire"), Loaded(batches=2, events=7, repeats=1, bytes=90))
    keeper = Keeper(loader, [], lambda: NOW)
    assert not keeper.status().running
    keeper.start()
    wait_for(lambda: keeper.status().last_error, "the error to be shown")
    assert keeper.status().last_error == "RuntimeError: disk on fire"
    assert keeper.status().last_load is None
    seen.set()
    wait_for(lambda: keeper.status().batches, "the next load")
    status = keeper.status()
    keeper.stop()
    assert (status.load_errors, status.last_error, status.last_error_at) == (1, "", NOW)
    assert (status.batches, status.events, status.repeats) == (2, 7, 1)
    assert status.last_load == NOW
    assert "loading the journal failed" in caplog.text
    assert not keeper.status().running


def test_what_waits_in_the_journal_is_loaded_before_it_stops() -> None:
    more = Loaded(batches=1, bytes=10, backlog_bytes=10)
    loader = ScriptedLoader()
    keeper = Keeper(loader, [], lambda: NOW)
    keeper.start()
    assert loader.called.wait(60)
    loader.script += [more] * 9
    keeper.stop()
    assert loader.script == []
    assert keeper.status().batches == 9


def test_a_row_group_is_waited_for_only_where_it_comes_soon() -> None:
    assert pause_s(0, since_s=0.3, took_s=0.05) == LOAD_PERIOD_S
    assert pause_s(5_000, since_s=1.0, took_s=0.2) == LOAD_PERIOD_S, "freshness comes first"
    assert pause_s(50_000, since_s=1.0, took_s=0.5) == pytest.approx(2.58 - 0.5, abs=0.01)
    assert pause_s(50_000, since_s=1.0, took_s=5.0) == LOAD_PERIOD_S


def test_jobs_begin_once_the_journal_is_loaded_to_its_end() -> None:
    backlog_when_run: list[int] = []
    keeper: Keeper
    loader = ScriptedLoader(
        Loaded(bytes=10, backlog_bytes=20), Loaded(bytes=10, backlog_bytes=10), Loaded(bytes=10)
    )
    ran = threading.Event()

    def look(now: datetime) -> str:
        backlog_when_run.append(keeper.status().backlog_bytes)
        ran.set()
        return ""

    keeper = Keeper(loader, [job("look", look)], lambda: NOW)
    keeper.start()
    assert ran.wait(60)
    keeper.stop()
    assert backlog_when_run == [0]


def test_a_half_written_last_frame_holds_up_no_job() -> None:
    ran = threading.Event()

    def run(now: datetime) -> str:
        ran.set()
        return ""

    with keeping(ScriptedLoader(*[Loaded(backlog_bytes=5)] * 3), job("any", run)):
        assert ran.wait(60)


def test_a_job_that_fails_is_counted_and_holds_up_no_other() -> None:
    failures = iter([OSError("no space"), OSError("no space")])

    def flaky(now: datetime) -> str:
        for failure in failures:
            raise failure
        return "sealed 1 day"

    other_ran = threading.Event()

    def other(now: datetime) -> str:
        other_ran.set()
        return ""

    with keeping(
        ScriptedLoader(), job("flaky", flaky, period_s=0.01), job("other", other)
    ) as keeper:
        assert other_ran.wait(60)
        wait_for(lambda: keeper.status().jobs[0].last_result, "the job's third run")
        status = keeper.status().jobs[0]
    assert (status.errors, status.last_result, status.last_start) == (2, "sealed 1 day", NOW)
    assert status.last_error_at == NOW
    assert status.runs >= 3


def event(at: datetime) -> Event:
    at_us = int(at.timestamp() * 1_000_000)
    return Event(position=0, kind=EventKind.VIEW, time_us=at_us, client_us=at_us, view=1, page="/")


def batch(number: int, at: datetime, site: str) -> Batch:
    at_us = int(at.timestamp() * 1_000_000)
    return Batch(
        site=site,
        session=f"{number:032x}",
        batch=1 << 20,
        received_us=at_us,
        sent_us=at_us,
        events=(event(at),),
    )


def test_the_real_jobs_seal_days_that_are_due_and_retire_them_in_time(tmp_path: Path) -> None:
    settings = Settings(
        sites=(SiteSettings(id="shop", key="k", origins=("*",), keep=1.0),),
        store=StoreSettings(hot_days=2, retention_days=10),
    )
    long_ago, sealed, hot = NOW - timedelta(days=20), NOW - timedelta(days=5), NOW
    write_segments(
        tmp_path / "journal",
        "collector",
        [
            batch(n, at, site)
            for n, (at, site) in enumerate(
                [
                    (long_ago, "shop"),
                    (sealed, "shop"),
                    (sealed, "no-longer-in-settings"),
                    (hot, "shop"),
                ]
            )
        ],
        start_us=1,
    )
    database = Database(tmp_path / "store")
    (database.sealed / "orphan.parquet").write_bytes(b"left by a crash")
    keeper = Keeper(
        Loader(database, tmp_path / "journal"), keeper_jobs(database, settings), lambda: NOW
    )
    keeper.start()
    wait_for(lambda: all(each.runs for each in keeper.status().jobs), "every job to have run")
    keeper.stop()
    jobs = {each.name: each for each in keeper.status().jobs}
    assert {name: each.last_error for name, each in jobs.items()} == dict.fromkeys(jobs, "")
    assert jobs["sweep"].last_result == "removed 1 file that the store does not list"
    assert jobs["seal"].last_result == "sealed 3 days, 3 events"
    assert "files dropped" in jobs["retire"].last_result
    with database.snapshot() as snapshot:
        in_store = snapshot.rows(
            "SELECT site, day::VARCHAR FROM events_in($files) ORDER BY ALL",
            {
                "files": snapshot.detail_files(
                    ["shop", "no-longer-in-settings"],
                    long_ago.date(),
                    hot.date(),
                    rest=True,
                )
            },
        )
    database.close()
    assert in_store == [
        ("no-longer-in-settings", "2026-03-26"),
        ("shop", "2026-03-26"),
        ("shop", "2026-03-31"),
    ]


def test_a_long_job_does_not_hold_up_a_prompt_one() -> None:
    finish = threading.Event()

    def long(now: datetime) -> str:
        finish.wait(60)
        return ""

    def prompt(now: datetime) -> str:
        return "done"

    jobs = (
        job("long", long),
        Job(name="prompt", description="prompt", period_s=0.01, run=prompt, prompt=True),
    )
    with keeping(ScriptedLoader(), *jobs) as keeper:
        wait_for(lambda: keeper.status().jobs[1].runs > 2, "the prompt job to run again")
        assert keeper.status().jobs[0].runs == 0
        finish.set()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness of their own")
def test_the_loader_comes_before_jobs_but_for_prompt_ones() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    seen: dict[str, int] = {}

    class Loader(ScriptedLoader):
        def load_once(self, now: datetime) -> Loaded:
            seen["loader"] = niceness()
            return super().load_once(now)

    def note(name: str) -> Callable[[datetime], str]:
        def run(now: datetime) -> str:
            seen[name] = niceness()
            return ""

        return run

    prompt = Job(name="p", description="p", period_s=3600, run=note("prompt"), prompt=True)
    with keeping(Loader(), job("long", note("long")), prompt):
        wait_for(lambda: len(seen) == 3, "the loader and both jobs")
    assert seen["loader"] == seen["prompt"] == niceness()
    assert seen["long"] > niceness()

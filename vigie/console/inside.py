"""What the console says to machines of itself: alive, ready, and its figures."""

import time
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from rum.local_only import is_local
from rum.metrics_text import (
    CONTENT_TYPE,
    Kind,
    Metric,
    by_label,
    counter,
    gauge,
    histogram,
    labelled,
    rendered,
)
from store.resources import bytes_of, hot_rows
from vigie.console.backups import backup_now
from vigie.console.console import Console, console_of
from vigie.console.resources import sizes_now
from vigie.figures import process_figures, told_by_processes
from vigie.keeper_status import JobStatus, KeeperStatus
from vigie.waits import BOUNDS_S

STALE_AFTER = timedelta(seconds=60)
"""Without a good load for longer, what pages show is old."""


def live(request: Request) -> Response:
    """200 as long as the process answers: else start it again."""
    return PlainTextResponse("ok\n")


def ready(request: Request) -> Response:
    """200 when the store is loaded without trouble; else 503 and why."""
    context = console_of(request).context
    status = context.keeper_status()
    now = context.clock()
    reason = ""
    if not status.running:
        reason = "keeper_not_running"
    elif status.last_error:
        reason = "loading_fails"
    elif status.last_load is None or now - status.last_load > STALE_AFTER:
        reason = "loading_late"
    if reason:
        return JSONResponse({"status": "unavailable", "reason": reason}, 503)
    return JSONResponse({"status": "ok"})


def metrics(request: Request) -> Response:
    """Figures of this process and of those that write theirs down, for this machine only."""
    if not is_local(request):
        return PlainTextResponse("not found: metrics are for this machine only\n", 404)
    return PlainTextResponse(rendered(figures(console_of(request))), media_type=CONTENT_TYPE)


def figures(console: Console) -> list[Metric]:
    """The console's own, and of every other process what it said last. Raises OSError."""
    own = [*process_figures(), *_loading(console), *_jobs(console.context.keeper_status().jobs)]
    own += _sizes(console)
    now_s = time.time()
    others = [
        metric
        for told in told_by_processes(console.context.folder.run, now_s)
        for metric in labelled(told.metrics, process=told.process)
    ]
    return [*labelled(own, process="console"), *others]


def _loading(console: Console) -> list[Metric]:
    status, now = console.context.keeper_status(), console.context.clock()
    late_s = (now - status.last_load).total_seconds() if status.last_load else 0.0
    return [
        gauge("vigie_loader_backlog_bytes", "Journal not yet loaded.", status.backlog_bytes),
        gauge("vigie_loader_lag_seconds", "Since the last good load ended.", max(0.0, late_s)),
        histogram(
            "vigie_beacon_to_store_seconds",
            "From the arrival of a batch until its rows were in the store.",
            BOUNDS_S,
            status.waits.counts,
            status.waits.total_s,
        ),
        *_loaded(status),
        gauge(
            "vigie_database_reopenings",
            "How often a fatal error made the console open the database again.",
            console.context.database.reopened,
        ),
    ]


def _loaded(status: KeeperStatus) -> list[Metric]:
    counts = {
        "batches": ("Batches stored.", status.batches),
        "events": ("Events stored.", status.events),
        "checks": ("Results of checks stored.", status.checks),
        "refusals": ("Records of refused data stored.", status.refusals),
        "repeats": (
            "Batches and results dropped: stored already.",
            status.repeats,
        ),
        "failures": ("Frames of the journal that could not be used.", status.load_failures),
        "errors": ("Loads that failed, and were tried again.", status.load_errors),
    }
    return [counter(f"vigie_loader_{name}_total", *each) for name, each in counts.items()]


def _jobs(jobs: tuple[JobStatus, ...]) -> list[Metric]:
    def by_job(name: str, kind: Kind, help_: str, values: dict[str, float]) -> Metric:
        return by_label(f"vigie_job_{name}", kind, help_, "job", values)

    return [
        by_job(
            "last_end_seconds",
            Kind.GAUGE,
            "When the job last ended, seconds since the epoch.",
            {job.name: job.last_end.timestamp() for job in jobs if job.last_end},
        ),
        by_job(
            "last_duration_seconds",
            Kind.GAUGE,
            "How long its last run took.",
            {job.name: job.last_duration_s for job in jobs if job.last_duration_s is not None},
        ),
        by_job("runs_total", Kind.COUNTER, "Runs.", {job.name: job.runs for job in jobs}),
        by_job(
            "errors_total", Kind.COUNTER, "Failed runs.", {job.name: job.errors for job in jobs}
        ),
    ]


def _sizes(console: Console) -> list[Metric]:
    sizes = sizes_now(console)
    hot = hot_rows(console.context.database)
    return [
        by_label(
            "vigie_size_bytes",
            Kind.GAUGE,
            "Bytes on disk.",
            "of",
            {
                "database": sizes.database_bytes,
                "wal": sizes.wal_bytes,
                "temp": sizes.temp_bytes,
                "journal": sizes.journal_bytes,
                "sealed": sizes.sealed_bytes,
                "replays": sizes.replays_bytes,
                "backups": sizes.backups_bytes,
            },
        ),
        gauge("vigie_disk_free_bytes", "Free on the disk of the store.", sizes.disk_free_bytes),
        gauge("vigie_disk_bytes", "Size of the disk of the store.", sizes.disk_bytes),
        gauge(
            "vigie_backup_overdue",
            "1 when a scheduled backup, or its comparison after a restore, is late.",
            bool(backup_now(console).overdue),
        ),
        gauge("vigie_hot_events", "Events in the database file.", hot),
        gauge(
            "vigie_database_memory_limit_bytes",
            "What the database may take of memory: store.memory_limit.",
            bytes_of(console.settings.store.memory_limit),
        ),
    ]

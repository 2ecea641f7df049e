"""The table of the keeper's jobs: what keeps the store in shape, and how often."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from msgspec.structs import asdict

from store.check_days import close_day, unclosed_days
from store.clock_watch import ClockWatch
from store.database import Database, DatabaseLimits
from store.deletions import rewriting_due
from store.rehearsal import expire_copies
from store.replays import sweep_replays
from store.resources import measure, note_sizes
from store.retention import RetentionLimits, retire
from store.rewriting import rewrite_database
from store.sealing import SealPolicy, days_due, seal_day, sweep_orphans
from vigie.error_jobs import error_jobs
from vigie.keeper import Job
from vigie.sample_checks import samples_job
from vigie.settings import Settings, SiteSettings

MINUTE_S = 60.0
HOUR_S = 3600.0
RETIRE_WAIT_S = 24 * HOUR_S
"""After the clock was set: one that is a month ahead by mistake would remove a month of data."""


def keeper_jobs(
    database: Database,
    settings: Settings,
    journal: Path | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[Job]:
    """In the order they run at the start. Without the `journal`'s folder, no sizes are noted."""

    def sweep(now: datetime) -> str:
        return sweep_files(database, now)

    def seal(now: datetime) -> str:
        return seal_due_days(database, settings, now)

    def close(now: datetime) -> str:
        return close_check_days(database, now)

    def rewrite(now: datetime) -> str:
        return rewrite_if_due(database, settings.store.rewrite_wait_h, now)

    def measure_sizes(now: datetime) -> str:
        if journal is not None:
            backups = settings.backup.folder
            note_sizes(database, measure(database, journal, backups), now)
        return ""

    look, retire_maps = error_jobs(database, settings)
    return [
        Job(
            name="sweep",
            description="Remove files that a crash left, and the store does not list",
            period_s=24 * HOUR_S,
            run=sweep,
        ),
        look,
        Job(
            name="seal",
            description=f"Seal days older than {settings.store.hot_days} whole days",
            period_s=10 * MINUTE_S,
            run=seal,
        ),
        Job(
            name="close",
            description="Make aggregates of finished days of checks",
            period_s=10 * MINUTE_S,
            run=close,
        ),
        Job(
            name="retire",
            description="Remove what is past its retention",
            period_s=HOUR_S,
            run=_retiring(database, settings, monotonic),
        ),
        retire_maps,
        Job(
            name="rewrite",
            description="Rewrite the database file, so that deleted values are gone from it",
            period_s=10 * MINUTE_S,
            run=rewrite,
        ),
        samples_job(database, settings),
        Job(
            name="sizes",
            description="Note how large everything is, to tell when the disk will be full",
            period_s=HOUR_S,
            run=measure_sizes,
        ),
    ]


def sweep_files(database: Database, now: datetime) -> str:
    """Remove copies past their term, answers of days that are gone, and files nothing lists."""
    expire_copies(database.folder, now)
    with database.snapshot() as snapshot:
        snapshot.answers.sweep()
    removed = sweep_orphans(database) + sweep_replays(database, now)
    return f"removed {counted(removed, 'file')} that the store does not list" if removed else ""


def seal_due_days(database: Database, settings: Settings, now: datetime) -> str:
    """Seal every day that is due, each in a transaction of its own.

    A site that is no longer in the settings is sealed with the defaults.
    """
    policies = {site.id: seal_policy(site) for site in settings.sites}
    days = events = 0
    for site, day in days_due(database, now, settings.store.hot_days):
        sealed = seal_day(database, policies.get(site, SealPolicy(site=site)), day, now)
        days += 1
        events += sealed.events
    return f"sealed {counted(days, 'day')}, {counted(events, 'event')}" if days else ""


def seal_policy(site: SiteSettings) -> SealPolicy:
    """How a site's settings say that its days are sealed."""
    return SealPolicy(
        site=site.id,
        sample=site.sample,
        keep=site.keep,
        keep_by_level=site.keep_by_level,
        keep_errors=site.keep_errors,
        attributes=site.attributes_counted,
        unit=site.unit,
    )


def rewrite_if_due(database: Database, wait_h: float, now: datetime) -> str:
    """Rewrite the database file when something deleted should no longer be in it.

    Raises OSError when there is no room for it, so that the job shows as failing.
    """
    if not rewriting_due(database, now, wait_h):
        return ""
    done = rewrite_database(database, now)
    if done.refusal is not None:
        raise OSError(f"the disk has no room for a second copy of {database.file.name}")
    return (
        f"{done.bytes_before:,} bytes became {done.bytes_after:,}"
        f" without {counted(done.deleted_rows, 'deleted row')};"
        f" loading waited {done.paused_ms:,.0f} ms"
    )


def close_check_days(database: Database, now: datetime) -> str:
    """Close every finished day of checks, and again those of which results came late."""
    days = unclosed_days(database, now)
    for day in days:
        close_day(database, day, now)
    return f"closed {counted(len(days), 'day')} of checks" if days else ""


def counted(count: int, noun: str) -> str:
    """ "1 day", "1,200 events" """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def retire_past_terms(database: Database, settings: Settings, now: datetime) -> str:
    """Remove what the settings keep no longer; says how much of each."""
    retired = retire(
        database,
        now,
        RetentionLimits(
            retention_days=settings.store.retention_days,
            checks_raw_days=settings.store.checks_raw_days,
            checks_retention_days=settings.store.checks_retention_days,
            aggregates_retention_months=settings.store.aggregates_retention_months,
        ),
    )
    counts = [
        f"{name.replace('_', ' ')} {count:,}" for name, count in asdict(retired).items() if count
    ]
    return ", ".join(counts)


def _retiring(
    database: Database, settings: Settings, monotonic: Callable[[], float]
) -> Callable[[datetime], str]:
    """The job that retires; it waits while the clock is being set."""
    clock_watch = ClockWatch(RETIRE_WAIT_S, monotonic)

    def retire_old(now: datetime) -> str:
        if not clock_watch.steady(now):
            return "nothing is removed for a day after the clock was set"
        return retire_past_terms(database, settings, now)

    return retire_old


def database_limits(settings: Settings) -> DatabaseLimits:
    return DatabaseLimits(
        memory_limit=settings.store.memory_limit,
        threads=settings.store.threads,
        temp_limit=settings.store.temp_limit,
    )

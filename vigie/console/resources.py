"""Data > Resources: sizes, growth, when the disk is full, memory and CPU of each process."""

import time

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from analytics.reports.resources import GrowthReport, growth
from analytics.reports.types import State
from store.resources import Sizes, measure
from store.snapshot import Snapshot
from vigie.console.backups import backup_now
from vigie.console.console import Console, console_of
from vigie.figures import Told, process_figures, told_by_processes
from vigie.settings import StoreSettings

DAYS_WARN = 7.0
DAYS_SHOWN_MAX = 730


class ProcessLine(Struct, frozen=True, kw_only=True):
    """`cpu_share` is of one core since the process started, `at` when it last said so."""

    name: str
    pid: int
    memory_bytes: float
    cpu_s: float
    cpu_share: float
    at_s: float


class DiskState(Struct, frozen=True, kw_only=True):
    """`days_left` until the collector would refuse beacons for want of room; None: not known, or
    not filling. `state` and `words` go together."""

    sizes: Sizes
    growth: GrowthReport
    reserve_bytes: int
    days_left: float | None
    state: State
    words: str


def page(request: Request) -> Response:
    """GET /data/resources"""
    console = console_of(request)
    status = console.context.keeper_status()
    disk = disk_now(console)
    return console.page(
        request,
        "resources.html",
        console.scope(request),
        uses_dates=False,
        live_s=5,
        disk=disk,
        sizes=size_lines(disk.sizes, console.settings.store),
        processes=process_lines(console),
        waits=status.waits,
        memory_limit=console.settings.store.memory_limit,
        backup=backup_now(console),
    )


def sizes_now(console: Console) -> Sizes:
    """Measured seconds ago at most. Raises OSError."""
    context, backups = console.context, console.settings.backup.folder
    return console.sizes.get(lambda: measure(context.database, context.folder.journal, backups))


def disk_now(console: Console) -> DiskState:
    """How full the disk of the store is, and where that leads. Raises OSError."""

    def compute(snapshot: Snapshot) -> GrowthReport:
        return growth(snapshot, console.context.clock())

    grown = console.answers.ask(("growth",), compute)
    return disk_state(sizes_now(console), grown, console.settings.collector.disk_free_bytes_min)


def disk_state(sizes: Sizes, grown: GrowthReport, reserve_bytes: int) -> DiskState:
    """In words and a state; pure."""
    left = grown.days_left(sizes.disk_free_bytes, reserve_bytes)
    state, words = State.UP, ""
    if sizes.disk_free_bytes < reserve_bytes:
        state = State.DOWN
        words = "The disk is full: less is free than disk_free_bytes_min, and beacons get 503."
    elif grown.own_a_day is None:
        state, words = State.UNKNOWN, "When it will be full is known after a day of samples."
    elif left is None or left > DAYS_SHOWN_MAX:
        words = "The disk is not filling up."
    elif left < DAYS_WARN:
        state, words = State.DOWN, f"The disk is full in {_days(left)} if it goes on so."
    else:
        words = f"The disk is full in {_days(left)} if it goes on so."
    return DiskState(
        sizes=sizes,
        growth=grown,
        reserve_bytes=reserve_bytes,
        days_left=left,
        state=state,
        words=words,
    )


def disk_warning(console: Console) -> str:
    """What Home says when the disk is full, or will be within DAYS_WARN; else ""."""
    disk = disk_now(console)
    return disk.words if disk.state is State.DOWN else ""


def size_lines(sizes: Sizes, store: StoreSettings) -> list[tuple[str, int, str]]:
    """What, how many bytes, and what it is."""
    loaded = f"kept for {store.segments_kept_h} h after loading (segments_kept_h)"
    kept = f"kept for {store.retention_days} days (retention_days)"
    where = "on the same disk" if sizes.backups_here else "on another disk"
    return [
        ("Database", sizes.database_bytes, "hot days, aggregates, incidents"),
        ("Its write-ahead log", sizes.wal_bytes, "put into the database from time to time"),
        ("Spilled by queries", sizes.temp_bytes, "gone when they end"),
        ("Journal", sizes.journal_bytes, loaded),
        ("Sealed days, with answers kept of them", sizes.sealed_bytes, kept),
        ("Recordings", sizes.replays_bytes, kept),
        ("Backups", sizes.backups_bytes, where if sizes.backups_bytes else "none"),
    ]


def process_lines(console: Console) -> list[ProcessLine]:
    """This process first, then those that said something lately."""
    now_s = time.time()
    told = told_by_processes(console.context.folder.run, now_s)
    own = Told(process="console", pid=0, at_s=now_s, metrics=tuple(process_figures()))
    return [_line(each) for each in (own, *(t for t in told if t.process != "console"))]


def _line(told: Told) -> ProcessLine:
    cpu_s = told.value("process_cpu_seconds_total") or 0.0
    lived_s = told.at_s - (told.value("process_start_time_seconds") or told.at_s)
    return ProcessLine(
        name=told.process,
        pid=told.pid,
        memory_bytes=told.value("process_resident_memory_bytes") or 0.0,
        cpu_s=cpu_s,
        cpu_share=cpu_s / max(1.0, lived_s),
        at_s=told.at_s,
    )


def _days(days: float) -> str:
    if days < 1:
        return "less than a day"
    whole = int(days)
    return f"{whole:,} day{'' if whole == 1 else 's'}"

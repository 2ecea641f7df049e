"""Runs the demo: its history made once, then Vigie and the demo site under one supervisor."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from vigie.child import ChildPlan
from vigie.console.access import one_time_link
from vigie.demo import demo_folder
from vigie.demo.addresses import DemoSockets
from vigie.demo.demo_folder import Held, Marker
from vigie.demo.demo_settings import settings_text
from vigie.demo.history import Stage, generate
from vigie.demo.saved_funnel import save_funnel
from vigie.demo.welcome import welcome_lines
from vigie.demo.writing import HistoryPlan
from vigie.failures import CommandError
from vigie.folders import DataFolder, write_atomically
from vigie.keeper_jobs import seal_policy
from vigie.serving import Sockets, child_plans
from vigie.settings import Settings
from vigie.settings_file import load_settings
from vigie.supervisor import Supervisor

CONFIG = "vigie.toml"
LOG = "demo.log"
READY_LIMIT_S = 60.0
_ASK_EVERY_S = 0.1
_STAGES = {
    Stage.CHECKS: "90 days of checks",
    Stage.SESSIONS: "30 days of sessions",
    Stage.SEALING: "sealing whole days",
}


class Demo(Struct, frozen=True, kw_only=True):
    """One demo's folder, sockets and settings, ready to be supervised."""

    folder: DataFolder
    sockets: DemoSockets
    marker: Marker

    @property
    def config(self) -> Path:
        return self.folder.root / CONFIG


def write_settings(folder: DataFolder, sockets: DemoSockets) -> Settings:
    """Write the demo's vigie.toml for these sockets, and read it back as `vigie serve` would."""
    collector, console, site = sockets.addresses()
    text = settings_text(collector, console, site)
    write_atomically(folder.root / CONFIG, text.encode("utf-8"))
    for name, address in (("collector", collector), ("console", console), ("site", site)):
        folder.record_address(name, address)
    return load_settings(folder.root / CONFIG)


def prepare_history(
    folder: DataFolder,
    settings: Settings,
    plan: HistoryPlan,
    screen: Console,
    *,
    new: bool,
    fresh: bool,
) -> Marker:
    """The folder's history: the one it holds, or a new one where there is none to use.

    `new` says that the folder held nothing before, `fresh` that a new history is wanted.
    """
    held, marker = demo_folder.held_by(folder.root)
    if held is Held.UNFINISHED and not new:
        screen.print("The history in this folder was left unfinished.")
    if marker is not None and not fresh and _same_length(marker.plan, plan):
        _say_age(marker, plan.now, screen)
        return marker
    demo_folder.begin(folder, plan)
    screen.print("Making a history to look into; this is done once.", soft_wrap=True)
    with _bar(screen) as progress:
        history = generate(
            folder,
            plan,
            seal_policy(settings.sites[0]),
            hot_days=settings.store.hot_days,
            progress=progress,
        )
    screen.print(
        f"Generated {history.checks:,} checks and {history.events:,} events"
        f" in {history.batches:,} beacons; every one is marked as generated.",
        soft_wrap=True,
    )
    save_funnel(folder, plan.now)
    return demo_folder.finish(folder, plan, history)


async def run_demo(demo: Demo, screen: Console) -> None:
    """Supervise until SIGTERM or Ctrl-C; say the link once everything answers.

    Raises CommandError when something does not answer in time.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    with (demo.folder.root / LOG).open("w", encoding="utf-8", buffering=1) as log:
        supervisor = Supervisor(
            _plans(demo), demo.folder.run, say=lambda line: print(line, file=log)
        )
        running = asyncio.create_task(supervisor.run(stop))
        waiting = asyncio.create_task(_silent_ones(demo.sockets))
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        silent = waiting.result() if waiting.done() else []
        waiting.cancel()
        if silent:
            stop.set()
        elif not stop.is_set():
            _welcome(demo, screen)
        await running
    if silent:
        raise CommandError(
            f"{', '.join(silent)} did not answer within {READY_LIMIT_S:.0f} s;"
            f" {demo.folder.root / LOG} says why"
        )


def _plans(demo: Demo) -> list[ChildPlan]:
    collector, console, _ = demo.sockets.addresses()
    sockets = Sockets(demo.sockets.collector, demo.sockets.console)
    site = demo.sockets.site.fileno()
    command = (
        *(sys.executable, "-m", "vigie.demo.site_process", "--supervised"),
        *("--listen-on", str(site), "--collector", collector.url, "--console", console.url),
    )
    return [
        ChildPlan(name="site", command=command, descriptors=(site,)),
        *child_plans(demo.config, demo.folder.root, sockets),
    ]


async def _silent_ones(sockets: DemoSockets) -> list[str]:
    """Wait until collector, console and site answer; the names of those that never did."""
    collector, console, site = sockets.addresses()
    asked = {
        "the collector": f"{collector.url}/health",
        "the console": f"{console.url}/sign-in",
        "the demo site": f"{site.url}/break-it/state",
    }
    async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
        answers = await asyncio.gather(*(_answers(client, url) for url in asked.values()))
    return [name for name, answered in zip(asked, answers, strict=True) if not answered]


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    """Whether `url` answered within READY_LIMIT_S."""
    try:
        async with asyncio.timeout(READY_LIMIT_S):
            while True:
                try:
                    if (await client.get(url)).status_code < 500:
                        return True
                except httpx.TransportError:
                    pass  # not yet
                await asyncio.sleep(_ASK_EVERY_S)
    except TimeoutError:
        return False


def _welcome(demo: Demo, screen: Console) -> None:
    _, console, site = demo.sockets.addresses()
    link = one_time_link(demo.folder.run, console.url, datetime.now(UTC))
    screen.print()
    for line in welcome_lines(demo.marker.plan.stories, link, console.url, site.url):
        screen.print(line, soft_wrap=True)


@contextmanager
def _bar(screen: Console) -> Iterator["_StagesShown"]:
    columns = (
        TextColumn("{task.description:<22}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen) as bar:
        yield _StagesShown(bar)


class _StagesShown:
    """A line for each stage of the generation."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks = {stage: bar.add_task(words, total=1.0) for stage, words in _STAGES.items()}

    def __call__(self, stage: Stage, share: float) -> None:
        self._bar.update(self._tasks[stage], completed=share)


def _same_length(held: HistoryPlan, asked: HistoryPlan) -> bool:
    return (held.check_days, held.session_days) == (asked.check_days, asked.session_days)


def _say_age(marker: Marker, now: datetime, screen: Console) -> None:
    days = demo_folder.days_old(marker, now)
    if days > 1:
        screen.print(
            f"The generated history ends {days:.0f} days ago; what lies between shows as not"
            " observed. For a new one: vigie demo --fresh",
            soft_wrap=True,
        )

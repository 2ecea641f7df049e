"""A console in this process, over a real store and journal, served by a real uvicorn."""

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from msgspec.structs import replace
from starlette.applications import Starlette

from probes.check import Checker
from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult, MonitorDefinition
from rum.records import Batch, Event, EventKind, Reason, Refusal
from store.database import Database, DatabaseLimits
from store.journal_writer import write_segments
from store.loader import Loader
from store.records import Record
from store.times import microseconds
from tests.support.waiting import wait_for
from vigie.console.access import one_time_link
from vigie.console.app import create_app
from vigie.console.context import ConsoleContext, utc_now
from vigie.folders import DataFolder
from vigie.keeper_status import KeeperStatus
from vigie.settings import JourneySettings, Settings, SiteSettings, StepSettings

SITE = SiteSettings(
    id="shop", name="The shop", key="shop-key", origins=("https://shop.test",), sample=1.0
)
MONITORS = (
    Monitor(id="front", name="Front page", url="http://shop.test/", interval_s=60),
    Monitor(id="pay", name="Payment <b>", url="http://shop.test/pay", interval_s=60),
)
JOURNEY = JourneySettings(
    id="order",
    site="shop",
    name="Place an order",
    owner="Checkout team",
    event="order_placed",
    monitors=("front", "pay"),
    steps=(
        StepSettings(name="Cart", page="/cart"),
        StepSettings(name="Checkout", page="/checkout"),
        StepSettings(name="Order placed", event="order_placed"),
    ),
)
SETTINGS = Settings(sites=(SITE,), monitors=MONITORS, journeys=(JOURNEY,))
DEFINITIONS_S_BEFORE = 60


class RunningConsole:
    """A served console, and how to give it records."""

    def __init__(self, folder: DataFolder, database: Database, base: str) -> None:
        self.folder = folder
        self.base = base
        self.database = database
        self._loader = Loader(database, folder.journal)
        self._writes = 0
        self._status = KeeperStatus(running=True, started=datetime.now(UTC))

    def keeper_status(self) -> KeeperStatus:
        return self._status

    def loaded_at(self, at: datetime) -> None:
        """As after a load that ended well then."""
        self._status = replace(self._status, last_load=at)

    def load(self, records: Iterable[Record]) -> None:
        """Write records to the journal, and load them."""
        self._writes += 1
        now = datetime.now(UTC)
        write_segments(
            self.folder.journal, f"test-{self._writes}", records, start_us=microseconds(now)
        )
        while self._loader.load_once(now).backlog_bytes:
            pass

    def link(self) -> str:
        return one_time_link(self.folder.run, self.base, datetime.now(UTC))

    def stranger(self) -> httpx.Client:
        return httpx.Client(base_url=self.base, trust_env=False, timeout=30)

    @contextmanager
    def reader(self) -> Iterator[httpx.Client]:
        """A client that signed in."""
        with self.stranger() as client:
            answer = client.get(self.link())
            assert answer.status_code == 303, answer.text
            yield client

    def program(self) -> httpx.Client:
        """A client with the token of programs."""
        token = (self.folder.run / "console-token").read_text("ascii").strip()
        client = self.stranger()
        client.headers["authorization"] = f"Bearer {token}"
        return client


@contextmanager
def running_console(
    root: Path,
    settings: Settings = SETTINGS,
    make_checker: Callable[[], Checker] = Checker,
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[RunningConsole]:
    folder = DataFolder(root)
    database = Database(folder.store, DatabaseLimits(memory_limit="500MB"))
    console = RunningConsole(folder, database, "")
    app = create_app(
        ConsoleContext(
            settings=settings,
            folder=folder,
            database=database,
            keeper_status=console.keeper_status,
            clock=clock,
            make_checker=make_checker,
        )
    )
    try:
        with served(app) as console.base:
            yield console
    finally:
        database.close()


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The address of a console on a port of its own."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started, "the console to listen")
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()


def history(now: datetime, *, sessions: int = 120, days: int = 2) -> list[Record]:
    """Sessions at three levels with a funnel each level passes less well, checks every minute of
    two monitors, of which `pay` is down since 10 minutes, and a few refusals."""
    chance = random.Random(7)
    start = now - timedelta(days=days)
    records: list[Record] = []
    for level, passes in (("novice", 0.4), ("confirmed", 0.7), ("expert", 0.9)):
        for number in range(sessions):
            at = start + (now - start) * (0.05 + 0.9 * number / sessions)
            records.append(visit(f"{chance.getrandbits(128):032x}", at, level, chance, passes))
    for monitor in MONITORS:
        records.append(
            MonitorDefinition(
                monitor=monitor,
                from_us=microseconds(start - timedelta(seconds=DEFINITIONS_S_BEFORE)),
                location="local",
            )
        )
        for minute in range(days * 24 * 60):
            at = now - timedelta(seconds=5) - timedelta(minutes=minute)
            down = monitor.id == "pay" and minute < 10
            records.append(check(monitor.id, at, Outcome.WRONG_STATUS if down else Outcome.OK))
    records += [
        refusal(now - timedelta(minutes=5), Reason.ORIGIN_NOT_ALLOWED, "https://elsewhere.test"),
        refusal(now - timedelta(hours=5), Reason.MALFORMED, ""),
    ]
    return records


def visit(
    session: str, at: datetime, level: str, chance: random.Random, passes: float = 1.0
) -> Batch:
    """A session of one batch: cart, checkout, and the order as often as `passes` says."""
    seen: list[tuple[EventKind, str, str]] = [(EventKind.VIEW, "/cart", "")]
    if chance.random() < passes:
        seen.append((EventKind.VIEW, "/checkout", ""))
        if chance.random() < passes:
            seen.append((EventKind.EVENT, "/checkout", "order_placed"))
    events: list[Event] = []
    for position, (kind, page, name) in enumerate(seen):
        when = microseconds(at + timedelta(seconds=20 * position))
        events.append(
            Event(
                position=len(events),
                kind=kind,
                time_us=when,
                client_us=when,
                view=position + 1,
                page=page,
                path=page,
                name=name,
            )
        )
        if kind is EventKind.VIEW:
            events.append(vitals(len(events), when + 5_000_000, position + 1, page, chance))
    return Batch(
        site="shop",
        session=session,
        batch=chance.getrandbits(32) << 20,
        received_us=microseconds(at + timedelta(seconds=60)),
        sent_us=microseconds(at + timedelta(seconds=60)),
        events=tuple(events),
        level=level,
        device=chance.choice(("desktop", "phone")),
    )


def vitals(position: int, time_us: int, view: int, page: str, chance: random.Random) -> Event:
    return Event(
        position=position,
        kind=EventKind.VITALS,
        time_us=time_us,
        client_us=time_us,
        view=view,
        page=page,
        lcp_ms=chance.uniform(900, 4500),
        inp_ms=chance.uniform(40, 320),
        cls=chance.uniform(0, 0.2),
        fcp_ms=chance.uniform(500, 2500),
        ttfb_ms=chance.uniform(80, 900),
    )


def check(monitor: str, at: datetime, outcome: Outcome) -> CheckResult:
    good = outcome is Outcome.OK
    return CheckResult(
        monitor=monitor,
        location="local",
        due_us=microseconds(at),
        started_us=microseconds(at),
        outcome=outcome,
        interval_ms=60_000,
        timeout_ms=10_000,
        detail="" if good else "503, expected 200-299",
        status=200 if good else 503,
        dns_ms=1.0,
        connect_ms=2.0,
        wait_ms=30.0,
        transfer_ms=3.0,
        total_ms=36.0,
    )


def refusal(at: datetime, reason: Reason, origin: str) -> Refusal:
    return Refusal(
        received_us=microseconds(at),
        reason=reason,
        site="shop",
        count=3,
        detail="<script>alert(1)</script>",
        part='{"v":1',
        origin=origin,
    )

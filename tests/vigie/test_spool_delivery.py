"""A spool is delivered in order, through a way that loses answers, and stored exactly once."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from probes.delivery import Delivery
from probes.outcome import Outcome
from probes.result import CheckResult
from store.admission import PROGRESS_FILE
from store.database import Database
from store.journal_reader import segments
from store.journal_writer import JournalWriter
from store.loader import Loader
from tests.support.distance import doors
from tests.support.stored import NOON, load_all
from tests.support.way import way_to
from vigie.distant.link import Fault, Link
from vigie.distant.sender import Sender
from vigie.distant.spool import Spool
from vigie.distant.tokens import new_location_token, token_sha256
from vigie.settings import LocationSettings, Settings

TOKEN = new_location_token()
SETTINGS = Settings(locations=(LocationSettings(name="paris", token_sha256=token_sha256(TOKEN)),))
SECRET = b"location" * 4


def result(number: int, **more: object) -> CheckResult:
    return replace(
        CheckResult(
            monitor="home",
            location="paris",
            due_us=number * 1_000_000,
            started_us=number * 1_000_000,
            outcome=Outcome.WRONG_CONTENT,
            interval_ms=1000,
            timeout_ms=500,
            detail="x" * 100,
        ),
        **more,
    )


async def written(folder: Path, numbers: range, segment_bytes_max: int = 1_000_000) -> None:
    """Results in a spool as a prober that then ended left it."""
    writer = JournalWriter(folder, "probe", segment_bytes_max=segment_bytes_max)
    try:
        for number in numbers:
            await writer.write(result(number))
    finally:
        writer.close()


def dues(journal: Path, database_folder: Path) -> list[int]:
    """Seconds of every row that the collector's journal makes in a store."""
    database = Database(database_folder)
    load_all(Loader(database, journal), NOON)
    rows = database.cursor().execute("SELECT epoch_us(due) / 1e6 FROM checks").fetchall()
    database.close()
    return [round(number) for (number,) in rows]


def run_with_link(to: str, scenario: Callable[[Link], object]) -> None:
    async def main() -> None:
        link = Link(to, "paris", TOKEN)
        try:
            await scenario(link)  # type: ignore[misc]
        finally:
            await link.close()

    asyncio.run(main())


def test_answers_lost_on_the_way_and_a_forgotten_cursor_store_nothing_twice(
    tmp_path: Path,
) -> None:
    spool = tmp_path / "spool"
    order = random.Random(7)

    with doors(tmp_path, SETTINGS) as opened, way_to(urlsplit(opened.base).port or 0) as way:

        async def scenario(link: Link) -> None:
            for first in range(0, 600, 100):
                # A new prober each time, as after a kill -9; small segments, small deliveries.
                await written(spool, range(first, first + 100), segment_bytes_max=4_000)
                if first in (200, 400):
                    (spool / PROGRESS_FILE).unlink()
                sender = Sender(Spool(spool, "paris", SECRET), link)
                sender._bytes_max = 3_000
                way.deaf = True
                for _ in range(order.randint(1, 3)):
                    assert await sender.deliver_all() is not None
                way.deaf = False
                sender._bytes_max = order.choice((2_000, 5_000))
                assert await sender.deliver_all() is None

        run_with_link(way.url, scenario)
        assert way.lost >= 6
        deliveries = [each for each in opened.records() if isinstance(each, Delivery)]
    sent = [record.due_us for each in deliveries for record in each.records]  # type: ignore[union-attr]
    assert len(sent) > 600, "nothing was ever sent twice"
    assert dues(opened.journal, tmp_path / "store") == list(range(600)), "in order, each once"
    assert len(segments(spool)) <= 1, "what is delivered does not stay"


def test_what_was_cut_off_or_damaged_is_passed_over(tmp_path: Path) -> None:
    spool = tmp_path / "spool"

    async def scenario(link: Link) -> None:
        await written(spool, range(5))
        first = segments(spool)[0].path
        whole = first.read_bytes()
        first.write_bytes(whole[:-7])
        await written(spool, range(5, 10))
        second = segments(spool)[1].path
        damaged = bytearray(second.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        second.write_bytes(damaged)
        await written(spool, range(10, 15))
        assert await Sender(Spool(spool, "paris", SECRET), link).deliver_all() is None

    with doors(tmp_path, SETTINGS) as opened:
        run_with_link(opened.base, scenario)
    found = dues(opened.journal, tmp_path / "store")
    assert found == [number for number in range(15) if number not in (4, 7)]


def test_a_result_half_written_is_waited_for(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    asyncio.run(written(spool, range(2)))
    path = segments(spool)[0].path
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    reader = Spool(spool, "paris", SECRET)
    piece = reader.next()
    assert piece is not None
    assert piece.delivery is not None
    assert len(piece.delivery.records) == 1
    reader.delivered(piece)
    assert reader.next() is None
    path.write_bytes(whole)
    after = reader.next()
    assert after is not None
    assert after.delivery is not None
    assert after.delivery.positions == (len(whole),)


def test_a_delivery_too_large_is_halved(tmp_path: Path) -> None:
    spool = tmp_path / "spool"

    async def scenario(link: Link) -> None:
        writer = JournalWriter(spool, "probe")
        for number in range(20):
            await writer.write(result(number, detail="x" * 100_000))
        writer.close()
        sender = Sender(Spool(spool, "paris", SECRET), link)
        sender._bytes_max = 4_000_000
        assert await sender.deliver_all() is None

    with doors(tmp_path, SETTINGS) as opened:
        run_with_link(opened.base, scenario)
    assert dues(opened.journal, tmp_path / "store") == list(range(20))


def test_the_clock_is_measured_and_times_are_corrected(tmp_path: Path) -> None:
    spool = tmp_path / "spool"

    async def scenario(link: Link) -> None:
        assert link.clock() is None
        await link.monitors("")
        measured = link.clock()
        assert measured is not None
        assert abs(measured.offset_us - 3600_000_000) <= measured.error_us
        await written(spool, range(3))
        assert await Sender(Spool(spool, "paris", SECRET), link).deliver_all() is None

    with doors(tmp_path, SETTINGS) as opened:
        opened.clock_ahead_us = 3600_000_000
        run_with_link(opened.base, scenario)
    assert dues(opened.journal, tmp_path / "store") == [3600, 3601, 3602]


def test_every_way_a_collector_may_fail_has_its_name(tmp_path: Path) -> None:
    async def scenario(link: Link) -> None:
        problem = await link.monitors("")
        assert problem.fault is expected, problem  # type: ignore[union-attr]

    with doors(tmp_path, Settings()) as opened:
        expected = Fault.REFUSED
        run_with_link(opened.base, scenario)
        expected = Fault.WRONG
        run_with_link(f"{opened.base}/elsewhere", scenario)
        gone = opened.base
    expected = Fault.DOWN
    run_with_link(gone, scenario)

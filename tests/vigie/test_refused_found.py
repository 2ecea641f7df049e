"""What was refused is found again, with its reason and part: in report, command and page."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console as Terminal

from analytics.question import Window
from analytics.reports.refused import LATEST_MAX, RefusedFilter, RefusedReport, refused
from rum.records import Reason, Refusal
from store.times import microseconds
from tests.support.console import SETTINGS, RunningConsole, running_console
from vigie.commands.refused import told
from vigie.folders import Address
from vigie.report_source import ask

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = NOW.replace(minute=0, second=0) - timedelta(hours=2)
WINDOW = Window(NOW - timedelta(days=7), NOW)


def one(
    at: datetime, reason: Reason, site: str, detail: str = "", part: str = "", count: int = 1
) -> Refusal:
    return Refusal(
        received_us=microseconds(at),
        reason=reason,
        site=site,
        detail=detail,
        part=part,
        count=count,
        origin="https://shop.test" if detail else "",
    )


RECORDS = [
    *(
        one(HOUR + timedelta(seconds=n), Reason.INVALID_CHUNK, "shop", f"chunk {n}", f'{{"n":{n}')
        for n in range(LATEST_MAX + 5)
    ),
    one(HOUR + timedelta(hours=1), Reason.TOO_MANY_BEACONS, "shop", "more beacons than", "{"),
    one(HOUR + timedelta(hours=1, seconds=9), Reason.TOO_MANY_BEACONS, "shop", count=900),
    one(HOUR - timedelta(hours=3), Reason.MALFORMED, "", "not JSON", "<b>nonsense</b>"),
]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with running_console(tmp_path_factory.mktemp("refused"), SETTINGS) as running:
        running.load(RECORDS)
        yield running


def test_the_report_counts_by_reason_and_site_and_hour(console: RunningConsole) -> None:
    with console.database.snapshot() as snapshot:
        report = refused(snapshot, WINDOW)
    counted = {(row.reason, row.site): (row.count, row.only_counted) for row in report.rows}
    assert counted == {
        ("too_many_beacons", "shop"): (901, 900),
        ("invalid_chunk", "shop"): (LATEST_MAX + 5, 0),
        ("malformed", ""): (1, 0),
    }
    hours = [(each.hour, each.reason, each.site, each.count) for each in report.hours]
    assert hours == [
        (HOUR + timedelta(hours=1), "too_many_beacons", "shop", 901),
        (HOUR, "invalid_chunk", "shop", LATEST_MAX + 5),
        (HOUR - timedelta(hours=3), "malformed", "", 1),
    ]
    assert sum(each.count for each in report.hours) == report.total == 901 + LATEST_MAX + 6


def test_every_single_one_kept_is_on_exactly_one_page(console: RunningConsole) -> None:
    pages = []
    for after in (0, LATEST_MAX):
        with console.database.snapshot() as snapshot:
            pages.append(refused(snapshot, WINDOW, after=after))
    assert [page.more for page in pages] == [True, False]
    found = [(each.received, each.detail, each.part) for page in pages for each in page.latest]
    kept = [each for each in RECORDS if each.detail]
    assert len(found) == len(set(found)) == len(kept)
    assert {part for _, _, part in found} == {each.part for each in kept}


def test_a_site_and_a_reason_narrow_all_of_it(console: RunningConsole) -> None:
    asked = RefusedFilter(site="", reason="malformed")
    with console.database.snapshot() as snapshot:
        report = refused(snapshot, WINDOW, asked)
        none = refused(snapshot, WINDOW, RefusedFilter(site="", reason="too_old"))
    assert [row.reason for row in report.rows] == ["malformed"]
    assert [(each.site, each.part) for each in report.latest] == [("", "<b>nonsense</b>")]
    assert len(report.hours) == 1
    assert (none.rows, none.hours, none.latest) == ((), (), ())


def test_the_command_tells_of_counts_hours_and_parts(
    console: RunningConsole, tmp_path: Path
) -> None:
    host, port = console.base.removeprefix("http://").split(":")
    console.folder.record_address("console", Address(host, int(port)))
    asked = {"days": "7", "reason": "too_many_beacons"}
    answer = ask("refused", asked, "json", console.folder.root, tmp_path / "none.toml")
    report = msgspec.json.decode(answer, type=RefusedReport)
    terminal = Terminal(width=160, record=True, file=StringIO(), highlight=False)
    terminal.print(told(report))
    text = terminal.export_text()
    assert "901 in all, 900 of them only counted" in text
    assert f"{HOUR + timedelta(hours=1):%H:%M}" in text
    assert "too_many_beacons of shop, from https://shop.test: more beacons than" in text


def test_the_page_shows_them_and_narrows_by_site_and_reason(console: RunningConsole) -> None:
    with console.reader() as reader:
        data = reader.get("/data").text
        assert "900 only counted" in data
        assert "/data/refused?of=shop&amp;reason=too_many_beacons#single" in data
        page = reader.get("/data/refused", params={"of": "-", "reason": "malformed"}).text
        assert "&lt;b&gt;nonsense&lt;/b&gt;" in page
        assert "<b>nonsense" not in page
        assert "chunk 1" not in page
        older = reader.get("/data/refused", params={"after": str(LATEST_MAX)}).text
        assert 'rel="prev"' in older
        assert 'rel="next"' not in older
        assert reader.get("/data/refused", params={"reason": "nothing"}).status_code == 400
        assert reader.get("/data/refused", params={"of": "nobody"}).status_code == 400

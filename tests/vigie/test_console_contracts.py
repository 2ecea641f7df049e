"""Contracts in the console, the API and on a terminal: what is promised, what is left, and why."""

import html
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from analytics.reports.contract_types import ContractReport, ContractState, Month, month_of
from probes.outcome import Outcome
from store.records import Record
from tests.support.console import (
    JOURNEY,
    MONITORS,
    SITE,
    RunningConsole,
    check,
    running_console,
    visit,
)
from vigie.report_tables import contract_lines
from vigie.settings import ContractSettings, CreditSettings, Settings

NOW = datetime.now(UTC)
RUNNING = month_of(NOW, "UTC")
BEFORE = RUNNING.moved(-1)
SETTINGS = Settings(
    sites=(SITE,),
    monitors=(
        msgspec.structs.replace(MONITORS[0], target=99.5),
        MONITORS[1],
        msgspec.structs.replace(MONITORS[1], id="always", name="Always", target=100.0),
    ),
    journeys=(JOURNEY,),
    contracts=(
        ContractSettings(
            id="sla",
            name="Shop <SLA>",
            target=99.9,
            monitors=("front", "pay"),
            credits=(CreditSettings(below=99.9, credit=10), CreditSettings(below=99.0, credit=25)),
        ),
    ),
)


def month_before() -> Iterator[Record]:
    """Two days in the middle of the month before; `pay` was down from noon for 47 minutes."""
    start = BEFORE.window("UTC").start + timedelta(days=10)
    for minute in range(2 * 1440):
        at = start + timedelta(minutes=minute)
        yield check("front", at, Outcome.OK)
        down = 720 <= minute < 767
        yield check("pay", at, Outcome.WRONG_STATUS if down else Outcome.OK)
    yield check("front", NOW, Outcome.OK)
    yield visit("0" * 31 + "1", NOW - timedelta(minutes=1), "novice", random.Random(1))


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    root: Path = tmp_path_factory.mktemp("contracts")
    with running_console(root, SETTINGS) as console:
        console.load(month_before())
        yield console


def words(page: str) -> str:
    """A page's text, on one line, its narrow spaces as plain ones."""
    text = html.unescape(re.sub(r"<[^>]*>", " ", page)).replace("\u202f", " ")
    return re.sub(r"\s+", " ", text)


def page(console: RunningConsole, path: str) -> str:
    with console.reader() as reader:
        answer = reader.get(path)
    assert answer.status_code == 200, answer.text
    return words(answer.text)


def test_a_broken_month_says_what_counted_and_what_is_claimable(console: RunningConsole) -> None:
    text = page(console, f"/contracts/sla?month={BEFORE}")
    length = BEFORE.window("UTC")
    over = 47 * 60 - 0.001 * (length.end - length.start).total_seconds()
    assert f"Broken: {int(over // 60)} min {int(over % 60)} s over budget" in text
    assert "Shop <SLA>, " in text
    assert "down while any of its 2 monitors is" in text
    assert "Claimable: 10 % of the month's fee, being up for less than 99.9 %." in text
    assert "Wrong status 503, expected 200-299" in text
    assert "between 46 min and" in text, "the bounds hold what was not observed"
    assert "Made by Vigie on" in text


def test_the_running_month_says_what_is_left_everywhere(console: RunningConsole) -> None:
    length = RUNNING.window("UTC")
    left = round(0.001 * (length.end - length.start).total_seconds(), 3)
    said = f"{int(left // 60)} min {int(left % 60)} s left this month"
    for path in ("/", "/contracts", "/contracts/sla", "/monitors/front"):
        assert said in page(console, path), path
    pay = page(console, "/monitors/pay")
    assert "Shop <SLA> 99.9 %" in pay
    assert "99.5 %" not in pay, "what another monitor promises alone"


def test_a_month_without_data_is_neither_kept_nor_broken(console: RunningConsole) -> None:
    text = page(console, f"/contracts/sla?month={RUNNING.moved(-3)}")
    assert "Nothing was observed in this month, so it was neither kept nor broken." in text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (
            "/contracts/none",
            404,
            "There is no contract 'none'. Give contract=ID, one of: sla, front",
        ),
        ("/contracts/sla?month=soon", 404, "month=soon cannot be used. Give it as "),
        (f"/contracts/sla?month={RUNNING.moved(1)}", 404, "cannot be used. Give it as "),
        (f"/contracts/sla?month={RUNNING.moved(-14)}", 404, "at most 13 months back"),
    ],
)
def test_what_cannot_be_shown_is_said(
    console: RunningConsole, path: str, status: int, said: str
) -> None:
    with console.reader() as reader:
        answer = reader.get(path)
    assert answer.status_code == status
    assert said in words(answer.text)


def test_the_api_gives_the_same_month_and_a_terminal_can_say_it(console: RunningConsole) -> None:
    with console.program() as program:
        answer = program.get(f"/api/v1/reports/contract?contract=sla&month={BEFORE}")
        csv = program.get(f"/api/v1/reports/contract?contract=sla&month={BEFORE}&format=csv")
        refused = program.get("/api/v1/reports/contract?contract=sla&days=3")
    report = msgspec.json.decode(answer.content, type=ContractReport)
    assert (report.state, report.down_s, len(report.incidents)) == (ContractState.BROKEN, 2820, 1)
    assert "sla," in csv.text.splitlines()[1]
    assert refused.status_code == 400
    assert "takes no parameter" in refused.text
    head, budget, verdict, claim = contract_lines(report)
    assert head.startswith(f"Shop <SLA>: 99.9 % of {BEFORE} (UTC), down while any of its 2")
    assert "over budget; down 47" in budget.replace("\N{NO-BREAK SPACE}", " ")
    assert verdict == "Broken"
    assert claim == "claimable: 10 % (below 99.9 %)"


def test_all_time_can_be_promised_and_leaves_no_budget(console: RunningConsole) -> None:
    assert "No data this month" in page(console, "/contracts")
    assert "Nothing was observed" in page(console, "/contracts/always")
    assert "100 %" in page(console, "/monitors/always")


def test_without_a_contract_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    with running_console(tmp_path, Settings(sites=(SITE,), monitors=MONITORS)) as console:
        assert "[[contracts]]" in page(console, "/contracts")


def test_the_month_before_january_is_december() -> None:
    assert Month(2026, 1).moved(-1) == Month(2025, 12)

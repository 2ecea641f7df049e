"""A prober elsewhere follows the collector's list, and goes by the last one it knew without it."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from probes.delivery import Delivery
from probes.monitor import Monitor
from probes.result import CheckResult, MonitorDefinition
from tests.support.distance import Doors, doors, records
from tests.support.waiting import wait_for
from vigie.distant import remote
from vigie.distant.remote import run_remote
from vigie.distant.tokens import new_location_token, token_sha256
from vigie.folders import DataFolder
from vigie.settings import LocationSettings, Settings

TOKEN = new_location_token()


@pytest.fixture
def refusing() -> Iterator[str]:
    """An address nobody answers on: bound, never listening."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/"


def settings_of(url: str, *ids: str) -> Settings:
    return Settings(
        locations=(LocationSettings(name="paris", token_sha256=token_sha256(TOKEN)),),
        monitors=tuple(Monitor(id=each, url=url, interval_s=1, timeout_s=0.5) for each in ids),
    )


def run_until(to: str, folder: DataFolder, *steps: Callable[[], None]) -> None:
    """Run the prober while each step waits for what it waits for; then stop it."""

    async def main() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(run_remote("paris", to, TOKEN, folder, stop))
        for step in steps:
            await asyncio.to_thread(step)
        stop.set()
        await task

    asyncio.run(main())


def delivered(opened: Doors) -> list[CheckResult | MonitorDefinition]:
    return [
        record for each in opened.records() if isinstance(each, Delivery) for record in each.records
    ]


def test_the_list_is_followed_as_it_changes_and_kept_for_when_nobody_answers(
    tmp_path: Path, refusing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "REFRESH_S", 0.2)
    folder = DataFolder(tmp_path / "remote")
    with doors(tmp_path, settings_of(refusing, "a", "b")) as opened:

        def checked(*ids: str) -> Callable[[], None]:
            def wait() -> None:
                wait_for(
                    lambda: (
                        {e.monitor for e in delivered(opened) if isinstance(e, CheckResult)}
                        >= set(ids)
                    ),
                    f"results of {ids}",
                )

            return wait

        def change() -> None:
            before = opened.settings[-1]
            opened.settings.append(
                replace(before, monitors=settings_of(refusing, "b", "c").monitors)
            )

        run_until(opened.base, folder, checked("a", "b"), change, checked("c"))
        defined = [e for e in delivered(opened) if isinstance(e, MonitorDefinition)]
        gone = opened.base
    assert {each.monitor.id for each in defined if each.removed} == {"a"}
    assert [each.monitor.id for each in defined if not each.removed].count("b") == 1

    before = len(records(folder.journal))

    def checked_alone() -> None:
        wait_for(
            lambda: (
                {e.monitor for e in records(folder.journal)[before:] if isinstance(e, CheckResult)}
                == {"b", "c"}
            ),
            "results in the spool",
        )

    run_until(gone, folder, checked_alone)

"""An erasure that something keeps from its end is tried ever less often, and ends once it is away.

Each try may write the whole database anew.
"""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from store.database import Database
from store.erasure import ErasureRequest, Waiting
from store.erasure_receipts import ErasureReceipt
from tests.support.erasing import SECRET, fill
from tests.support.stored import NOON
from vigie.erasures import RETRY_S_MAX, Erasures, Stage, tombstones_of
from vigie.folders import DataFolder
from vigie.settings import Settings, SiteSettings

SETTINGS = Settings(sites=(SiteSettings(id="shop", key="k" * 16, origins=("*",)),))


def test_tries_become_rarer_and_the_last_one_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(SECRET.hex())
    gone = fill(tmp_path).of_anna()[0]
    folder = DataFolder(tmp_path)
    aside = folder.store / "damaged-2026-03-09T120000Z"
    aside.mkdir()
    (aside / "vigie.duckdb").write_bytes(gone.encode())
    database = Database(folder.store)
    tries: list[datetime] = []
    now = NOON

    def clock() -> datetime:
        return now

    erasures = Erasures(SETTINGS, folder, database, tombstones_of(folder), clock)
    run = erasures._eraser.run

    def counted(request: ErasureRequest, at: datetime) -> ErasureReceipt | Waiting:
        tries.append(at)
        return run(request, at)

    monkeypatch.setattr(erasures._eraser, "run", counted)
    receipt = erasures.ask("shop", session=gone).receipt
    for second in range(0, 60, 2):  # as the job does
        now = NOON + timedelta(seconds=second)
        erasures.run_waiting(now)
    assert [(at - NOON).total_seconds() for at in tries] == [0, 2, 6, 14, 30]
    assert "vigie repair set aside" in erasures.status(receipt).why
    (aside / "vigie.duckdb").unlink()
    now += timedelta(seconds=RETRY_S_MAX)
    erasures.run_waiting(now)
    assert erasures.status(receipt).stage is Stage.FINISHED
    database.close()

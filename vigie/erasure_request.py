"""How `vigie erase` has it done: by the running console, or by itself when none runs."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import msgspec

from store.database import (
    FILE_NAME,
    Database,
    DatabaseBusyError,
    DatabaseDamagedError,
    DatabaseLimits,
)
from store.migration import NewerDatabaseError
from vigie.erasures import Erasures, ErasureStatus, Stage, tombstones_of
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.report_source import TOKEN_FILE, said
from vigie.settings import Settings

POLL_S = 0.5
ANSWER_LIMIT_S = 30.0

Show = Callable[[str], None]
"""Given what is being waited for, "" while it is at work."""


def erase_by_console(
    folder: DataFolder, params: dict[str, str], limit_s: float, show: Show
) -> ErasureStatus | None:
    """Have the running console erase; its last word within the limit. None when none runs.

    Raises CommandError.
    """
    address = folder.addresses().get("console")
    token = folder.run / TOKEN_FILE
    if address is None or not token.exists():
        return None
    headers = {"authorization": f"Bearer {token.read_text('ascii').strip()}"}
    url = f"{address.url}/api/v1/erasures"
    with httpx.Client(headers=headers, timeout=ANSWER_LIMIT_S, trust_env=False) as client:
        try:
            answer = client.post(url, params=params)
            if answer.status_code != 202:
                raise CommandError(said(answer), code=2)
            status = msgspec.json.decode(answer.content, type=ErasureStatus)
            deadline = time.monotonic() + limit_s
            while status.stage is Stage.WAITING and time.monotonic() < deadline:
                show(status.why)
                time.sleep(POLL_S)
                answer = client.get(f"{url}/{status.receipt}")
                status = msgspec.json.decode(answer.content, type=ErasureStatus)
        except httpx.ConnectError:
            return None
        except (httpx.TransportError, msgspec.DecodeError) as error:
            raise CommandError(
                f"the console at {address.url} gave no answer ({error}); what it took down is done"
                " when it runs again"
            ) from error
    return status


def erase_by_itself(
    folder: DataFolder,
    settings: Settings,
    asked: dict[str, str],
    limit_s: float,
    show: Show,
) -> ErasureStatus:
    """Open the store and erase. Raises CommandError and ErasureProblem."""
    if not (folder.store / FILE_NAME).exists():
        raise CommandError(f"{folder.root} holds no store yet; start vigie serve first")
    try:
        database = Database(folder.store, DatabaseLimits())
    except (DatabaseBusyError, DatabaseDamagedError, NewerDatabaseError) as error:
        raise CommandError(str(error)) from error
    try:
        erasures = Erasures(
            settings, folder, database, tombstones_of(folder), lambda: datetime.now(UTC)
        )
        receipt = erasures.ask(**asked).receipt
        deadline = time.monotonic() + limit_s
        while True:
            erasures.run_waiting(datetime.now(UTC))
            status = erasures.status(receipt)
            if status.stage is not Stage.WAITING or time.monotonic() >= deadline:
                return status
            show(status.why)
            time.sleep(POLL_S)
    finally:
        database.close()

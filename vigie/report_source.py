"""Where `vigie report` has its answer from: the running console, or else the store itself."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

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
from store.rehearsal import MigrationFailedError
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.own_settings import OwnSettings
from vigie.reporting.catalogue import run_report, to_csv, to_json
from vigie.reporting.params import BadRequestError
from vigie.settings_file import load_settings

ANSWER_LIMIT_S = 120.0
TOKEN_FILE = "console-token"


class _Error(msgspec.Struct):
    what: str = ""
    right: str = ""
    detail: str = ""


class _ErrorAnswer(msgspec.Struct):
    error: _Error | str = ""


def ask(name: str, params: Mapping[str, str], style: str, data: Path, config: Path) -> str:
    """The report as text, `style` being "json" or "csv". Raises CommandError.

    DuckDB locks its file against every other process, so while a console runs it is asked; only
    without one is the file opened here.
    """
    if not data.is_dir():
        raise CommandError(f"there is no data folder {data}; name it with --data", code=2)
    folder = DataFolder(data)
    answer = ask_console(name, params, style, folder)
    return answer if answer is not None else _ask_store(name, params, style, folder, config)


def ask_console(name: str, params: Mapping[str, str], style: str, folder: DataFolder) -> str | None:
    """The running console's answer; None when none runs."""
    answer = _get(f"reports/{name}", {**params, "format": style}, folder)
    return None if answer is None else answer.text


def fetch_recording(session: str, folder: DataFolder) -> bytes:
    """The page that plays a session's recording, from the running console. Raises CommandError."""
    answer = _get(f"sessions/{quote(session, safe='')}/recording", {}, folder)
    if answer is None:
        raise CommandError("no console runs over this data folder: start it with vigie serve")
    return answer.content


def _get(path: str, params: Mapping[str, str], folder: DataFolder) -> httpx.Response | None:
    """The console's answer when it is a good one; None when none runs. Raises CommandError."""
    address = folder.addresses().get("console")
    token = folder.run / TOKEN_FILE
    if address is None or not token.exists():
        return None
    try:
        answer = httpx.get(
            f"{address.url}/api/v1/{path}",
            params=dict(params),
            headers={"authorization": f"Bearer {token.read_text('ascii').strip()}"},
            timeout=ANSWER_LIMIT_S,
            trust_env=False,
        )
    except httpx.ConnectError:
        return None
    except httpx.TransportError as error:
        raise CommandError(f"the console at {address.url} gave no answer: {error}") from error
    if answer.status_code != 200:
        raise CommandError(
            f"the console at {address.url} answered {answer.status_code}: {said(answer)}",
            code=2 if answer.status_code in (400, 404) else 1,
        )
    return answer


def _ask_store(
    name: str, params: Mapping[str, str], style: str, folder: DataFolder, config: Path
) -> str:
    if not (folder.store / FILE_NAME).exists():
        raise CommandError(f"{folder.root} holds no store yet; start vigie serve first")
    settings = OwnSettings(load_settings(config), folder).settings()
    limits = DatabaseLimits(
        memory_limit=settings.store.memory_limit,
        threads=settings.store.threads,
        temp_limit=settings.store.temp_limit,
    )
    try:
        database = Database(folder.store, limits)
    except (
        DatabaseBusyError,
        DatabaseDamagedError,
        MigrationFailedError,
        NewerDatabaseError,
    ) as error:
        raise CommandError(str(error)) from error
    try:
        with database.snapshot() as snapshot:
            report = run_report(name, params, settings, snapshot, datetime.now(UTC))
            return to_csv(report) if style == "csv" else to_json(report).decode()
    except BadRequestError as error:
        raise CommandError(str(error), code=2) from error
    finally:
        database.close()


def said(answer: httpx.Response) -> str:
    """The words of an error answer, whatever form they have."""
    try:
        error = msgspec.json.decode(answer.content, type=_ErrorAnswer).error
    except msgspec.DecodeError:
        return answer.text[:200]
    if isinstance(error, str):
        return error or answer.text[:200]
    return " ".join(part for part in (error.what or error.detail, error.right) if part)

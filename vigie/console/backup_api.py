"""Backups by the API: for `vigie backup`, which may not open the database while a console runs."""

from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vigie.backups import BackupStatus
from vigie.console import api
from vigie.console.console import console_of
from vigie.console.sign_in import is_program


def begin(request: Request) -> Response:
    """POST /api/v1/backup?folder=/mnt/second-disk&verify=1: 202, 409 while one is under way."""
    if not is_program(request):  # it writes where it is told to on this machine
        return api.refused(
            "A backup is begun by vigie backup only.", "Run it on this machine.", status=403
        )
    context = console_of(request).context
    folder = Path(request.query_params.get("folder", ""))
    if not folder.is_absolute():
        return api.refused(f"folder={folder} cannot be used.", "Give an absolute path.")
    if context.backups is None:
        return api.refused("This console makes no backups.", "Run vigie console.", status=409)
    verify = request.query_params.get("verify", "") == "1"
    if not context.backups.start(folder, context.clock, verify=verify):
        return api.refused("A backup is under way.", "Wait for its end.", status=409)
    return _status(context.backups.status(), 202)


def progress(request: Request) -> Response:
    """GET /api/v1/backup: how far it is."""
    backups = console_of(request).context.backups
    return _status(backups.status() if backups else BackupStatus(), 200)


def _status(status: BackupStatus, code: int) -> Response:
    return JSONResponse(msgspec.to_builtins(status), status_code=code)

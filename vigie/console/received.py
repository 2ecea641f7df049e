"""Whether a session's events are in the store: what `vigie check-site` asks after its beacon."""

import re
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from analytics.sql import query
from vigie.console.api import refused
from vigie.console.console import console_of

_SESSION = re.compile(r"[0-9a-f]{32}")


def received(request: Request) -> Response:
    """GET /api/v1/received?session=32 hex digits: how many events of it the hot days hold."""
    session = request.query_params.get("session", "")
    if not _SESSION.fullmatch(session):
        return refused("session is no session's id.", "Give its 32 lower-case hex digits.")
    with console_of(request).context.database.snapshot() as snapshot:
        ((events,),) = snapshot.rows(query("received"), {"session": UUID(session)})
    return JSONResponse({"events": events})

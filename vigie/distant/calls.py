"""`/heartbeat/v1/TOKEN`: the address a job calls when it is done. Journaled before the answer."""

import logging
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from probes.heartbeat import Call, Ping
from rum.body import drain
from store.journal_writer import JournalWriter
from vigie.distant.tokens import heartbeat_token
from vigie.settings import Settings

RETRY_AFTER_S = 5
SAME_CALL_US = 500_000
"""The same call within this of one that is durable adds nothing, and is only answered."""
_CALLS = {"": Call.DONE, "fail": Call.FAILED, "start": Call.STARTED}

log = logging.getLogger("vigie.collector")


class Calls:
    """Takes the calls of jobs; `settings` gives those of the moment."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        journal: JournalWriter,
        secret: bytes,
        clock_us: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._secret = secret
        self._clock_us = clock_us
        self._known: tuple[Settings, dict[str, str]] | None = None
        self._last: dict[tuple[str, Call], int] = {}

    async def respond(self, request: Request) -> Response:
        if request.method == "POST":
            await drain(request.receive)  # jobs post their output; nobody reads it yet
        monitor = self._monitors().get(request.path_params["token"])
        call = _CALLS.get(request.path_params.get("call", ""))
        if monitor is None:
            return PlainTextResponse("not found: no heartbeat monitor has this address\n", 404)
        if call is None:
            return PlainTextResponse("not found: call TOKEN, TOKEN/start or TOKEN/fail\n", 404)
        now_us = self._clock_us()
        if not 0 <= now_us - self._last.get((monitor, call), 0) < SAME_CALL_US:
            try:
                await self._journal.write(Ping(monitor=monitor, call=call, received_us=now_us))
            except OSError as error:
                log.error("a call of %s cannot be kept: %s", monitor, error)
                headers = {"retry-after": str(RETRY_AFTER_S)}
                return PlainTextResponse("unavailable: try again\n", 503, headers)
            self._last[(monitor, call)] = now_us
        return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})

    def _monitors(self) -> dict[str, str]:
        """The heartbeat monitors by their tokens."""
        settings = self._settings()
        if self._known is None or self._known[0] is not settings:
            by_token = {
                heartbeat_token(self._secret, monitor.id): monitor.id
                for monitor in settings.monitors
                if monitor.kind == "heartbeat"
            }
            self._known = (settings, by_token)
        return self._known[1]

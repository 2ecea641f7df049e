"""HTTP clients for checks: one a check, so that cookies live no longer than it does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from probes.core_transport import CoreTransport
from probes.monitor import Monitor
from probes.resolver import Resolver
from probes.transport import LeanTransport

HEADERS = {"User-Agent": "vigie-probe", "Connection": "close"}
IDLE_MAX = 100


class Clients:
    """Lends clients, and keeps those over the lean transport for the next check.

    Making one costs a tenth of a plain check; it holds no connection, only cookies, which are
    cleared.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._lean = LeanTransport(resolver)
        self._idle: list[httpx.AsyncClient] = []

    @asynccontextmanager
    async def of(self, monitor: Monitor) -> AsyncIterator[httpx.AsyncClient]:
        """A client without cookies that asks as this monitor wants."""
        if monitor.http_version != "1.1" or monitor.proxy:
            http2 = monitor.http_version == "2"
            transport = CoreTransport(self._resolver, http2=http2, proxy=monitor.proxy)
            async with _client(transport) as client:
                yield client
            return
        client = self._idle.pop() if self._idle else _client(self._lean)
        try:
            yield client
        finally:
            client.cookies.clear()
            if len(self._idle) < IDLE_MAX:
                self._idle.append(client)


def _client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=transport, trust_env=False, headers=HEADERS, timeout=None)

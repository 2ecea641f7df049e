"""How uvicorn is to run the collector."""

from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rum.body import DRAIN_BYTES_MAX
from rum.limits import Limits
from rum.quick_protocol import QuickProtocol, QuickRoute, Senders

CHUNKED_OVERHEAD = 8
"""A body sent a byte a chunk takes six times its size."""


def server_config(
    app: ASGIApp,
    limits: Limits,
    *,
    host: str,
    port: int,
    quick: QuickRoute | None = None,
    **more: Any,
) -> uvicorn.Config:
    """The collector's uvicorn configuration; `more` goes to uvicorn.Config as it is."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=guarded_protocol(limits, quick),
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would take the left-most address: the client's own word
        limit_concurrency=limits.connections_max,
        timeout_graceful_shutdown=15,
        **more,
    )


def guarded_protocol(limits: Limits, quick: QuickRoute | None = None) -> type[HttpToolsProtocol]:
    """uvicorn's HTTP protocol, which also gives up on slow and on endless headers, and has a
    quicker way for one route."""

    class Guarded(QuickProtocol):
        headers_timeout_s = limits.headers_timeout_s
        message_bytes_max = CHUNKED_OVERHEAD * limits.body_bytes_max + 2 * DRAIN_BYTES_MAX
        senders = None if quick is None else Senders(quick)

    return Guarded

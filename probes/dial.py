"""Connections: one fresh one a check, each address given its chance, TLS timed apart."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import certifi

from probes.failure import connect_failure, handshake_failure

P = TypeVar("P", bound=asyncio.Protocol)

NEXT_ADDRESS_AFTER_S = 0.25
"""How long an address may stay silent before the next is tried beside it (RFC 8305, section 5)."""

HANDSHAKE_S_MAX = 3600.0
"""Only so that asyncio sets no limit of its own: the check's deadline is the one that counts."""


class Connected(Generic[P]):
    """An open transport and what reads from it."""

    __slots__ = ("address", "exchange", "transport")

    def __init__(self, transport: asyncio.Transport, exchange: P, address: str) -> None:
        self.transport = transport
        self.exchange = exchange
        self.address = address

    def certificate(self) -> bytes:
        """The one the server showed, as DER; empty without TLS."""
        secured = self.transport.get_extra_info("ssl_object")
        return secured.getpeercert(binary_form=True) or b"" if secured is not None else b""


def client_context() -> ssl.SSLContext:
    """The one context of all checks: building one takes 20 ms, sharing it 0.04 ms.

    Trusts what the system trusts, a company's own authority included; certifi's list where the
    system has none, as in a bare container.
    """
    context = ssl.create_default_context()
    if context.cert_store_stats()["x509_ca"] == 0:
        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


def unverified_context() -> ssl.SSLContext:
    """Takes any certificate: for looking at one that was refused, and where a monitor says so."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


async def connect(addresses: Sequence[str], port: int, reader: Callable[[], P]) -> Connected[P]:
    """Connect to the first address that answers, trying them in order.

    The next one is tried when the one before has failed or been silent for a quarter of a second,
    so a broken IPv6 does not hide a good IPv4. Raises CheckFailedError when all have failed.
    """
    if len(addresses) == 1:
        try:
            return await _connect_one(addresses[0], port, reader)
        except OSError as error:
            raise connect_failure([(_shown(addresses[0], port), error)]) from None
    return await _race(addresses, port, reader)


async def start_tls(connected: Connected[P], context: ssl.SSLContext, host: str) -> None:
    """Shake hands on an open connection; closes it and raises CheckFailedError when that fails."""
    plain = connected.transport
    loop = asyncio.get_running_loop()
    try:
        secured = await loop.start_tls(
            plain,
            connected.exchange,
            context,
            server_hostname=host,
            ssl_handshake_timeout=HANDSHAKE_S_MAX,
        )
    except OSError as error:
        plain.abort()
        raise handshake_failure(error, host) from None
    except BaseException:
        plain.abort()
        raise
    if secured is None:
        # The peer closed just as the handshake ended; asyncio then has no transport to give.
        plain.abort()
        raise handshake_failure(ConnectionResetError(), host)
    connected.transport = secured


async def _connect_one(address: str, port: int, reader: Callable[[], P]) -> Connected[P]:
    loop = asyncio.get_running_loop()
    transport, exchange = await loop.create_connection(reader, address, port)
    return Connected(transport, exchange, address)


async def _race(addresses: Sequence[str], port: int, reader: Callable[[], P]) -> Connected[P]:
    waiting = list(addresses)
    running: dict[asyncio.Task[Connected[P]], str] = {}
    failed: list[tuple[str, OSError]] = []
    winner: asyncio.Task[Connected[P]] | None = None
    try:
        while waiting or running:
            if waiting:
                address = waiting.pop(0)
                running[asyncio.create_task(_connect_one(address, port, reader))] = address
            done, _ = await asyncio.wait(
                running,
                timeout=NEXT_ADDRESS_AFTER_S if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                error = task.exception()
                if error is None:
                    winner = task
                    return task.result()
                if not isinstance(error, OSError):
                    raise error
                failed.append((_shown(running.pop(task), port), error))
        raise connect_failure(failed)
    finally:
        await _abandon([task for task in running if task is not winner])


async def _abandon(tasks: Sequence[asyncio.Task[Connected[P]]]) -> None:
    """End the attempts that lost, those that connected in the same instant included."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            (await task).transport.abort()


def _shown(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"

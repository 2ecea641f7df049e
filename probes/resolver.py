"""Names to addresses, in threads of our own: asyncio's default pool makes slow names delay others.

asyncio resolves in its default executor: with 6 threads, 60 checks of names that take 1 s to
resolve took 10.1 s; with 64 threads, 1.2 s.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from ipaddress import ip_address
from time import perf_counter
from typing import Any

from probes.failure import CheckFailedError, resolve_failure
from probes.outcome import Outcome
from probes.stopwatch import Phase, Stopwatch

GetAddrInfo = Callable[..., list[Any]]
"""As `socket.getaddrinfo`."""

ADDRESSES_MAX = 8
"""Tried for one name; more would only be a slower way to fail."""


class Resolver:
    """Looks names up afresh for every check: what is cached is the operating system's affair."""

    def __init__(self, threads: int, getaddrinfo: GetAddrInfo = socket.getaddrinfo) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="resolver")
        self._getaddrinfo = getaddrinfo

    async def resolve(
        self, host: str, port: int, watch: Stopwatch, family: str = "any"
    ) -> list[str]:
        """The addresses of `host` in this family ("any", "ipv4", "ipv6"), in the order to try them.

        An address stands for itself and has no DNS phase. Time spent waiting for one of our
        threads is no part of it. Raises CheckFailedError.
        """
        wanted = _VERSIONS.get(family)
        if (version := _address_version(host)) is not None:
            if wanted is not None and version != wanted:
                raise CheckFailedError(
                    Outcome.DNS_FAILURE, f"{host} is no {_WORDS[family]} address"
                )
            return [host]
        lookup = _Lookup(self._getaddrinfo, host, port, wanted)
        loop = asyncio.get_running_loop()
        try:
            addresses = await loop.run_in_executor(self._pool, lookup)
        except (OSError, UnicodeError) as error:
            raise resolve_failure(host, error) from None
        finally:
            lookup.hand_over(watch)
        if not addresses:
            kind = f"{_WORDS[family]} address" if family in _WORDS else "address"
            raise CheckFailedError(Outcome.DNS_FAILURE, f"name {host!r} has no {kind}")
        return addresses

    def close(self) -> None:
        """Take no more work. A lookup under way ends by itself: nothing can cancel it."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Lookup:
    """One call of getaddrinfo in a thread, timed there."""

    def __init__(self, getaddrinfo: GetAddrInfo, host: str, port: int, version: int | None) -> None:
        self._version = version
        self._getaddrinfo = getaddrinfo
        self._host = host
        self._port = port
        self._asked_s = perf_counter()
        self._began_s: float | None = None
        self._ended_s: float | None = None

    def __call__(self) -> list[str]:
        self._began_s = perf_counter()
        try:
            found = self._getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        finally:
            self._ended_s = perf_counter()
        addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
        if self._version is None:
            return list(addresses)[:ADDRESSES_MAX]
        return [each for each in addresses if _address_version(each) == self._version][
            :ADDRESSES_MAX
        ]

    def hand_over(self, watch: Stopwatch) -> None:
        """Give the watch the DNS phase, ended or cut short, and excuse the wait for a thread."""
        now_s = perf_counter()
        if self._began_s is None:
            watch.excuse(now_s - self._asked_s)
            return
        watch.excuse(self._began_s - self._asked_s)
        watch.record(Phase.DNS, (self._ended_s or now_s) - self._began_s)


@lru_cache(maxsize=4096)
def _address_version(host: str) -> int | None:
    """4 or 6, or None for what is no address."""
    try:
        return ip_address(host).version
    except ValueError:
        return None


_VERSIONS = {"ipv4": 4, "ipv6": 6}
_WORDS = {"ipv4": "IPv4", "ipv6": "IPv6"}

"""The request under way: what is known of it, whatever becomes of it."""

import ssl
from collections.abc import Sequence

from probes.exchange import Exchange
from probes.stopwatch import Phase, Stopwatch
from probes.targets import allowed


class Hop:
    """Carried by every request of a check; starts afresh with each redirect and step.

    `family`, `guarded` and `context` are the monitor's and hold for all hops.
    """

    __slots__ = (
        *("address", "certificate", "context", "exchange", "family", "guarded", "host", "port"),
        "watch",
    )

    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch
        self.family = "any"
        self.guarded = False
        self.context: ssl.SSLContext | None = None
        self.start("", 0)

    def start(self, host: str, port: int) -> None:
        self.watch.next_hop()
        self.host = host
        self.port = port
        self.address = ""
        self.certificate = b""
        """As the server showed it, in DER."""
        self.exchange: Exchange | None = None

    def permitted(self, addresses: Sequence[str]) -> Sequence[str]:
        """Those it may connect to. Raises CheckFailedError when there are none."""
        self.address = addresses[0]
        if not self.guarded:
            return addresses
        good = allowed(addresses)
        self.address = good[0]
        return good

    def progress(self) -> str:
        """How far the answer has come, in words."""
        if self.exchange is not None:
            return self.exchange.progress
        return "a part of the answer" if self.watch.phase is Phase.TRANSFER else "no answer"

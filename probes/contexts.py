"""TLS contexts, each made once: building one takes 20 ms, sharing it 0.04 ms."""

import ssl
from collections.abc import Callable
from pathlib import Path

from probes.dial import client_context, unverified_context
from probes.failure import CheckFailedError
from probes.monitor import Monitor
from probes.outcome import Outcome

CONTEXTS_MAX = 256

_Key = tuple[bool, bool, bool, str, str, int]


class Contexts:
    """The context for each monitor: by whether it verifies, what it speaks, and who it shows.

    `make` builds one that verifies; `plain` is the one of the common case, when there is one
    already.
    """

    def __init__(
        self,
        plain: ssl.SSLContext | None = None,
        make: Callable[[], ssl.SSLContext] = client_context,
    ) -> None:
        self._plain = plain or make()
        self._make = make
        self._made: dict[_Key, ssl.SSLContext] = {}

    def of(self, monitor: Monitor) -> ssl.SSLContext:
        """Raises CheckFailedError with `internal_error` for a client certificate that cannot be
        read: that is our own fault."""
        two = monitor.http_version == "2"
        if monitor.verify_tls and not (monitor.client_certificate or monitor.proxy or two):
            return self._plain
        try:
            return self._kept(monitor, two)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise CheckFailedError(
                Outcome.INTERNAL_ERROR,
                f"the client certificate {monitor.client_certificate} cannot be used: {error}",
            ) from None

    def _kept(self, monitor: Monitor, two: bool) -> ssl.SSLContext:
        certificate, key = monitor.client_certificate, monitor.client_key
        # Renewed files are taken up: their time is part of what they are kept by.
        changed = Path(certificate).stat().st_mtime_ns if certificate else 0
        by = (monitor.verify_tls, two, bool(monitor.proxy), certificate, key, changed)
        if by not in self._made:
            context = self._make() if monitor.verify_tls else unverified_context()
            if certificate:
                context.load_cert_chain(certificate, key or None, password=_no_password)
            if len(self._made) >= CONTEXTS_MAX:
                self._made.pop(next(iter(self._made)))
            self._made[by] = context
        return self._made[by]


def _no_password() -> str:
    """Rather than asking for one on the terminal."""
    raise ValueError("its key has a passphrase")

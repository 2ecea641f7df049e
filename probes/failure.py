"""How a check fails: an exception that carries an outcome, and what an OSError means where."""

import errno
import socket
import ssl
from collections.abc import Sequence

import httpx

from probes.outcome import Outcome

X509_NOT_YET_VALID = 9
X509_EXPIRED = 10

_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_UNREACHABLE = frozenset(
    {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL}
)
_CONNECT_BY_WEIGHT = (
    Outcome.INTERNAL_ERROR,
    Outcome.CONNECT_REFUSED,
    Outcome.CONNECTION_RESET,
    Outcome.CONNECT_TIMEOUT,
    Outcome.CONNECT_UNREACHABLE,
)


class CheckFailedError(httpx.TransportError):
    """A check that cannot go on: its outcome, and in plain words what was seen.

    An exception because it has to pass through the HTTP client; `Checker` makes it a value.
    """

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail


class CertificateRefusedError(CheckFailedError):
    """The server's certificate did not verify; `verify_code` is OpenSSL's reason."""

    def __init__(self, error: ssl.SSLCertVerificationError, host: str) -> None:
        super().__init__(Outcome.TLS_CERTIFICATE, f"certificate refused: {error.verify_message}")
        self.verify_code = error.verify_code
        self.host = host


def resolve_failure(host: str, error: OSError | UnicodeError) -> CheckFailedError:
    """A name that did not resolve. Running out of files or memory is our own fault."""
    ours = (
        isinstance(error, socket.gaierror) and error.errno in (socket.EAI_MEMORY, socket.EAI_SYSTEM)
    ) or (isinstance(error, OSError) and error.errno in _OURS)
    outcome = Outcome.INTERNAL_ERROR if ours else Outcome.DNS_FAILURE
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return CheckFailedError(outcome, f"name {host!r} did not resolve: {reason}")


def connect_failure(tries: Sequence[tuple[str, OSError]]) -> CheckFailedError:
    """What connecting to each address came to; the most telling of them names the outcome."""
    outcomes = {_connect_outcome(error) for _, error in tries}
    outcome = next(outcome for outcome in _CONNECT_BY_WEIGHT if outcome in outcomes)
    return CheckFailedError(
        outcome, "; ".join(f"{address}: {_words(error)}" for address, error in tries)
    )


def handshake_failure(error: OSError, host: str) -> CheckFailedError:
    """What broke the TLS handshake with `host`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return CertificateRefusedError(error, host)
    if isinstance(error, ssl.SSLError):
        return CheckFailedError(Outcome.TLS_FAILURE, f"TLS handshake failed: {_words(error)}")
    if error.errno in _OURS:
        return CheckFailedError(Outcome.INTERNAL_ERROR, f"TLS handshake: {_words(error)}")
    return CheckFailedError(
        Outcome.CONNECTION_RESET, "the server closed the connection during the TLS handshake"
    )


def connection_failure(error: Exception, when: str) -> CheckFailedError:
    """An established connection that broke; `when` says what was under way."""
    if isinstance(error, ssl.SSLError):
        return CheckFailedError(Outcome.TLS_FAILURE, f"TLS failed {when}: {_words(error)}")
    if isinstance(error, OSError) and error.errno in _OURS:
        return CheckFailedError(Outcome.INTERNAL_ERROR, f"{_words(error)} {when}")
    return CheckFailedError(Outcome.CONNECTION_RESET, f"connection reset {when}")


def _connect_outcome(error: OSError) -> Outcome:
    if isinstance(error, ConnectionRefusedError):
        return Outcome.CONNECT_REFUSED
    if isinstance(error, ConnectionError):
        return Outcome.CONNECTION_RESET
    if isinstance(error, TimeoutError):
        return Outcome.CONNECT_TIMEOUT
    return Outcome.CONNECT_UNREACHABLE if error.errno in _UNREACHABLE else Outcome.INTERNAL_ERROR


def _words(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror and not error.strerror.startswith("Connect"):
        return error.strerror.lower()
    return str(error) or type(error).__name__

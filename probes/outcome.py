"""What can come of a check: one name for every way it can end."""

from enum import StrEnum


class Verdict(StrEnum):
    """What one result says of its target by itself, before any confirmation."""

    GOOD = "good"
    DEGRADED = "degraded"
    BAD = "bad"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How a check ended. Every failure has exactly one of these names."""

    OK = "ok"
    SLOW = "slow"
    """Good in all but time: over the monitor's `latency_max_ms` or an assertion on latency."""
    CERTIFICATE_EXPIRING = "certificate_expiring"
    """Good, but the certificate has fewer days left than an assertion asks for."""

    DNS_FAILURE = "dns_failure"
    DNS_TIMEOUT = "dns_timeout"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_UNREACHABLE = "connect_unreachable"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_CERTIFICATE = "tls_certificate"
    TLS_FAILURE = "tls_failure"
    TLS_TIMEOUT = "tls_timeout"
    CONNECTION_RESET = "connection_reset"
    WAIT_TIMEOUT = "wait_timeout"
    """Connected and asked, but no first header byte before the deadline."""
    TRANSFER_TIMEOUT = "transfer_timeout"
    PROTOCOL_ERROR = "protocol_error"
    REDIRECT_LIMIT = "redirect_limit"
    BODY_TOO_LARGE = "body_too_large"
    WRONG_STATUS = "wrong_status"
    WRONG_CONTENT = "wrong_content"
    ASSERTION_FAILED = "assertion_failed"
    REDIRECT_REFUSED = "redirect_refused"
    """Redirected, where the monitor wants none."""
    ADDRESS_FORBIDDEN = "address_forbidden"
    """A guarded monitor was led to a private, loopback, link-local or metadata address."""
    HEARTBEAT_LATE = "heartbeat_late"
    """The job did not call within its period and grace."""
    HEARTBEAT_FAILED = "heartbeat_failed"
    """The job called to say that it failed."""

    LAGGED = "lagged"
    """Started too late after its due time to say anything of the target."""
    MISSED = "missed"
    """Not started: the monitor's previous check was still in flight when it fell due."""
    INTERNAL_ERROR = "internal_error"
    """Our own fault, never the target's."""
    SECRET_MISSING = "secret_missing"
    """The environment or file that should hold the secret does not: nothing was asked."""
    PROXY_FAILED = "proxy_failed"
    """The proxy could not be used, so nothing is known of the target."""
    OWN_NETWORK = "own_network"
    """The sentinels failed too: it is our network, not the target."""

    @property
    def verdict(self) -> Verdict:
        if self is Outcome.OK:
            return Verdict.GOOD
        if self in _DEGRADED:
            return Verdict.DEGRADED
        if self in _NOT_A_VERDICT:
            return Verdict.UNKNOWN
        return Verdict.BAD


_DEGRADED = frozenset({Outcome.SLOW, Outcome.CERTIFICATE_EXPIRING})
_NOT_A_VERDICT = frozenset(
    {
        Outcome.LAGGED,
        Outcome.MISSED,
        Outcome.INTERNAL_ERROR,
        Outcome.SECRET_MISSING,
        Outcome.PROXY_FAILED,
        Outcome.OWN_NETWORK,
    }
)

"""Who asks from this machine itself, and may see a process's own figures."""

from starlette.requests import Request

_LOOPBACK = {"127.0.0.1", "::1"}
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def is_local(request: Request) -> bool:
    """A program of this machine, and not somebody behind a proxy that stands on it."""
    client = request.client
    forwarded = any(name in request.headers for name in _FORWARDED)
    return client is not None and client.host in _LOOPBACK and not forwarded

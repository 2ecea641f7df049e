"""Tokens of what reaches us from elsewhere: probers at other locations, and jobs that call.

A location's token is random and stands at the location; here stands its SHA-256, which is enough
for 256 random bits. A job's is derived from the data folder's secret, so that nothing is kept.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from vigie.settings import LocationSettings

HEARTBEAT_DIGITS = 32
"""Hex: 128 bits, in an address that stands in crontabs."""


def new_location_token() -> str:
    return "vigie-" + secrets.token_urlsafe(32)


def new_event_token() -> str:
    """For a site's own servers, which post events."""
    return "vigie-event-" + secrets.token_urlsafe(32)


def token_sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def location_of(token: str, locations: Sequence[LocationSettings]) -> str | None:
    """Whose token it is; None when nobody's. Takes as long whichever it is."""
    shown = token_sha256(token)
    found: str | None = None
    for location in locations:
        if hmac.compare_digest(shown, location.token_sha256):
            found = location.name
    return found


def heartbeat_token(secret: bytes, monitor: str) -> str:
    """What stands in the address that the monitor's job calls; `secret` is the data folder's."""
    digest = hmac.new(secret, f"heartbeat/{monitor}".encode(), hashlib.sha256)
    return digest.hexdigest()[:HEARTBEAT_DIGITS]


def heartbeat_address(public_url: str, secret: bytes, monitor: str) -> str:
    """Where the monitor's job calls; `public_url` is how the collector is reached."""
    return f"{public_url.rstrip('/')}/heartbeat/v1/{heartbeat_token(secret, monitor)}"

"""Who may send how much: beacons and new sessions, of each site and of each address.

What it remembers is bounded, and only this process's: with N collectors, N times the limits hold.
"""

from rum.client_address import limited_as
from rum.limits import Limits
from rum.rate_limit import UNLIMITED, RecentlySeen, TokenBuckets

SESSIONS_SEEN_MAX = 100_000


class Guard:
    """The limits of one collector."""

    def __init__(self, limits: Limits) -> None:
        self._site_beacons = TokenBuckets(limits.site_beacons_per_s)
        self._address_beacons = TokenBuckets(limits.address_beacons_per_s)
        self._site_sessions = TokenBuckets(limits.site_sessions_per_s)
        self._address_sessions = TokenBuckets(limits.address_sessions_per_s)
        self._sessions = RecentlySeen(SESSIONS_SEEN_MAX)

    def beacon_wait_s(self, site: str, address: str, now_us: int) -> float:
        """0 when one more beacon may come, which then counts; else when to come back."""
        return _pass(self._site_beacons, self._address_beacons, site, address, now_us)

    def session_wait_s(self, site: str, session: str, address: str, now_us: int) -> float:
        """The same for a session, which counts when it has not been seen lately."""
        key = int(session[:16], 16)
        if key not in self._sessions:
            wait_s = _pass(self._site_sessions, self._address_sessions, site, address, now_us)
            if wait_s:
                return wait_s
        self._sessions.add(key)
        return 0.0


def _pass(
    sites: TokenBuckets, addresses: TokenBuckets, site: str, address: str, now_us: int
) -> float:
    """Takes a token of each, or of neither: an address over its limit costs the site nothing."""
    of_site = sites.tokens(site, now_us)
    client = limited_as(address) if address else ""
    of_client = addresses.tokens(client, now_us) if client else UNLIMITED
    if of_site < 1.0 or of_client < 1.0:
        return max(
            0.0 if of_site >= 1.0 else sites.until_one_s(of_site),
            0.0 if of_client >= 1.0 else addresses.until_one_s(of_client),
        )
    sites.leave(site, of_site - 1.0, now_us)
    if client:
        addresses.leave(client, of_client - 1.0, now_us)
    return 0.0

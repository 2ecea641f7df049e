"""Whose request it is: the peer's address, or what a trusted proxy says of it.

Addresses serve limits and the keys of storage-free visitors, in memory; none is ever written but
cut to its network.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

FORWARDED_CHARS_MAX = 1_000

_Address = IPv4Address | IPv6Address


class TrustedProxies:
    """The networks whose X-Forwarded-For is believed."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Networks such as "10.0.0.0/8" or "::1". Raises ValueError for what is none."""
        self._networks = tuple(ip_network(network, strict=False) for network in networks)
        self._client = lru_cache(maxsize=4096)(self._find_client)
        self._trusts = lru_cache(maxsize=256)(self._find_trust)

    def trusts(self, peer: str) -> bool:
        return self._trusts(peer)

    def client(self, peer: str, forwarded: str) -> str:
        """The client's address: the right-most in `forwarded` that is no trusted proxy, when the
        peer is one; else the peer's. "" when it cannot be told, so that nobody is limited, or
        counted, for everybody behind a proxy that does not say for whom it asks.
        """
        return self._client(peer, forwarded[-FORWARDED_CHARS_MAX:])

    def _find_trust(self, peer: str) -> bool:
        address = _parsed(peer)
        return address is not None and self._is_trusted(address)

    def _find_client(self, peer: str, forwarded: str) -> str:
        address = _parsed(peer)
        if address is None:
            return ""
        if not self._is_trusted(address):
            return str(address)
        found: _Address | None = None
        for said in reversed(forwarded.split(",")):
            found = _parsed(said)
            if found is None or not self._is_trusted(found):
                break
        return "" if found is None else str(found)

    def _is_trusted(self, address: _Address) -> bool:
        return any(
            address.version == network.version and address in network for network in self._networks
        )


def cut_address(address: str) -> str:
    """The network an address is in, as it may be written down: /24, or /48 of IPv6."""
    parsed = _parsed(address)
    if parsed is None:
        return ""
    if isinstance(parsed, IPv4Address):
        return str(IPv4Network((parsed, 24), strict=False))
    return str(IPv6Network((parsed, 48), strict=False))


@lru_cache(maxsize=4096)
def limited_as(address: str) -> str:
    """What an address is limited as: itself, or of IPv6 its /64, all of which one client has."""
    if ":" not in address:
        return address
    return str(IPv6Network((address, 64), strict=False))


def _parsed(text: str) -> _Address | None:
    text = text.strip()
    if text.startswith("["):  # [::1]:443
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 192.0.2.1:443
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address

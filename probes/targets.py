"""Which addresses a guarded monitor may be led to: those of the public internet, and no others.

IANA's registries of special-purpose addresses (RFC 6890), the metadata services of clouds, and
the forms in which IPv6 carries an IPv4 address.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from probes.failure import CheckFailedError
from probes.outcome import Outcome

_SPECIAL = tuple(
    (ip_network(network), what)
    for network, what in (
        ("169.254.169.254/32", "a metadata service"),
        ("100.100.100.200/32", "a metadata service"),
        ("168.63.129.16/32", "a metadata service"),
        ("192.0.0.192/32", "a metadata service"),
        ("fd00:ec2::254/128", "a metadata service"),
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "of a carrier's inner network"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "reserved"),
        ("198.51.100.0/24", "reserved"),
        ("203.0.113.0/24", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "reserved"),
        ("3fff::/20", "reserved"),
    )
)
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_CARRIES_IPV4_LAST = (
    IPv6Network("::/96"),
    IPv6Network("::ffff:0:0/96"),
    IPv6Network("::ffff:0:0:0/96"),
    IPv6Network("64:ff9b::/96"),
)


def allowed(addresses: Sequence[str]) -> list[str]:
    """Those that a guarded monitor may connect to. Raises CheckFailedError when none is left."""
    good = [address for address in addresses if not why_forbidden(address)]
    if not good:
        said = "; ".join(f"{address} is {why_forbidden(address)}" for address in addresses)
        raise CheckFailedError(Outcome.ADDRESS_FORBIDDEN, f"{said}: not to be probed")
    return good


@lru_cache(maxsize=4096)
def why_forbidden(address: str) -> str:
    """What an address is that a guarded monitor must not be led to; empty when it may."""
    try:
        parsed = ip_address(address.split("%")[0])
    except ValueError:
        return "no address"
    for network, what in _SPECIAL:
        if parsed.version == network.version and parsed in network:
            return what
    if isinstance(parsed, IPv4Address):
        return ""
    inner = _carried(parsed)
    if inner is not None:
        return why_forbidden(str(inner))
    return "" if parsed in _PUBLIC_IPV6 else "reserved"


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64 or 6to4."""
    if any(address in network for network in _CARRIES_IPV4_LAST):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour

"""Which origins may send for a site."""

import re
from collections.abc import Iterable

_WILDCARD = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://\*\.(?P<rest>[^/*]+)")
_LABELS = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+")


class OriginRule:
    """Origins by exact name and by `https://*.example.com`, which is every subdomain, not the host
    itself. `*`, or no origin at all, lets every one pass, and requests without one too."""

    def __init__(self, origins: Iterable[str]) -> None:
        listed = [origin.lower().rstrip("/") for origin in origins]
        self.anyone = not listed or "*" in listed
        self._exact = frozenset(listed)
        self._subdomains = [
            (f"{match['scheme']}://", f"{match['rest']}")
            for origin in listed
            if (match := _WILDCARD.fullmatch(origin))
        ]

    def allows(self, origin: str) -> bool:
        """Whether a request with this `Origin` header may send; "" is a request without one."""
        if self.anyone or origin in self._exact:
            return True
        origin = origin.lower()
        return origin in self._exact or any(
            origin.startswith(scheme)
            and origin.endswith(rest)
            and _LABELS.fullmatch(origin[len(scheme) : len(origin) - len(rest)]) is not None
            for scheme, rest in self._subdomains
        )

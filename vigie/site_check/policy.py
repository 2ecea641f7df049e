"""Content-Security-Policy: what one allows, and the directive that would allow more.

As browsers match: https://www.w3.org/TR/CSP3/#match-url-to-source-list
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from vigie.site_check.page import ScriptTag, origin_of

Directives = dict[str, list[str]]

_HOST_SOURCE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|(?:\*\.)?[^\s/:*]+|\[[^\]]+\])"
    r"(?::(?P<port>\d+|\*))?(?P<path>/\S*)?",
    re.IGNORECASE,
)
_FALLBACKS = {
    "script-src-elem": ("script-src-elem", "script-src", "default-src"),
    "connect-src": ("connect-src", "default-src"),
}


def directives(policy: str) -> Directives:
    """The first of each name counts."""
    found: Directives = {}
    for part in policy.split(";"):
        name, *sources = part.split() or [""]
        if name:
            found.setdefault(name.lower(), sources)
    return found


def governing(policy: Directives, asked: str) -> str:
    """The name of the directive that decides; "" where none does, and all is allowed."""
    return next((name for name in _FALLBACKS[asked] if name in policy), "")


def allows_script(
    policy: Directives, tag: ScriptTag, address: str, page: str, *, put_in: bool
) -> bool:
    """Whether the tag may load its script; `put_in`: another script put it into the page."""
    name = governing(policy, "script-src-elem")
    if not name:
        return True
    sources = policy[name]
    if _has_nonce(sources, tag) or _has_hashes(sources, tag.attributes.get("integrity", "")):
        return True
    if "'strict-dynamic'" in sources:
        return put_in
    return allows_address(sources, address, page)


def allows_inline(policy: Directives, tag: ScriptTag, hashed: str) -> bool:
    """Whether the inline script may run; `hashed` is its own hash as a source."""
    name = governing(policy, "script-src-elem")
    if not name:
        return True
    sources = policy[name]
    strict = any(each.startswith(("'nonce-", "'sha")) for each in sources)
    if "'unsafe-inline'" in sources and not strict and "'strict-dynamic'" not in sources:
        return True
    return _has_nonce(sources, tag) or hashed in sources


def allows_connection(policy: Directives, address: str, page: str) -> bool:
    name = governing(policy, "connect-src")
    return not name or allows_address(policy[name], address, page)


def allows_address(sources: Sequence[str], address: str, page: str) -> bool:
    return any(_matches(source, address, page) for source in sources)


def line_with(policy: Directives, asked: str, source: str) -> str:
    """The directive that allows `source` besides what is allowed today."""
    name = governing(policy, asked)
    kept = [each for each in policy.get(name, []) if each.lower() != "'none'"]
    wanted = "script-src" if asked == "script-src-elem" and name != "script-src-elem" else asked
    return " ".join([wanted, *kept, source])


def source_for(address: str, page: str) -> str:
    """What names the origin of `address` in a policy of the page."""
    return "'self'" if origin_of(address) == origin_of(page) else origin_of(address)


def _has_nonce(sources: Sequence[str], tag: ScriptTag) -> bool:
    nonce = tag.attributes.get("nonce", "")
    return bool(nonce) and f"'nonce-{nonce}'" in sources


def _has_hashes(sources: Sequence[str], integrity: str) -> bool:
    hashes = integrity.split()
    return bool(hashes) and all(f"'{each.partition('?')[0]}'" in sources for each in hashes)


def _matches(source: str, address: str, page: str) -> bool:
    target, own = urlsplit(address), urlsplit(page)
    lowered = source.lower()
    if lowered == "*":
        return target.scheme in ("http", "https", "ws", "wss") or target.scheme == own.scheme
    if lowered == "'self'":
        same_host = target.hostname == own.hostname
        upgraded = own.scheme == "http" and target.scheme == "https" and not own.port
        return origin_of(address) == origin_of(page) or (same_host and upgraded)
    if re.fullmatch(r"[a-z][a-z0-9+.-]*:", lowered):
        return _scheme_matches(lowered[:-1], target.scheme)
    found = _HOST_SOURCE.fullmatch(source)
    if found is None or source.startswith("'"):
        return False
    scheme = (found["scheme"] or own.scheme).lower()
    return (
        _scheme_matches(scheme, target.scheme)
        and _host_matches(found["host"].lower(), (target.hostname or "").lower())
        and _port_matches(found["port"], target.port, scheme, target.scheme)
        and _path_matches(found["path"] or "", target.path or "/")
    )


def _scheme_matches(allowed: str, actual: str) -> bool:
    return actual == allowed or (allowed, actual) in (("http", "https"), ("ws", "wss"))


def _host_matches(allowed: str, actual: str) -> bool:
    if allowed == "*":
        return True
    return (
        actual.endswith(allowed[1:]) if allowed.startswith("*.") else actual == allowed.strip("[]")
    )


def _port_matches(allowed: str | None, actual: int | None, scheme: str, actual_scheme: str) -> bool:
    usual = {"http": 80, "https": 443}
    port = actual or usual.get(actual_scheme, 0)
    if allowed is None:
        return port == usual.get(actual_scheme, 0)
    return allowed == "*" or int(allowed) == port or (allowed == "80" and port == 443)


def _path_matches(allowed: str, actual: str) -> bool:
    if allowed in ("", "/"):
        return True
    return actual.startswith(allowed) if allowed.endswith("/") else actual == allowed

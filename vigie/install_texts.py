"""What a site's own people paste: the script tag, the policy line, the proxy's lines."""

import base64
import hashlib
from functools import lru_cache
from urllib.parse import urlsplit

from rum.script_file import digest_of, integrity_of
from vigie.folders import STATIC
from vigie.settings import ReplaySettings

PROXY_PATH = "/vigie/"
"""Of the site, in front of the collector: scripts and beacons are then first-party."""


@lru_cache
def _built(name: str) -> bytes:
    return (STATIC / name).read_bytes()


def stub() -> str:
    """The inline script that keeps calls and errors until the script has arrived."""
    return f"<script>{_stub_code()}</script>"


def _stub_code() -> str:
    return _built("rum-stub.js").decode().strip()


def script_tag(key: str, public_url: str = "", replay: ReplaySettings | None = None) -> str:
    """The script tag of the site with this key; updates of Vigie reach it by themselves.

    `public_url` is where browsers reach the collector; "" is the site's own /vigie/. `replay` says
    which sessions are recorded.
    """
    data = "".join(f' {name}="{value}"' for name, value in _told(key, replay).items())
    return f'<script async src="{_base(public_url)}rum.js"{data}></script>'


def _told(key: str, replay: ReplaySettings | None) -> dict[str, str]:
    """What the tag says besides its address: the site, and how many sessions to record."""
    told = {"data-site": key}
    if replay is not None and replay.rate:
        told["data-replay"] = f"{replay.rate:g}"
    if replay is not None and replay.error_rate:
        told["data-replay-errors"] = f"{replay.error_rate:g}"
    return told


def snippet(key: str, public_url: str = "", replay: ReplaySettings | None = None) -> str:
    """What every page holds, in <head>: the stub, then the script tag."""
    return f"{stub()}\n{script_tag(key, public_url, replay)}"


def pinned_tag(key: str, public_url: str = "", replay: ReplaySettings | None = None) -> str:
    """The script tag that accepts these very bytes alone, and changes with each update of Vigie."""
    content = _built("rum.js")
    told = _told(key, replay)
    if len(told) > 1:
        told["data-replay-integrity"] = integrity_of(_built("rum-replay.js"))
    data = "".join(f' {name}="{value}"' for name, value in told.items())
    crossorigin = ' crossorigin="anonymous"' if public_url else ""
    return (
        f'<script async src="{_base(public_url)}rum.{digest_of(content)}.js"{data}\n'
        f'  integrity="{integrity_of(content)}"{crossorigin}></script>'
    )


def _base(public_url: str) -> str:
    return f"{public_url.rstrip('/')}/" if public_url else PROXY_PATH


def policy_line(public_url: str = "") -> str:
    """What a Content-Security-Policy must allow; behind /vigie/ that is the site itself.

    The stub stands inline, and is allowed by its hash: https://www.w3.org/TR/CSP3/#grammardef-hash-source
    """
    source = "'self'"
    if public_url:
        parts = urlsplit(public_url)
        source = f"{parts.scheme}://{parts.netloc}"
    inline = hash_source(_stub_code())
    return f"Content-Security-Policy: script-src {source} {inline}; connect-src {source}"


def hash_source(code: str) -> str:
    """What allows this one inline script."""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def nginx_lines(collector_url: str) -> str:
    """For the `server` block of the site."""
    return f"""\
location {PROXY_PATH} {{
    proxy_pass {collector_url.rstrip("/")}/;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_connect_timeout 2s;
    proxy_read_timeout 10s;
    client_max_body_size 256k;
}}"""


def apache_lines(collector_url: str) -> str:
    """For the `VirtualHost` of the site; needs mod_proxy and mod_proxy_http."""
    base = collector_url.rstrip("/")
    return f"""\
ProxyPass        "{PROXY_PATH}" "{base}/" connectiontimeout=2 timeout=10
ProxyPassReverse "{PROXY_PATH}" "{base}/\""""

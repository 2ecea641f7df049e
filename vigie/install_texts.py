"""What a site's own people paste: the script tag, the policy line, the proxy's lines."""

from urllib.parse import urlsplit

PROXY_PATH = "/vigie/"
"""Of the site, in front of the collector: scripts and beacons are then first-party."""


def snippet(key: str, public_url: str = "") -> str:
    """The script tag of the site with this key.

    `public_url` is where browsers reach the collector; "" is the site's own /vigie/.
    """
    base = f"{public_url.rstrip('/')}/" if public_url else PROXY_PATH
    return f'<script async src="{base}rum.js" data-site="{key}"></script>'


def policy_line(public_url: str = "") -> str:
    """What a Content-Security-Policy must allow; behind /vigie/ that is the site itself."""
    source = "'self'"
    if public_url:
        parts = urlsplit(public_url)
        source = f"{parts.scheme}://{parts.netloc}"
    return f"Content-Security-Policy: script-src {source}; connect-src {source}"


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

"""Where in a page, and where on the web: selectors and addresses, without anybody's ids.

Browsers send both ready made; this is the same rule once more, for what did not come from rum.js.
"""

import re
from functools import lru_cache

from rum.controls import without_controls
from rum.page_template import PageTemplates
from rum.privacy import masked

PLACE_CHARS_MAX = 200
CACHED_MAX = 4_096
"""Of selectors and addresses, remembered: the same few come again and again."""

_ANY_HOST = PageTemplates()

# [data-testid="sign"] is a name that the site's makers gave; [href="/user/7"], [value="Jean"] and
# [title="Jean"] may be anything.
_ATTRIBUTE = re.compile(
    r"\[\s*(?!(?:data-(?:testid|test|cy|qa|id|name|action|vigie[\w-]*)|id|name|type|role)\s*[~|^$*]?=)"
    r"(?P<name>[\w:-]+)\s*[~|^$*]?=[^\]]*\]?",
    re.ASCII | re.IGNORECASE,
)
_IDS = re.compile(r"\d{4,}|(?<![0-9a-zA-Z])(?=[a-f]*\d)[0-9a-f]{8,}(?![0-9a-zA-Z])", re.ASCII)
_MAY_HOLD_IDS = re.compile(r"\d{4}|[0-9a-f]{8}|[\[@%]", re.ASCII)
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:)?//(?:[^/?#]*@)?(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{1,30}:)(?!\d)", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9._-]{1,253}(?::\d{1,5})?|\[[0-9a-f:.]{2,45}\](?::\d{1,5})?")


def selector(text: str | None) -> str:
    """A selector, cut, its ids as "?": "#listing-8412345 > a" -> "#listing-? > a".

    Of attributes only those keep their value that are names for machines.
    """
    return _selector(text[: 4 * PLACE_CHARS_MAX]) if text else ""


@lru_cache(maxsize=CACHED_MAX)
def _selector(text: str) -> str:
    text = without_controls(text).strip()
    if _MAY_HOLD_IDS.search(text) is not None:
        text = masked(_ATTRIBUTE.sub(r"[\g<name>]", text))
        text = _IDS.sub("?", text)
    return text[:PLACE_CHARS_MAX]


def address(pages: PageTemplates, text: str | None) -> str:
    """An address as "/path/?" of the page's own host, "host/path/?" of another; without scheme,
    credentials, query and fragment. Of one that names no host and path only the scheme: "data:".
    """
    return _address(pages, text[: 4 * PLACE_CHARS_MAX]) if text else ""


@lru_cache(maxsize=CACHED_MAX)
def _address(pages: PageTemplates, text: str) -> str:
    text = without_controls(text).strip()
    if (found := _ADDRESS.match(text)) is not None:
        text = found["rest"]
    elif text.startswith("/"):
        return pages.template(text)[:PLACE_CHARS_MAX]
    elif (found := _SCHEME.match(text)) is not None:
        return found["scheme"].lower()
    end = re.search(r"[/?#]", text)
    host = text[: end.start()] if end else text
    path = text[end.start() :] if end else ""
    if not _HOST.fullmatch(host.lower()):
        return "?"
    path = _ANY_HOST.template(path) if path.startswith("/") else "/"
    return (host.lower() + path)[:PLACE_CHARS_MAX]

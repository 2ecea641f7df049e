"""Page templates: "/user/123" -> "/user/?", so that pages can be counted and hold no one's ids.

The rule for everyone is that of script/template.ts, applied again to what browsers send.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

ANY = "?"
CACHED_MAX = 4_096
"""Pages whose templates are remembered."""

# Whole parts: addresses of people; random tokens: upper, lower case and figures mixed, 16 or more,
# whatever stands within them
_WHOLE = re.compile(r"@|%40|^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w-]{16,}\Z", re.ASCII)
_IDS = re.compile(
    # 123, 2024-05-31, 123.html
    r"^\d+(?:-\d+)*(?=(?:\.[a-z]{2,5})?\Z)"
    # UUIDs, with or without something around them
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    # hex digests, object ids: 12 digits or more, one at least a figure (no word has one)
    r"|(^|[^a-z0-9])(?=[a-f]*\d)[0-9a-f]{12,}(?![a-z0-9])"
    # order-1234567; but report-2024 and top-100 are words
    r"|\d{5,}",
    re.ASCII | re.IGNORECASE,
)
_QUERY = re.compile(r"\?[\w%&=]+", re.ASCII)  # as others would read 12345abc, once it is ?abc
_PART = re.compile(r"[^/;=]+")
_STEP = re.compile(r"=\d\d?\Z", re.ASCII)  # a ;step=2 is no id
_MAY_CHANGE = re.compile(r"[\d@%]")
# A "?" before a word begins a query; before anything else it is a template's. "#/" is a route.
_DROPPED = re.compile(r"(?:\?[\w%&=]|#(?!!?/)).*", re.DOTALL | re.ASCII)
_DROPPED_PARAMS = re.compile(r";[^/]*")
# What rum.js adds of the query where the site says so (data-route-params), after everything else.
_ROUTE_PARAMS = re.compile(
    r"(?:;[\w.\[\]-]{1,50}=(?:[\w.~!*'()?-]|%[0-9A-F]{2}){1,150}){1,10}\Z", re.ASCII
)
# Some servers put these into paths, and each is a session's.
_SESSION_PARAM = re.compile(r";[^;=]*(?:sess|sid|token)[^;=]*=", re.IGNORECASE)


class PageTemplates:
    """A site's own templates, tried in order, before the rule for everyone.

    Query and fragment are dropped, but for what rum.js was told to keep of the query. What is a
    template already stays as it is, and so does a page that does not begin with "/": the site gave
    it a name.
    """

    def __init__(self, own: Iterable[str] = (), params: Iterable[str] = ()) -> None:
        """`params` name what may stay of the query; none named: all that rum.js was told to."""
        self._params = frozenset(params)
        # The same few pages come with nearly every event.
        self.template = lru_cache(maxsize=CACHED_MAX)(self._template)
        self._own: dict[int, list[tuple[str, list[str]]]] = {}
        for template in own:
            segments = template.split("/")
            self._own.setdefault(len(segments), []).append((template, segments))

    def _template(self, page: str) -> str:
        if not page.startswith("/"):
            return page
        page = _DROPPED.sub("", page)
        found = _ROUTE_PARAMS.search(page)
        params = "" if found is None or _SESSION_PARAM.search(found[0]) else found[0]
        if params and self._params:
            params = self._only_kept(params)
        return self._path(_DROPPED_PARAMS.sub("", page) or "/") + _params(params)

    def _only_kept(self, params: str) -> str:
        kept = [param for param in params.split(";") if param.partition("=")[0] in self._params]
        return "".join(f";{param}" for param in kept)

    def _path(self, path: str) -> str:
        segments = path.split("/")
        for template, wanted in self._own.get(len(segments), ()):
            if all(want in (ANY, segment) for want, segment in zip(wanted, segments, strict=True)):
                return template
        return _without_ids(path)


def _params(params: str) -> str:
    """The parameters of a route: ";step=2;id=123" becomes ";step=2;id=?"."""
    return ";".join(
        param if _STEP.search(param) else _without_ids(param) for param in params.split(";")
    )


def _without_ids(text: str) -> str:
    if _MAY_CHANGE.search(text) is None:
        return text
    return _PART.sub(lambda part: _template_part(part[0]), text)


def _template_part(part: str) -> str:
    if _WHOLE.search(part):
        return ANY
    return _QUERY.sub(ANY, _IDS.sub(lambda found: (found[1] or "") + ANY, part))

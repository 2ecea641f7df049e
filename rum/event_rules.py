"""What the events of one site are judged by, and what may be wrong with one."""

from functools import lru_cache

from rum.cardinality import OTHER, DayNames, Names
from rum.limits import Limits
from rum.page_template import CACHED_MAX, PageTemplates
from rum.privacy import masked
from rum.records import Reason
from rum.texts import cut

Problem = tuple[Reason, str]
"""Why something was refused, and what would have been right."""


class EventRules:
    """What the events of one site are judged by."""

    def __init__(self, pages: PageTemplates, limits: Limits) -> None:
        self.pages = pages
        self.limits = limits
        self.late_us = int(limits.late_h * 3_600_000_000)
        self.names = DayNames(limits)
        self._page = lru_cache(maxsize=CACHED_MAX)(self._find_page)

    def page(self, sent: str) -> str:
        """The page as it is written down: its template, or its name masked; "" for none."""
        return self._page(sent[: 4 * self.limits.page_chars_max])

    def _find_page(self, sent: str) -> str:
        page = self.pages.template(cut(sent, len(sent)))
        if not page.startswith("/"):
            page = masked(page)
        page = page[: self.limits.page_chars_max]
        return "" if page.isspace() else page


def admitted(name: str, names: Names, what: str, problems: list[Problem]) -> str:
    """The name, or "other", and a problem, when the site has brought too many today."""
    if name in names.known or names.admits(name):
        return name
    detail = f"the site has more {what} today than it may bring; the rest is {OTHER!r}"
    problems.append((Reason.TOO_MANY_NAMES, detail))
    return OTHER

"""What the events of one site are judged by, and what may be wrong with one."""

from rum.limits import Limits
from rum.page_template import PageTemplates
from rum.records import Reason

Problem = tuple[Reason, str]
"""Why something was refused, and what would have been right."""


class EventRules:
    """What the events of one site are judged by."""

    def __init__(self, pages: PageTemplates, limits: Limits) -> None:
        self.pages = pages
        self.limits = limits
        self.late_us = int(limits.late_h * 3_600_000_000)

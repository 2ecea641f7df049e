"""The typed values of the report of clicks: elements, how far views were scrolled, pages."""

import pandas as pd
from msgspec import Struct, structs

from analytics.basis import Basis, Estimate


class LevelClicks(Struct, frozen=True, kw_only=True):
    """The sampled sessions of one level that clicked an element, and their share of that level's
    sessions on the page."""

    level: str
    sessions: int
    share: Estimate


class ClickedElement(Struct, frozen=True, kw_only=True):
    """What was clicked, by the selector that rum.js names it with, in the sampled sessions.

    `rage` counts bursts of clicks, `dead` clicks that nothing came of, `error` those that an error
    came of. `x` and `y` are the middle of its clicks as shares of the page's width and height; what
    is `fixed` scrolls along. `share` is of the sessions that viewed the page.
    """

    target: str
    clicks: int
    sessions: int
    share: Estimate
    rage: int
    dead: int
    error: int
    x: float | None
    y: float | None
    fixed: bool
    levels: tuple[LevelClicks, ...] = ()


class ScrollReach(Struct, frozen=True, kw_only=True):
    """The share of views in which this share of the page's height came into sight."""

    depth: float
    share: Estimate


class ClickedPage(Struct, frozen=True, kw_only=True):
    """What a page came to, in the sampled sessions."""

    page: str
    views: int
    sessions: int
    clicks: int
    rage: int
    dead: int
    error: int


class ClicksReport(Struct, frozen=True, kw_only=True):
    """Of one page its elements, most clicked first; without a page, the most clicked pages.

    `fold` is the share of the page's height that 19 views in 20 saw; None where none told.
    `left_out` elements were clicked less than those listed.
    """

    basis: Basis
    page: str
    level: str
    device: str
    sessions: int = 0
    views: int = 0
    elements: tuple[ClickedElement, ...] = ()
    left_out: int = 0
    scroll: tuple[ScrollReach, ...] = ()
    fold: float | None = None
    pages: tuple[ClickedPage, ...] = ()

    def frame(self) -> pd.DataFrame:
        """One row an element; without a page, one a page."""
        if not self.page:
            return pd.DataFrame([structs.asdict(row) for row in self.pages])
        return pd.DataFrame(
            [
                {
                    "target": row.target,
                    "clicks": row.clicks,
                    "sessions": row.sessions,
                    "share": row.share.value,
                    "share_low": row.share.low,
                    "share_high": row.share.high,
                    "withheld": row.share.withheld.value if row.share.withheld else None,
                    "rage": row.rage,
                    "dead": row.dead,
                    "error": row.error,
                    "x": row.x,
                    "y": row.y,
                    "fixed": row.fixed,
                }
                for row in self.elements
            ]
        )

"""The worst pages by the people affected: sessions that had a poor view of them."""

from collections.abc import Mapping

from msgspec import Struct, structs

from analytics.basis import Estimate
from analytics.estimates import recovered, share
from analytics.reports.error_types import total
from analytics.reports.types import WorstPage
from analytics.vital_summing import AFFECTED, CAME
from analytics.vitals import RATED

PAGES_MAX = 10
WORSE_MIN = 0.05
"""By how much more of its sessions, surely, a page is worse than the others to be told of."""


class Visits(Struct, frozen=True):
    """Sessions on a page: how many, their weights and the squares of these."""

    sessions: float = 0.0
    weight: float = 0.0
    squares: float = 0.0


def worst_pages(visits: Mapping[tuple[str, str], Visits], scale: float) -> list[WorstPage]:
    """`visits` are by page and what of analytics.vital_summing was counted; a session's weight
    times `scale` is how many it stands for. Those with the most affected sessions come first."""
    pages = sorted({page for page, what in visits if what == AFFECTED})
    found = [_page(page, visits, scale) for page in pages]
    found.sort(key=lambda each: (-each.sessions.value, each.page))
    return [_compared(each, visits) for each in found[:PAGES_MAX]]


def _compared(one: WorstPage, visits: Mapping[tuple[str, str], Visits]) -> WorstPage:
    """With the sentence that it is worse than the other pages, where it surely is."""
    met, all_ = (
        _added([each for (page, kind), each in visits.items() if kind == what and page != one.page])
        for what in (AFFECTED, CAME)
    )
    usual = share(met.weight, all_.weight, all_.squares, int(all_.sessions))
    ends = [_ends(each) for each in (one.share, usual)]
    if ends[0] is None or ends[1] is None:
        return one
    difference = recovered(ends[0], ends[1])
    if difference.low < WORSE_MIN:
        return one
    said = (
        f"{_percent(one.share.value)} of the sessions on {one.page} had a poor view of it, mostly"
        f" by {one.vital.upper()}, against {_percent(usual.value)} on other pages:"
        f" {difference.low * 100:.0f} to {difference.high * 100:.0f} points more."
    )
    return structs.replace(one, sentence=said)


def _ends(estimate: Estimate) -> tuple[float, float, float] | None:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return estimate.value, estimate.low, estimate.high


def _percent(value: float | None) -> str:
    return f"{(value or 0.0) * 100:.0f} %"


def _added(parts: list[Visits]) -> Visits:
    return Visits(
        sum(each.sessions for each in parts),
        sum(each.weight for each in parts),
        sum(each.squares for each in parts),
    )


def _page(page: str, visits: Mapping[tuple[str, str], Visits], scale: float) -> WorstPage:
    met, all_ = visits[page, AFFECTED], visits[page, CAME]

    def affected(vital: str) -> float:
        return visits.get((page, f"{AFFECTED} {vital}"), Visits()).weight

    return WorstPage(
        page=page,
        sessions=total(
            met.weight * scale,
            max(0.0, met.squares * scale**2 - met.weight * scale),
            met.sessions,
        ),
        share=share(met.weight, all_.weight, all_.squares, int(all_.sessions)),
        vital=max(RATED, key=affected),
    )

"""A page's clicked elements from its top to its bottom, each with a bar of who clicked it."""

from analytics.charts.svg import element, line, picture, shortened, text, title
from analytics.reports.clicks_types import ClickedElement, ClicksReport
from analytics.wording import percent

LEFT, BAR, WIDTH = 44.0, 236.0, 560.0
HEAD, ROW = 18.0, 34.0
ELEMENTS_MAX = 30
CHARACTERS = 62


def in_order(report: ClicksReport) -> list[ClickedElement]:
    """The most clicked ones as they stand on the page; first the fixed ones, always in sight."""
    return sorted(
        report.elements[:ELEMENTS_MAX],
        key=lambda each: (not each.fixed, 1.0 if each.y is None else each.y, each.target),
    )


def click_outline(report: ClicksReport) -> str:
    """Bars are shares of the sessions on the page, the longest one full; the fold is a line."""
    rows = in_order(report)
    most = max((row.share.value or 0.0 for row in rows), default=0.0) or 1.0
    parts = [text("where", LEFT - 8, 10, anchor="end", class_="label label-minor")]
    folded = report.fold is None
    y = HEAD
    for row in rows:
        if not folded and not row.fixed and (row.y or 0.0) > (report.fold or 0.0):
            folded = True
            parts.append(line(0, y - 4, WIDTH, y - 4, "fold"))
            parts.append(
                text(
                    "below what nearly all saw",
                    WIDTH,
                    y - 8,
                    anchor="end",
                    class_="label label-minor",
                )
            )
            y += 6
        parts.append(_row(row, y, most))
        y += ROW
    label = f"{len(rows)} clicked elements of {report.page}, from the top of the page down"
    return picture(WIDTH, y + 4, label, *parts, class_="chart-outline")


def _row(row: ClickedElement, y: float, most: float) -> str:
    where = "fixed" if row.fixed else "" if row.y is None else f"{row.y * 100:.0f} %"
    value = row.share.value
    words = f"{row.target}: {row.clicks:,} clicks in {row.sessions:,} sessions"
    signs = [
        f"{count:,} {name}"
        for count, name in ((row.rage, "rage"), (row.dead, "dead"), (row.error, "with an error"))
        if count
    ]
    bar = max(1.5, (value or 0.0) / most * BAR)
    share = "" if value is None else f"{percent(value)} · "
    figures = f"{share}{row.clicks:,} click{'' if row.clicks == 1 else 's'}"
    trouble = text(", ".join(signs), WIDTH, y + 22, anchor="end", class_="label trouble")
    return element(
        "g",
        title(", ".join([words, *signs])),
        text(where, LEFT - 8, y + 10, anchor="end", class_="label label-minor"),
        text(shortened(row.target, CHARACTERS), LEFT, y + 10, class_="label label-strong"),
        element(
            "rect", x=LEFT, y=y + 14, width=bar, height=9, rx=2, class_="bar", fill="currentColor"
        ),
        text(figures, LEFT + bar + 6, y + 22),
        trouble if signs else "",
    )

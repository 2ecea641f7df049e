"""How far down a page views reached: the share of them at each tenth of its height."""

from analytics.charts.svg import element, line, picture, text, title
from analytics.reports.clicks_types import ClicksReport
from analytics.wording import percent

LEFT, TOP, WIDTH, HEIGHT, RIGHT = 40.0, 22.0, 300.0, 300.0, 44.0


def scroll_curve(report: ClicksReport) -> str:
    """The page's top is up; the further right, the more views saw that part of it."""
    known = [each for each in report.scroll if each.share.value is not None]
    if not known:
        return ""
    points = [(1.0, 0.0), *((each.share.value or 0.0, each.depth) for each in known)]
    low = [(1.0, 0.0), *((each.share.low or 0.0, each.depth) for each in known)]
    high = [(1.0, 0.0), *((each.share.high or 0.0, each.depth) for each in known)]
    parts = []
    for tenth in range(0, 11, 2):
        y = TOP + HEIGHT * tenth / 10
        parts.append(line(LEFT, y, LEFT + WIDTH, y, "grid" if tenth else "axis"))
        parts.append(text(f"{tenth * 10} %", LEFT - 6, y + 4, anchor="end"))
    area = [(0.0, 0.0), *points, (0.0, points[-1][1])]
    parts.append(
        element(
            "polygon",
            points=_at(area),
            class_="scroll-area",
            fill="currentColor",
            fill_opacity=0.12,
        )
    )
    parts.append(
        element(
            "polygon",
            points=_at([*low, *reversed(high)]),
            class_="band",
            fill="currentColor",
            fill_opacity=0.25,
        )
    )
    parts.append(
        element("polyline", points=_at(points), class_="line", stroke="currentColor", fill="none")
    )
    for each in known:
        x, y = _spot(each.share.value or 0.0, each.depth)
        words = f"{percent(each.share.value or 0.0)} of views reached {each.depth * 100:.0f} %"
        parts.append(
            element(
                "g",
                title(words),
                text(percent(each.share.value or 0.0), x + 5, y + 4, class_="label label-minor"),
            )
        )
    if report.fold is not None:
        y = TOP + HEIGHT * report.fold
        parts.append(line(LEFT, y, LEFT + WIDTH, y, "fold"))
        parts.append(
            text(
                f"nearly all saw down to here, {percent(report.fold)}",
                LEFT + 4,
                y - 4,
                class_="label label-minor",
            )
        )
    parts.append(text("share of views that saw it", LEFT, 10, class_="label label-minor"))
    last = known[-1].share.value or 0.0
    reached = f"{percent(last)} reached {known[-1].depth * 100:.0f} % of it"
    label = f"Of the views of {report.page}, {reached}"
    return picture(LEFT + WIDTH + RIGHT, TOP + HEIGHT + 8, label, *parts, class_="chart-scroll")


def _spot(share: float, depth: float) -> tuple[float, float]:
    return LEFT + WIDTH * share, TOP + HEIGHT * depth


def _at(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in (_spot(*point) for point in points))

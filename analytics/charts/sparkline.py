"""A line small enough for a table's cell."""

from collections.abc import Sequence

from analytics.charts.svg import SERIES, element, picture

WIDTH, HEIGHT, EDGE = 120.0, 24.0, 2.0


def sparkline(values: Sequence[float | None], label: str) -> str:
    """The values at equal distances, 0 at the foot; None leaves a gap."""
    most = max((value for value in values if value is not None), default=0.0) or 1.0
    step = (WIDTH - 2 * EDGE) / max(1, len(values) - 1)
    path = []
    pen_down = False
    for index, value in enumerate(values):
        if value is None:
            pen_down = False
            continue
        x, y = EDGE + index * step, HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * value / most
        path.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
        pen_down = True
    drawn = element("path", d="".join(path), class_="line", fill="none", stroke=SERIES)
    return picture(WIDTH, HEIGHT, label, drawn, class_="sparkline")

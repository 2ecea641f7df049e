"""SVG as text: elements with escaped attributes, and the parts all charts share.

Charts carry no style, only classes and presentation attributes, which any stylesheet overrules:
- states: `state-up state-degraded state-down state-maintenance state-paused state-unknown`, on
  shapes; `no-duty` where a monitor was not on duty; `hatch` on the lines over unknown time;
- levels: `level-0` to `level-5` in the site's order, `level-undeclared`, `level-everyone`, on the
  group around a level's marks; it should set `--series`, the colour its marks take;
- marks: `bar`, `withheld` (a bar not shown), `line`, `band` (an interval around a line), `whisker`,
  `expected` (what is usual), `finding` (a stretch a finding speaks of), `slot` (an unseen shape
  that carries a slot's title), `errors` (bars of errors);
- text and frame: `label`, `label-strong`, `label-minor`, `axis`, `grid`.
Every SVG has class `chart`; those with text to read also `chart-wide`: give it a least width.
"""

from collections.abc import Sequence
from html import escape

from analytics.levels import EVERYONE
from analytics.question import UNDECLARED

LEVEL_CLASSES = 6
SERIES = "var(--series, currentColor)"


def element(tag: str, *children: str, **attributes: object) -> str:
    """`class_` becomes class, `stroke_width` stroke-width; None leaves an attribute out. Children
    are SVG already: escape text first."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{written}>{''.join(children)}</{tag}>"


def picture(
    width: float,
    height: float,
    label: str,
    *children: str,
    class_: str = "",
    stretched: bool = False,
) -> str:
    """A whole chart with its accessible name; `stretched` fills its place, out of proportion."""
    return element(
        "svg",
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_plain(width)} {_plain(height)}",
        class_=f"chart {class_}".rstrip(),
        preserveAspectRatio="none" if stretched else None,
        role="img",
        aria_label=label,
    )


def title(text: str) -> str:
    return element("title", escape(text))


def text(
    content: str,
    x: float,
    y: float,
    *,
    anchor: str = "start",
    class_: str = "label",
    full: str = "",
) -> str:
    """A line of text; `full` is its title where it was shortened."""
    return element(
        "text",
        title(full) if full and full != content else "",
        escape(content),
        x=x,
        y=y,
        text_anchor=anchor,
        class_=class_,
        font_size=11,
        fill="currentColor",
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    faint = 0.15 if class_ == "grid" else None
    return element(
        "line",
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
        class_=class_,
        stroke="currentColor",
        stroke_opacity=faint,
    )


def hatch(x: float, y: float, width: float, height: float, step: float = 6) -> str:
    """Slanted lines over a rectangle, so that unknown time is told without colour."""
    path = []
    offset = step
    while offset < width + height:
        left, right = max(0.0, offset - height), min(offset, width)
        path.append(
            f"M{_plain(x + left)} {_plain(y + offset - left)}"
            f"L{_plain(x + right)} {_plain(y + offset - right)}"
        )
        offset += step
    return element(
        "path", d="".join(path), class_="hatch", stroke="currentColor", stroke_opacity=0.45
    )


def level_class(level: str, levels: Sequence[str]) -> str:
    if level == EVERYONE:
        return "level-everyone"
    if level == UNDECLARED or level not in levels:
        return "level-undeclared"
    return f"level-{list(levels).index(level) % LEVEL_CLASSES}"


def level_name(level: str) -> str:
    return level or "everyone"


def shortened(content: str, characters: int) -> str:
    return content if len(content) <= characters else content[: characters - 1].rstrip() + "…"


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)

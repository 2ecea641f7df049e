"""What the demo's people click on the mandate form, and how far down they come.

Elements are named as rum.js names those of the demo's own pages. Two of them are clicked in vain:
the steps above the form, which look like a way back and are none, and the unit behind a field.
"""

from collections.abc import Iterator

from msgspec import Struct

from rum.records import Click, Leave
from vigie.demo.network import OWNER, PROPERTY, TERMS


class Element(Struct, frozen=True):
    """What may be clicked: how often in a hundred visits, and where, as shares of the page. `dead`
    and `rage` in a hundred clicks; novices click it `novice` times as often."""

    target: str
    often: int
    x: float
    y: float
    dead: int = 0
    rage: int = 0
    novice: float = 1.0


SUBMIT = "#step>div.actions>button.button"
_STEPS = "#main>section.mandate>ol.steps>li:nth-of-type"
_UNIT = "#step>div.field:nth-of-type(3)>span.input>em"
_SUBMIT = Element(SUBMIT, 88, 0.38, 0.80)
_BACK = Element("#step>div.actions>a", 9, 0.52, 0.80, novice=1.8)
ELEMENTS = {
    OWNER: (
        Element("#owner_name", 46, 0.40, 0.42),
        Element("#owner_email", 31, 0.40, 0.54),
        Element("#owner_phone", 27, 0.40, 0.66),
        Element(f"{_STEPS}(2)", 7, 0.40, 0.20, dead=96, rage=8, novice=2.2),
        _SUBMIT,
    ),
    PROPERTY: (
        Element("#address", 44, 0.40, 0.42),
        Element("#kind", 38, 0.40, 0.54),
        Element("#surface", 41, 0.38, 0.66),
        Element(_UNIT, 12, 0.52, 0.66, dead=98, rage=31, novice=2.0),
        Element(f"{_STEPS}(1)", 8, 0.28, 0.20, dead=95, rage=12, novice=2.0),
        _BACK,
        _SUBMIT,
    ),
    TERMS: (
        Element("#mandate_kind", 52, 0.40, 0.42),
        Element("#price", 47, 0.38, 0.54),
        Element("#fee_percent", 43, 0.38, 0.66),
        Element(_UNIT, 5, 0.52, 0.66, dead=97, rage=18, novice=1.6),
        Element(f"{_STEPS}(2)", 6, 0.40, 0.20, dead=95, rage=9, novice=2.0),
        _BACK,
        _SUBMIT,
    ),
}
SIZES = {"desktop": (1440, 1010, 820), "tablet": (834, 1120, 1040), "phone": (390, 1380, 700)}
"""Width of the window, height of the page, and of it what is in sight at first; pixels."""
_GOLDEN = 0x9E3779B97F4A7C15
_BITS = (1 << 64) - 1


def page_clicks(
    page: str, device: str, draw: int, *, novice: bool, refused: bool
) -> Iterator[tuple[float, Click]]:
    """The clicks of one visit, each at its share of the visit's time; `draw` is all its luck.

    Who is `refused` presses on, in a rage, and each press meets the error.
    """
    width, height, _ = SIZES[device]
    chance = _Chance(draw)
    for place, element in enumerate(ELEMENTS.get(page, ())):
        often = element.often * (element.novice if novice else 1.0)
        in_vain = refused and element.target == SUBMIT
        if not in_vain and chance.hundred() >= often:
            continue
        raging = in_vain or chance.hundred() < element.rage
        yield (
            0.15 + 0.1 * place,
            Click(
                target=element.target,
                x=round(0.2 + chance.hundred() / 170, 2),
                y=round(0.2 + chance.hundred() / 170, 2),
                page_x=int(width * element.x),
                page_y=int(height * element.y) + int(chance.hundred() / 8),
                viewport_width=width,
                document_height=height,
                rage=3 + int(chance.hundred() / 30) if raging else 0,
                dead=not in_vain and chance.hundred() < element.dead,
                error=in_vain,
            ),
        )


def page_left(page: str, device: str, draw: int, seconds: float) -> Leave | None:
    """How far the visit came down, and how long it was engaged; every second one tells."""
    if page not in ELEMENTS or draw & 1:
        return None
    _, height, seen = SIZES[device]
    chance = _Chance(draw ^ _GOLDEN)
    scrolled = max(0.0, chance.hundred() - 35) / 50
    lowest = int(min(height, seen + scrolled * (height - seen)))
    return Leave(
        scroll_px=lowest,
        scroll=round(lowest / height, 3),
        engaged_ms=round(seconds * (250 + 5 * chance.hundred())),
        visible_ms=round(seconds * 1000),
    )


class _Chance:
    """Numbers from 0 to 100 that follow from a first one: SplitMix64's steps, not a generator of
    random's a visit, which costs ten times as much."""

    def __init__(self, draw: int) -> None:
        self._state = draw

    def hundred(self) -> float:
        self._state = (self._state + _GOLDEN) & _BITS
        mixed = ((self._state ^ (self._state >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _BITS
        return (mixed >> 40) / (1 << 24) * 100

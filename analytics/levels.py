"""Which experience levels a report shows, and in what order."""

from collections.abc import Iterable, Sequence

from analytics.question import UNDECLARED

EVERYONE = ""


def shown(declared: Sequence[str], found: Iterable[str]) -> list[str]:
    """The site's levels in their order, others that were found (of older settings), and last
    `undeclared` where some session was."""
    found = set(found)
    others = sorted(found - {*declared, UNDECLARED})
    return [*declared, *others, *([UNDECLARED] if UNDECLARED in found else [])]

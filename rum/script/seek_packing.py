"""Seeks the packing of rum.js that gzip -9 makes least of: see pack.mjs, which asks it.

By the zlib that servers and `gzip` have: Node's finds other repeats, and is off by up to 60 bytes.
"""

import json
import math
import random
import re
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

UNNAMED = re.compile(r"(?<![\w$])(\$[\w$]+?\$)(?![\w$])")
WORSE_BYTES = 0.33
"""How much worse a step may be at the beginning, about, for what it may lead to."""

Text = tuple[str, ...]


@dataclass(frozen=True)
class Packing:
    order: list[int]
    names: dict[str, str]


class Script:
    """What is packed: its texts apart at every name that is to be chosen."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._before, self._fixed, self._after = (
            self._apart(given[part]) for part in ("before", "fixed", "after")
        )
        self._movable = [self._apart(text) for text in given["movable"]]

    def size(self, packing: Packing) -> int:
        pieces = [self._named(self._before, packing.names)]
        pieces += [self._named(self._movable[at], packing.names) + "," for at in packing.order]
        pieces += [self._named(text, packing.names) for text in (self._fixed, self._after)]
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        return len(packer.compress("".join(pieces).encode()) + packer.flush())

    @staticmethod
    def _apart(text: str) -> Text:
        return tuple(UNNAMED.split(text))

    @staticmethod
    def _named(text: Text, names: dict[str, str]) -> str:
        return "".join([names[one] if at % 2 else one for at, one in enumerate(text)])


def moved(packing: Packing, chance: random.Random) -> Packing:
    """One or a few that follow each other, elsewhere."""
    order = packing.order.copy()
    begin = chance.randrange(len(order))
    some = order[begin : begin + chance.choice((1, 1, 1, 2, 3))]
    del order[begin : begin + len(some)]
    to = chance.randrange(len(order) + 1)
    order[to:to] = some
    return replace(packing, order=order)


def renamed(packing: Packing, spare: Sequence[str], chance: random.Random) -> Packing:
    """Two that have swapped their names, or one that has a free one."""
    names = packing.names.copy()
    one = chance.choice(list(names))
    short = chance.choice(spare)
    other = next((name for name, of in names.items() if of == short), None)
    if other is not None:
        names[other] = names[one]
    names[one] = short
    return replace(packing, names=names)


def best(given: dict[str, Any], seconds: float) -> Packing:
    script = Script(given)
    chance = random.Random()
    now = least = Packing(list(range(len(given["movable"]))), given["names"])
    bytes_now = bytes_least = script.size(now)
    began = time.monotonic()
    while (passed := (time.monotonic() - began) / seconds) < 1:
        if chance.random() < 0.4:
            tried = moved(now, chance)
        else:
            tried = renamed(now, given["spare"], chance)
        more = script.size(tried) - bytes_now
        # Simulated annealing: a little worse may lead to better, ever less so.
        if more > 0 and chance.random() >= math.exp(-more / (WORSE_BYTES * (1 - passed))):
            continue
        now, bytes_now = tried, bytes_now + more
        if bytes_now <= bytes_least:
            least, bytes_least = now, bytes_now
    return least


def main() -> None:
    given = json.load(sys.stdin)
    found = best(given, given["seconds"])
    json.dump({"order": found.order, "names": found.names}, sys.stdout)


if __name__ == "__main__":
    main()

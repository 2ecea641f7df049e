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
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

UNNAMED = re.compile(r"(?<![\w$])(\$[\w$]+?\$)(?![\w$])")
WORSE_BYTES = 0.33
"""How much worse a step may be at the beginning, about, for what it may lead to."""

Names = dict[str, str]


@dataclass(frozen=True)
class Packing:
    """The order of what is movable, what every name is, and the texts under those names."""

    order: list[int]
    names: Names
    texts: list[str]


class Script:
    """What is packed: its texts apart at every name that is to be chosen."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.clashes: dict[str, list[str]] = given["clashes"]
        self.all = list(self.clashes)
        self.spare: list[str] = given["spare"]
        whole = [*given["movable"], given["before"], given["fixed"], given["after"]]
        self._apart = [tuple(UNNAMED.split(text)) for text in whole]
        self._uses: dict[str, set[int]] = defaultdict(set)
        for number, text in enumerate(self._apart):
            for name in text[1::2]:
                self._uses[name].add(number)

    def packing(self, order: list[int], names: Names) -> Packing:
        return Packing(order, names, [self._named(text, names) for text in self._apart])

    def moved(self, packing: Packing, chance: random.Random) -> Packing:
        """One or a few that follow each other, elsewhere."""
        order = packing.order.copy()
        begin = chance.randrange(len(order))
        some = order[begin : begin + chance.choice((1, 1, 1, 2, 3))]
        del order[begin : begin + len(some)]
        to = chance.randrange(len(order) + 1)
        order[to:to] = some
        return Packing(order, packing.names, packing.texts)

    def renamed(self, packing: Packing, chance: random.Random) -> Packing:
        """One that has another name; those that clash with it have its old one, if they may."""
        one = chance.choice(self.all)
        was, new = packing.names[one], chance.choice(self.spare)
        changed = {one: new}
        for other in self.clashes[one]:
            if packing.names[other] == new:
                changed[other] = was
                if any(
                    packing.names[third] == was for third in self.clashes[other] if third != one
                ):
                    return packing
        names = packing.names | changed
        texts = packing.texts.copy()
        for number in set().union(*(self._uses[name] for name in changed)):
            texts[number] = self._named(self._apart[number], names)
        return Packing(packing.order, names, texts)

    @staticmethod
    def size(packing: Packing) -> int:
        *_, before, fixed, after = packing.texts
        movable = ",".join([packing.texts[at] for at in packing.order])
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        return len(packer.compress(f"{before}{movable},{fixed}{after}".encode()) + packer.flush())

    @staticmethod
    def _named(text: tuple[str, ...], names: Names) -> str:
        return "".join([names[one] if at % 2 else one for at, one in enumerate(text)])


def best(given: dict[str, Any], seconds: float) -> Packing:
    script = Script(given)
    chance = random.Random()
    now = least = script.packing(list(range(len(given["movable"]))), given["names"])
    bytes_now = bytes_least = script.size(now)
    began = time.monotonic()
    while (passed := (time.monotonic() - began) / seconds) < 1:
        tried = (script.moved if chance.random() < 0.3 else script.renamed)(now, chance)
        if tried is now:
            continue
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

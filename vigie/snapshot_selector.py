"""Finds the elements of a recorded page by the selectors that rum.js writes.

They are steps from a named element down, "#results>li:nth-of-type(3)>button.contact", as
rum/script/selector.ts makes them: no others need be understood. What lies in a shadow root, or is
named by an attribute that recordings do not keep, is not found.
"""

import re
from collections.abc import Iterator
from itertools import islice

from vigie.snapshot_tree import Node

INTO_SHADOW = " >>> "
_STEP = re.compile(
    r'(?:\[(?P<attribute>[\w-]+)="(?P<value>[^"]*)"\]'
    r"|#(?P<id>[\w-]+)"
    r"|(?P<tag>[A-Za-z][\w-]*)(?P<classes>(?:\.[\w-]+)*))"
    r"(?::nth-of-type\((?P<place>\d{1,6})\))?"
)


def find(root: Node, selector: str) -> Node | None:
    """The element, where exactly one is meant; None where none is, or several are."""
    if INTO_SHADOW in selector:
        return None
    steps = [_STEP.fullmatch(step) for step in selector.split(">")]
    found: list[Node] = []
    for number, step in enumerate(steps):
        if step is None:
            return None
        if number == 0:
            candidates: Iterator[Node] = root.walk()
        else:
            candidates = (child for node in found for child in node.children)
        found = [node for node in candidates if node.tag and _is(node, step)]
        if step["place"]:
            found = _at_place(found, int(step["place"]))
    return found[0] if len(found) == 1 else None


def _is(node: Node, step: re.Match[str]) -> bool:
    if name := step["attribute"]:
        return bool(node.attributes.get(name) == step["value"])
    if step["id"]:
        return bool(node.attributes.get("id") == step["id"])
    return node.tag == step["tag"].lower() and _has_classes(node, step["classes"])


def _has_classes(node: Node, classes: str) -> bool:
    own = str(node.attributes.get("class") or "").split()
    return all(name in own for name in classes.split(".") if name)


def _at_place(nodes: list[Node], place: int) -> list[Node]:
    """Those at that place, from 1, among their siblings of one tag. Siblings are gone through once,
    however many of them are among the nodes."""
    there: dict[tuple[int, str], Node | None] = {}
    kept = []
    for node in nodes:
        key = (id(node.parent), node.tag)
        if key not in there:
            siblings = node.parent.children if node.parent else [node]
            same = (other for other in siblings if other.tag == node.tag)
            there[key] = next(islice(same, place - 1, None), None) if place else None
        if there[key] is node:
            kept.append(node)
    return kept

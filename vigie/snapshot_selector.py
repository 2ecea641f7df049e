"""Finds the elements of a recorded page by the selectors that rum.js writes.

They are steps from a named element down, "#results>li:nth-of-type(3)>button.contact", as
rum/script/selector.ts makes them: no others need be understood. What lies in a shadow root, or is
named by an attribute that recordings do not keep, is not found.
"""

import re
from collections.abc import Iterator

from vigie.snapshot_tree import Node

INTO_SHADOW = " >>> "
_STEP = re.compile(
    r'(?:\[(?P<attribute>[\w-]+)="(?P<value>[^"]*)"\]'
    r"|#(?P<id>[\w-]+)"
    r"|(?P<tag>[A-Za-z][\w-]*)(?P<classes>(?:\.[\w-]+)*))"
    r"(?::nth-of-type\((?P<place>\d+)\))?"
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
    return found[0] if len(found) == 1 else None


def _is(node: Node, step: re.Match[str]) -> bool:
    if step["attribute"]:
        if node.attributes.get(step["attribute"]) != step["value"]:
            return False
    elif step["id"]:
        if node.attributes.get("id") != step["id"]:
            return False
    elif node.tag != step["tag"].lower() or not _has_classes(node, step["classes"]):
        return False
    return not step["place"] or _place(node) == int(step["place"])


def _has_classes(node: Node, classes: str) -> bool:
    own = str(node.attributes.get("class") or "").split()
    return all(name in own for name in classes.split(".") if name)


def _place(node: Node) -> int:
    """Among its siblings of one tag, from 1."""
    siblings = node.parent.children if node.parent else [node]
    same = [other for other in siblings if other.tag == node.tag]
    return next(place for place, other in enumerate(same, 1) if other is node)

"""A recorded page as a tree: rrweb's full snapshot, and the changes up to a moment.

What a recording says came from a browser: nothing of it is taken for granted.
https://github.com/rrweb-io/rrweb/blob/master/docs/recipes/dive-into-event.md
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

NODES_MAX = 20_000
DEPTH_MAX = 200
WORK_MAX = 1_000_000
CHANGE_WORK = 20
"""Of a change, which may move all that stand beside it; one that has to wait costs 1."""
DOCUMENT, ELEMENT, TEXT = 0, 2, 3
FULL_SNAPSHOT, INCREMENTAL, META = 2, 3, 4
MUTATION = 0


class Node(Struct, kw_only=True, eq=False):
    """An element when it has a `tag`, else a text; the document has neither."""

    number: int
    tag: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    children: list["Node"] = field(default_factory=list)
    parent: "Node | None" = None

    def walk(self) -> Iterator["Node"]:
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)


class Tree:
    """One page. Raises ValueError for more nodes than NODES_MAX, deeper than DEPTH_MAX, or whose
    changes are more work than WORK_MAX."""

    def __init__(self, snapshot: Any) -> None:
        self._nodes: dict[int, Node] = {}
        self._work = 0
        self.root = self._made(snapshot, 0) or Node(number=0)

    def change(self, data: Mapping[str, Any]) -> None:
        """Take in one mutation. What refers to nodes that are not there is left out."""
        for each in _dicts(data.get("removes")):
            self._spend(CHANGE_WORK)
            self._remove(self._nodes.get(_number(each.get("id"))))
        waiting = list(_dicts(data.get("adds")))
        while waiting:  # an addition may come before the one it stands beside
            left = [each for each in waiting if not self._add(each)]
            if len(left) == len(waiting):
                break
            waiting = left
        for each in _dicts(data.get("texts")):
            self._spend(CHANGE_WORK)
            node = self._nodes.get(_number(each.get("id")))
            if node is not None:
                node.text = str(each.get("value") or "")
        for each in _dicts(data.get("attributes")):
            self._spend(CHANGE_WORK)
            node = self._nodes.get(_number(each.get("id")))
            changed = each.get("attributes")
            if node is not None and isinstance(changed, dict):
                node.attributes = {**node.attributes, **changed}

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > WORK_MAX:
            raise ValueError("the recorded page changes too often to be drawn")

    def _add(self, each: Mapping[str, Any]) -> bool:
        self._spend(1)
        parent = self._nodes.get(_number(each.get("parentId")))
        after = each.get("nextId")
        following = None if after is None else self._nodes.get(_number(after))
        if parent is None or (after is not None and following is None):
            return False
        self._spend(CHANGE_WORK)
        node = self._made(each.get("node"), _depth(parent))
        if node is not None:
            self._place(node, parent, following)
        return True

    def _place(self, node: Node, parent: Node, following: Node | None) -> None:
        node.parent = parent
        if following is not None and following.parent is parent:
            parent.children.insert(parent.children.index(following), node)
        else:
            parent.children.append(node)

    def _remove(self, node: Node | None) -> None:
        if node is None or node.parent is None:
            return
        node.parent.children.remove(node)
        node.parent = None
        for gone in node.walk():
            self._nodes.pop(gone.number, None)

    def _made(self, raw: Any, depth: int) -> Node | None:
        """The node and all below it; None for what shows nothing, as comments."""
        if not isinstance(raw, dict):
            return None
        kind, number = raw.get("type"), _number(raw.get("id"))
        if depth > DEPTH_MAX or len(self._nodes) >= NODES_MAX:
            raise ValueError("the recorded page is too large to be drawn")
        if kind == TEXT:
            node = Node(number=number, text=str(raw.get("textContent") or ""))
        elif kind == ELEMENT:
            attributes = raw.get("attributes")
            node = Node(
                number=number,
                tag=str(raw.get("tagName") or "").lower(),
                attributes=dict(attributes) if isinstance(attributes, dict) else {},
            )
        elif kind == DOCUMENT:
            node = Node(number=number)
        else:
            return None
        if number in self._nodes:  # moved: rrweb removes it first, but not within one mutation
            self._remove(self._nodes[number])
        self._nodes[number] = node
        for child in _dicts(raw.get("childNodes")):
            made = self._made(child, depth + 1)
            if made is not None:
                made.parent = node
                node.children.append(made)
        return node


def page_at(events: Iterable[Mapping[str, Any]], until_ms: float) -> tuple[Tree, int] | None:
    """The page as it stood then, and the width of its window in pixels (0: not told); None when the
    events have no whole page before. They are in order. Raises ValueError when it is too large."""
    tree: Tree | None = None
    width = 0
    for event in events:
        data, kind = event.get("data"), event.get("type")
        if tree is not None and event["timestamp"] > until_ms:
            break
        if not isinstance(data, dict):
            continue
        if kind == META:
            width = max(0, min(4_000, _number(data.get("width"))))
        elif kind == FULL_SNAPSHOT:
            tree = Tree(data.get("node"))
        elif kind == INCREMENTAL and tree is not None and data.get("source") == MUTATION:
            tree.change(data)
    return (tree, width) if tree is not None else None


def _depth(node: Node) -> int:
    depth = 0
    above: Node | None = node
    while above is not None:
        depth, above = depth + 1, above.parent
    return depth


def _dicts(value: Any) -> Iterator[Mapping[str, Any]]:
    listed = value if isinstance(value, list) else ()
    return (each for each in listed if isinstance(each, dict))


def _number(value: Any) -> int:
    return value if isinstance(value, int) else -1

"""A page out of a recording: its tree, the elements clicked on it, and nothing that can harm."""

from typing import Any

import pytest

from vigie.snapshot_page import Mark, page_html
from vigie.snapshot_selector import find
from vigie.snapshot_tree import CHANGE_WORK, NODES_MAX, WORK_MAX, Tree, page_at

Raw = dict[str, Any]


class Maker:
    """Nodes as rrweb writes them, numbered in the order in which they are made."""

    def __init__(self) -> None:
        self.made = 0

    def element(self, tag: str, *children: Raw, **attributes: Any) -> Raw:
        self.made += 1
        names = {name.rstrip("_").replace("__", ":"): each for name, each in attributes.items()}
        return {
            "type": 2, "id": self.made, "tagName": tag, "attributes": names,
            "childNodes": list(children),
        }  # fmt: skip

    def text(self, content: str) -> Raw:
        self.made += 1
        return {"type": 3, "id": self.made, "textContent": content}

    def document(self, *body: Raw, head: tuple[Raw, ...] = ()) -> Raw:
        page = self.element(
            "html", self.element("head", *head), self.element("body", *body, class_="site")
        )
        self.made += 1
        return {"type": 0, "id": self.made, "childNodes": [{"type": 1, "id": 9_999}, page]}


def html_of(*body: Raw, head: tuple[Raw, ...] = (), maker: Maker | None = None) -> str:
    return page_html(Tree((maker or Maker()).document(*body, head=head)), {})


def test_what_a_page_shows_is_kept() -> None:
    make = Maker()
    page = html_of(
        make.element("h1", make.text("***** & <b>")),
        make.element("input", type="text", value="****", id="name"),
        make.element("img", src="data:image/png;base64,AAAA"),
        make.element("div", rr_width="20px", rr_height="8px"),
        head=(make.element("style", make.text("h1{color:red}")),
              make.element("link", rel="stylesheet", _cssText=".site{margin:0}")),
        maker=make,
    )  # fmt: skip
    assert '<body class="site">' in page
    assert "<h1>***** &amp; &lt;b&gt;</h1>" in page
    assert '<input type="text" value="****" id="name">' in page
    assert '<img src="data:image/png;base64,AAAA">' in page
    assert '<div style="width:20px;height:8px"></div>' in page
    assert "<style>h1{color:red}</style>" in page
    assert "<style>.site{margin:0}</style>" in page


def test_what_could_do_harm_is_left_out() -> None:
    make = Maker()
    page = html_of(
        make.element("script", make.text("alert(1)")),
        make.element("p", make.text("x"), onclick="alert(2)", style="color:red"),
        make.element("a", make.text("y"), href="javascript:alert(3)", target="_top"),
        make.element("img", src="https://evil.example/x.png", onerror="alert(4)"),
        make.element("iframe", src="https://evil.example/", srcdoc="<script>alert(5)</script>"),
        make.element("form", make.element("button"), action="https://evil.example/"),
        make.element("svg", make.element("use", xlink__href="https://evil.example/#a")),
        make.element('p onload="alert(6)"', make.text("z")),
        make.element("meta", http_equiv="refresh", content="0;url=https://evil.example/"),
        make.element("base", href="https://evil.example/"),
        make.element("img", src="data:text/html,<script>alert(7)</script>"),
        make.element("p", class_='"><script>alert(8)</script>'),
        make.element("p", **{"aria-x onload=alert(10) y": "z"}),
        make.element("svg", make.element("style", make.text("<img src=x onerror=alert(11)>"))),
        head=(make.element("style", make.text("</style><script>alert(9)</script>")),),
        maker=make,
    )
    assert "<script" not in page
    assert "evil.example" not in page
    assert "javascript:" not in page
    assert not any(name in page for name in ("onclick", "onload", "srcdoc", "refresh"))
    assert "<img src" not in page
    assert page.count("</style>") == 3


def test_a_moment_takes_in_what_changed_before_it() -> None:
    make = Maker()
    listed = make.element("ul", make.element("li", make.text("old")), id="results")
    document = make.document(listed)
    old = listed["childNodes"][0]

    def mutation(at: int, **data: Any) -> Raw:
        return {"type": 3, "timestamp": at, "data": {"source": 0, **data}}

    new = make.element("li", make.text("new"), class_="fresh")
    newer = make.element("li", make.text("newer"))
    events = [
        {"type": 4, "timestamp": 0, "data": {"width": 800, "height": 600}},
        {"type": 2, "timestamp": 1, "data": {"node": document}},
        mutation(
            2,
            removes=[{"parentId": listed["id"], "id": old["id"]}],
            adds=[
                {"parentId": listed["id"], "nextId": newer["id"], "node": new},
                {"parentId": listed["id"], "nextId": None, "node": newer},
                {"parentId": 77_777, "nextId": None, "node": make.element("li")},
            ],
            texts=[{"id": 88_888, "value": "nobody"}],
            attributes=[{"id": listed["id"], "attributes": {"class": "shown", "id": None}}],
        ),
        mutation(9, removes=[{"parentId": listed["id"], "id": new["id"]}]),
    ]
    page = page_at(events, 5)
    assert page
    tree, width = page
    assert width == 800
    shown = '<ul class="shown"><li class="fresh">new</li><li>newer</li></ul>'
    assert shown in page_html(tree, {})
    assert page_at(events[:1], 5) is None


def test_elements_are_found_as_rum_js_names_them() -> None:
    make = Maker()
    contact = make.element("button", class_="contact wide")
    items = [make.element("li", make.element("button", class_="contact")) for _ in range(2)]
    third = make.element("li", contact)
    tree = Tree(
        make.document(
            make.element("ul", *items, third, id="results"),
            make.element("div", make.element("p"), class_="a"),
            make.element("div", class_="a b"),
        )
    )

    def found(selector: str) -> int | None:
        node = find(tree.root, selector)
        return node.number if node else None

    assert found("#results>li:nth-of-type(3)>button.contact") == contact["id"]
    assert found("body>div.a.b") is not None
    assert found("body>div.a:nth-of-type(1)>p") is not None
    for selector in (
        "#results>li>button.contact",  # several
        "#nowhere",
        "#results>li:nth-of-type(9)",
        "x-host >>> button",
        '[data-vigie="sign"]',
        "li:hover",
        "",
    ):
        assert found(selector) is None


def test_clicks_stand_on_their_elements() -> None:
    make = Maker()
    button = make.element("button", make.text("***"), id="buy")
    field = make.element("select", make.element("option"), id="kind")
    tree = Tree(make.document(button, field))
    marks = {button["id"]: Mark("41 %", "2"), field["id"]: Mark('<3> "in vain"', "bad")}
    page = page_html(tree, marks)
    assert (
        '<button id="buy" data-vigie-heat="2">***<vigie-badge>41 %</vigie-badge></button>' in page
    )
    assert "</select><vigie-badge data-bad>&lt;3&gt; &quot;in vain&quot;</vigie-badge>" in page


def test_a_page_too_large_or_too_deep_is_not_drawn() -> None:
    make = Maker()
    with pytest.raises(ValueError, match="too large"):
        Tree(make.document(*(make.element("i") for _ in range(NODES_MAX + 1))))
    deep = make.element("i")
    for _ in range(500):
        deep = make.element("i", deep)
    with pytest.raises(ValueError, match="too large"):
        Tree(make.document(deep))


def test_a_page_that_changes_without_end_is_not_drawn() -> None:
    make = Maker()
    document = make.document()
    change = {"parentId": document["id"], "nextId": None, "node": make.text("x"), "id": 77_777}
    for kind in ("adds", "removes", "texts", "attributes"):
        tree = Tree(document)
        tree.change({kind: [change] * 1_000})
        with pytest.raises(ValueError, match="too often"):
            tree.change({kind: [change] * (WORK_MAX // CHANGE_WORK)})
    each_waits_for_the_next = [
        {**change, "nextId": number + 1, "node": {"type": 3, "id": number}}
        for number in range(1_000, 3_000)
    ]
    each_waits_for_the_next[-1]["nextId"] = None
    with pytest.raises(ValueError, match="too often"):
        Tree(document).change({"adds": each_waits_for_the_next})


def test_a_place_among_very_many_is_found() -> None:
    make = Maker()
    items = [make.element("li") for _ in range(NODES_MAX - 100)]
    tree = Tree(make.document(make.element("ul", *items)))
    node = find(tree.root, f"li:nth-of-type({len(items)})")
    assert node
    assert node.number == items[-1]["id"]
    assert find(tree.root, f"li:nth-of-type({len(items) + 1})") is None
    assert find(tree.root, "li:nth-of-type(0)") is None


def test_half_an_emoji_is_shown_as_what_cannot_be_read() -> None:
    make = Maker()
    page = html_of(make.element("p", make.text("a\ud83d"), id="\ud83d"), maker=make)
    assert '<p id="?">a?</p>' in page


def test_junk_is_an_empty_page() -> None:
    several: tuple[Any, ...] = (
        None,
        [],
        "x",
        {},
        {"type": 2},
        {"type": 0, "childNodes": [None, 3]},
        {"type": 0, "childNodes": 3},
    )
    for junk in several:
        assert page_html(Tree(junk), {}).startswith("<!doctype html>")

"""A recorded page as HTML that does nothing: no script, no request, no way out; with its clicks.

What may stand in it is a list of elements and attributes; all else is left out. Its answer's policy
forbids what the list should not have let through, and it is shown in a frame without rights.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from msgspec import Struct

from vigie.snapshot_tree import Node, Tree

POLICY = "; ".join(
    (
        "sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "font-src data:",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
)
VOID = frozenset({"area", "br", "col", "hr", "img", "input", "wbr"})
_SILENT = (
    "script noscript template base meta object embed applet frame frameset iframe portal xmp "
    "plaintext noembed noframes title param source track audio video canvas"
)
_HTML = (
    "id class type value placeholder width height rowspan colspan span dir lang hidden disabled "
    "readonly multiple size rows cols wrap align valign border cellpadding cellspacing bgcolor "
    "color face nowrap open checked selected start reversed label alt"
)
_SVG = (
    "viewbox preserveaspectratio d x y x1 y1 x2 y2 cx cy r rx ry dx dy fx fy points transform "
    "opacity fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap "
    "stroke-linejoin stroke-dasharray offset stop-color stop-opacity clip-path clip-rule mask "
    "text-anchor font-family font-size font-weight gradientunits gradienttransform"
)
LEFT_OUT = frozenset(f"{_SILENT} link".split())
"""With all they hold. What plays or is framed shows nothing in a recording anyway."""
ATTRIBUTES = frozenset(f"{_HTML} {_SVG}".split())
TYPES = frozenset(
    {"button", "checkbox", "file", "hidden", "image", "radio", "range", "reset", "submit"}
)
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_TAG_BEGINS = re.compile(r"<(?=[A-Za-z/!?])")
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml)[;,]", re.IGNORECASE)
_BADGES = """
[data-vigie-heat]{outline:3px solid #284fc2!important;outline-offset:1px}
[data-vigie-heat="2"]{outline-color:#7a3fc0!important}
[data-vigie-heat="3"]{outline-color:#b3246f!important}
[data-vigie-heat="bad"]{outline:3px dashed #c4301c!important}
vigie-badge{position:absolute!important;z-index:2147483647!important;
margin:-0.7em 0 0 2px!important;padding:1px 6px!important;border-radius:9px!important;
background:#161a22!important;color:#fff!important;font:600 11px/1.5 system-ui,sans-serif!important;
letter-spacing:0!important;text-transform:none!important;text-decoration:none!important;
white-space:nowrap!important;pointer-events:none!important}
vigie-badge[data-bad]{background:#c4301c!important}
:is(input,select,textarea)+vigie-badge{transform:translateX(-100%)!important}
"""


class Mark(Struct, frozen=True):
    """What is said on an element: `heat` 1 to 3, or "bad"."""

    words: str
    heat: str


def page_html(tree: Tree, marks: Mapping[int, Mark]) -> str:
    """The page, its elements marked by their nodes' numbers."""
    written: list[str] = ["<!doctype html>"]
    _write(tree.root, marks, written)
    written.append(f"<style>{_BADGES}</style>")
    # JSON can hold half a pair of surrogates, as of an emoji that a page cut in two.
    return "".join(written).encode("utf-8", "replace").decode()


def _write(node: Node, marks: Mapping[int, Mark], written: list[str]) -> None:
    if not node.tag:
        if node.text:
            written.append(escape(node.text))
        for child in node.children:
            _write(child, marks, written)
        return
    if node.tag == "style" or (node.tag == "link" and "_cssText" in node.attributes):
        written.append(f"<style>{_css(_sheet(node))}</style>")
        return
    if node.tag in LEFT_OUT or not _NAME.fullmatch(node.tag):
        return
    mark = marks.get(node.number)
    heat = f' data-vigie-heat="{escape(mark.heat)}"' if mark else ""
    written.append(f"<{node.tag}{_attributes(node)}{heat}>")
    badge = _badge(mark) if mark else ""
    if node.tag in VOID:
        written.append(badge)
        return
    inside = node.tag not in ("select", "textarea", "option")
    for child in node.children:
        _write(child, marks, written)
    written.append(badge if inside else "")
    written.append(f"</{node.tag}>")
    written.append("" if inside else badge)


def _badge(mark: Mark) -> str:
    bad = " data-bad" if mark.heat == "bad" else ""
    return f"<vigie-badge{bad}>{escape(mark.words)}</vigie-badge>"


def _attributes(node: Node) -> str:
    kept = []
    for name, value in node.attributes.items():
        text = _attribute(node.tag, name.lower(), value)
        if text is not None:
            kept.append(f' {name.lower()}="{escape(text)}"')
    style = _style(node.attributes)
    return "".join(kept) + (f' style="{escape(style)}"' if style else "")


def _attribute(tag: str, name: str, value: Any) -> str | None:
    """The attribute's text, None to leave it out."""
    if value is None or value is False:
        return None
    text = "" if value is True else str(value)
    if name == "type" and tag == "input" and text not in TYPES:
        return "text"  # a masked number is none
    if name in ATTRIBUTES or (name.startswith("aria-") and _NAME.fullmatch(name)):
        return text
    if name == "src" and tag == "img" and _DATA_IMAGE.match(text):
        return text
    if name in ("href", "xlink:href") and tag in ("use", "a", "lineargradient", "radialgradient"):
        return text if text.startswith("#") else None
    return None


def _style(attributes: Mapping[str, Any]) -> str:
    """Its own style, and the size of what the recording left out."""
    value = attributes.get("style")
    parts = [value] if isinstance(value, str) else []
    if isinstance(value, dict):  # a change of single properties
        parts = [f"{name}:{each}" for name, each in value.items() if isinstance(each, str)]
    for name, recorded in (("width", "rr_width"), ("height", "rr_height")):
        if isinstance(size := attributes.get(recorded), str):
            parts.append(f"{name}:{size}")
    return ";".join(parts)


def _sheet(node: Node) -> str:
    inlined = node.attributes.get("_cssText")
    return inlined if isinstance(inlined, str) else "".join(child.text for child in node.children)


def _css(text: str) -> str:
    """Text that begins no element and ends none: within svg, a style holds elements as any other
    (https://html.spec.whatwg.org/multipage/parsing.html#parsing-main-inforeign)."""
    return _TAG_BEGINS.sub(r"\\3c ", text)

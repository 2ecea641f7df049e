"""Which of a page's scripts are rum.js's: the snippet, and what calls it."""

import re
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from vigie.site_check.page import PageSeen, ScriptTag

_OUR_FILE = re.compile(r"(?:^|/)rum(?:\.[0-9a-f]{16})?\.js$")
BEACON_PATH = "rum/v1/beacon"


class RumTag(Struct, frozen=True, kw_only=True):
    """The script tag of rum.js, resolved against its page. `place` counts all scripts from 0."""

    tag: ScriptTag
    address: str
    endpoint: str
    """Where it sends: what rum/script/tag.ts makes of it."""
    place: int

    @property
    def key(self) -> str:
        return self.tag.attributes.get("data-site", "")

    @property
    def name(self) -> str:
        return self.tag.attributes.get("data-name", "") or "vigie"

    @property
    def where(self) -> str:
        return where(self.tag)


def rum_tags(page: PageSeen) -> list[RumTag]:
    """Every tag that loads rum.js, in their order."""
    return [
        RumTag(
            tag=script,
            address=page.address(script.src),
            endpoint=_endpoint(script, page),
            place=place,
        )
        for place, script in enumerate(page.scripts)
        if script.src and _is_ours(script)
    ]


def stubs(page: PageSeen, name: str) -> list[tuple[int, ScriptTag]]:
    """Inline scripts that make the queue `name`, with their places."""
    word = re.escape(name)
    makes = re.compile(rf"\.q\s*(?:\|\|)?=|\[\s*['\"]{word}['\"]\s*\]\s*=|\b{word}\s*(?:\|\|)?=")
    return [
        (place, script)
        for place, script in enumerate(page.scripts)
        if not script.src and name in script.text and makes.search(script.text)
    ]


def calls(page: PageSeen, name: str) -> list[tuple[int, ScriptTag]]:
    """Inline scripts that call `name` with a command, with their places."""
    called = re.compile(rf"\b{re.escape(name)}\s*\(\s*['\"]")
    return [
        (place, script)
        for place, script in enumerate(page.scripts)
        if not script.src and called.search(script.text)
    ]


def where(script: ScriptTag) -> str:
    return f"line {script.line} of the page" if script.line else "put into the page by a script"


def written(tag: ScriptTag, **changes: str | None) -> str:
    """The tag as it would be with these attributes; None takes one away. "_" stands for "-"."""
    attributes = dict(tag.attributes)
    for name, value in changes.items():
        name = name.replace("_", "-")
        if value is None:
            attributes.pop(name, None)
        else:
            attributes[name] = value
    ordered = sorted(attributes.items(), key=lambda one: one[0] not in ("async", "defer"))
    texts = [name if value == "" else f'{name}="{value}"' for name, value in ordered]
    return f"<script {' '.join(texts)}></script>"


def _endpoint(script: ScriptTag, page: PageSeen) -> str:
    given = script.attributes.get("data-endpoint", "")
    return page.address(given) if given else urljoin(page.address(script.src), BEACON_PATH)


def _is_ours(script: ScriptTag) -> bool:
    return "data-site" in script.attributes or bool(_OUR_FILE.search(urlsplit(script.src).path))

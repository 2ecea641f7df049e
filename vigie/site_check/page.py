"""A page as it was seen: its scripts, its policies, and what came of them."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from msgspec import Struct, field


class ScriptTag(Struct, frozen=True, kw_only=True):
    """One <script>. `line` counts from 1 in the HTML; 0 where a script of the page put it there."""

    attributes: dict[str, str]
    text: str = ""
    line: int = 0

    @property
    def src(self) -> str:
        return self.attributes.get("src", "").strip()


class PageSeen(Struct, frozen=True, kw_only=True):
    """`url` is where redirects led. `rendered`: a browser ran its scripts, and `scripts` are those
    in place afterwards; else they are those of the HTML."""

    url: str
    scripts: tuple[ScriptTag, ...]
    policies: tuple[str, ...] = ()
    """Each Content-Security-Policy that holds, of headers and <meta>."""
    rendered: bool = False
    started: bool = False
    """Whether rum.js runs in it; False too where none was rendered."""
    sent: bool = False
    """Whether it sent a beacon of its own while it was open."""
    blocked: tuple[str, ...] = ()
    """What the browser said of requests that it blocked or that failed, "ADDRESS: reason"."""
    fault: str = ""
    """Why a browser could not be asked, where one was to be."""

    @property
    def origin(self) -> str:
        return origin_of(self.url)

    def address(self, src: str) -> str:
        return urljoin(self.url, src)


def origin_of(url: str) -> str:
    """ "https://shop.example:8443"; without the port where it is the scheme's own."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


class HtmlRead(Struct):
    """The scripts and the policies in an HTML text."""

    scripts: list[ScriptTag] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)


def read_html(text: str) -> HtmlRead:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = HtmlRead()
        self._open: ScriptTag | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "script":
            self._open = ScriptTag(attributes=attributes, line=self.getpos()[0])
            self._text = []
        elif (
            tag == "meta"
            and attributes.get("http-equiv", "").lower() == "content-security-policy"
            and attributes.get("content")
        ):
            self.found.policies.append(attributes["content"])

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._open is not None:
            opened, self._open = self._open, None
            self.found.scripts.append(
                ScriptTag(attributes=opened.attributes, text="".join(self._text), line=opened.line)
            )

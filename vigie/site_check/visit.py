"""Opening the page: in a browser, or else by reading its HTML."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from vigie.site_check.devtools import BrowserError, Tab, open_tab
from vigie.site_check.page import PageSeen, ScriptTag, read_html

AGENT = "VigieSiteCheck (monitor)"
"""In every User-Agent of ours. The collector takes a monitor for a bot, which no figure counts."""
BROWSER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0"
    f" Safari/537.36 {AGENT}"
)
"""For the whole browser: what DevTools overrides for a tab, its last beacons do without."""
LOADED_WITHIN_S = 30.0
STARTED_WITHIN_S = 4.0
"""After the load event, which waits for every script of the HTML."""
READ_WITHIN_S = 20.0
HTML_BYTES_MAX = 20_000_000

_SCRIPTS = """JSON.stringify([...document.scripts].map(script => ({
    attributes: Object.assign(
        Object.fromEntries([...script.attributes].map(each => [each.name, each.value])),
        // Browsers hide it from the attribute.
        script.nonce ? {nonce: script.nonce} : {}),
    text: script.src ? '' : script.text.slice(0, 100000),
})))"""
_STARTED = """new Promise(resolve => {
    const names = [...document.querySelectorAll('script[data-name]')].map(tag => tag.dataset.name);
    const end = performance.now() + %d;
    (function look() {
        const ready = ['vigie', ...names].some(name => window[name] && window[name].ready);
        if (ready || performance.now() > end) resolve(ready); else setTimeout(look, 50);
    })();
})"""
_POST = """(async () => {
    try {
        const options = {method: 'POST', body: %s, signal: AbortSignal.timeout(10000)};
        const answer = await fetch(%s, options);
        const text = answer.ok ? '' : (await answer.text()).slice(0, 500);
        return JSON.stringify({status: answer.status, text, date: answer.headers.get('date')});
    } catch (error) { return JSON.stringify({status: 0, text: String(error)}); }
})()"""


class Posted(Struct, frozen=True, kw_only=True):
    """What came of the test beacon; status 0: nothing did, and `text` says why."""

    status: int
    text: str = ""
    date: str | None = None


Post = Callable[[str, bytes], Posted]
"""Posts a beacon to an address as the page would."""


class ReadError(Exception):
    """The page cannot be read."""


def read_page(client: httpx.Client, url: str) -> PageSeen:
    """The page as its server sends it, no script run. Raises ReadError."""
    try:
        answer = client.get(url)
    except httpx.HTTPError as error:
        raise ReadError(f"{url} cannot be read: {error or type(error).__name__}") from error
    if answer.status_code >= 400:
        raise ReadError(f"{answer.url} answered {answer.status_code}")
    found = read_html(answer.text[:HTML_BYTES_MAX])
    headers = answer.headers.get_list("content-security-policy", split_commas=True)
    return PageSeen(
        url=str(answer.url),
        scripts=tuple(found.scripts),
        policies=tuple(each.strip() for each in headers if each.strip()) + tuple(found.policies),
    )


def http_post(client: httpx.Client, page: PageSeen) -> Post:
    """Posts as a browser on the page would, as far as headers go."""

    def post(address: str, body: bytes) -> Posted:
        headers = {"origin": page.origin, "content-type": "text/plain;charset=UTF-8"}
        try:
            answer = client.post(address, content=body, headers=headers)
        except httpx.HTTPError as error:
            return Posted(status=0, text=str(error) or type(error).__name__)
        text = "" if answer.is_success else answer.text[:500]
        return Posted(status=answer.status_code, text=text, date=answer.headers.get("date"))

    return post


@contextmanager
def visit(browser: str, read: PageSeen) -> Iterator[tuple[PageSeen, Post]]:
    """The page open in a browser, and how to post from it. Raises BrowserError."""
    with open_tab(browser, BROWSER_AGENT) as tab:
        for domain in ("Page", "Network", "Runtime"):
            tab.ask(f"{domain}.enable")
        went = tab.ask("Page.navigate", url=read.url)
        if went.get("errorText"):
            raise BrowserError(f"{read.url}: {went['errorText']}")
        tab.wait_for("Page.loadEventFired", LOADED_WITHIN_S)
        started = bool(tab.evaluate(_STARTED % (STARTED_WITHIN_S * 1000)))
        yield _seen(tab, read, started), _posting(tab)


def _seen(tab: Tab, read: PageSeen, started: bool) -> PageSeen:
    scripts = msgspec.json.decode(tab.evaluate(_SCRIPTS) or "[]", type=list[ScriptTag])
    return msgspec.structs.replace(
        read,
        url=str(tab.evaluate("location.href") or read.url).partition("#")[0],
        scripts=tuple(_placed(script, read.scripts) for script in scripts),
        rendered=True,
        started=started,
        sent=any("/rum/v1/beacon" in url for url in _posted(tab)),
        blocked=tuple(_blocked(tab)),
    )


def _placed(script: ScriptTag, written: tuple[ScriptTag, ...]) -> ScriptTag:
    """With the line where the HTML has it; 0 where it has it not."""
    same = (each.line for each in written if _alike(each, script))
    return msgspec.structs.replace(script, line=next(same, 0))


def _alike(one: ScriptTag, other: ScriptTag) -> bool:
    if not one.src:
        return one.text == other.text and not other.src
    hidden = {"nonce"}
    return {name: one.attributes.get(name, "") for name in one.attributes.keys() - hidden} == {
        name: other.attributes.get(name, "") for name in other.attributes.keys() - hidden
    }


def _posted(tab: Tab) -> list[str]:
    requests = (m["params"]["request"] for m in tab.messages if _is(m, "requestWillBeSent"))
    return [request["url"] for request in requests if request["method"] == "POST"]


def _blocked(tab: Tab) -> list[str]:
    addresses = {
        message["params"]["requestId"]: message["params"]["request"]["url"]
        for message in tab.messages
        if _is(message, "requestWillBeSent")
    }
    failed = (message["params"] for message in tab.messages if _is(message, "loadingFailed"))
    return [f"{addresses.get(each['requestId'], '')}: {_reason(each)}" for each in failed]


def _reason(failed: Mapping[str, Any]) -> str:
    return str(failed.get("blockedReason") or failed.get("errorText") or "failed")


def _is(message: Mapping[str, Any], name: str) -> bool:
    return bool(message["method"] == f"Network.{name}")


def _literal(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _posting(tab: Tab) -> Post:
    def post(address: str, body: bytes) -> Posted:
        said = tab.evaluate(_POST % (_literal(body.decode()), _literal(address)))
        if said is None:
            return Posted(status=0, text="the page's own scripts prevented it")
        return msgspec.json.decode(said, type=Posted)

    return post

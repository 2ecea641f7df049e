"""A page that is recorded behaves as before, breaks no policy, and is recorded on."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.browsing import flush, skip_until, visit
from tests.support.recorded import FULL, META, RECORDING, Recorded, snippet
from tests.support.site import WebSite, document
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser

STRICT = (
    "default-src 'none'; script-src 'nonce-abc'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; require-trusted-types-for 'script'; trusted-types vigie"
)
WATCH = """<script nonce="abc">
  window.violations = [];
  addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective));
</script>"""
BUSY = """() => {
    const p = document.querySelector('p');
    p.style.color = 'red';
    p.style.cssText += 'margin: 1px';
    p.setAttribute('data-x', '1');
    const sheet = new CSSStyleSheet();
    sheet.insertRule('p { color: blue }');
    document.adoptedStyleSheets = [sheet];
    sheet.cssRules[0].style.setProperty('color', 'green');
    document.body.append(document.createElement('iframe'), document.createElement('canvas'));
    p.attachShadow({mode: 'open'}).append('shadow');
}"""
METHODS = """() => [
    CSSStyleSheet.prototype.insertRule, CSSStyleSheet.prototype.deleteRule,
    CSSStyleSheet.prototype.replaceSync, CSSGroupingRule.prototype.insertRule,
    CSSStyleDeclaration.prototype.setProperty, CSSStyleDeclaration.prototype.removeProperty,
].map(method => [method.name, method.length, /native code/.test(String(method))])"""
THROWN = """() => {
    const sheet = new CSSStyleSheet(), thrown = [];
    const tries = [
        () => sheet.insertRule('not a rule'), () => sheet.insertRule('p {}', 7),
        () => sheet.deleteRule(3), () => sheet.insertRule(), () => document.body.attachShadow({}),
        () => CSSStyleSheet.prototype.insertRule.call({}, 'p {}'),
    ];
    for (const one of tries) try { one() } catch (error) { thrown.push(error.name) }
    return [thrown, sheet.insertRule('p {}'), sheet.insertRule('b {}', 1), sheet.cssRules.length];
}"""


@pytest.fixture
def recorded_page(recording_site: WebSite, recorded: Recorded, page: Page) -> Callable[[str], Page]:
    """A page with this body, that is being recorded."""

    def opens(body: str) -> Page:
        recording_site.pages["/"] = document(body, snippet=snippet())
        visit(page, recording_site.base + "/")
        recorded.wait_for_script(page)
        return page

    return opens


def test_the_strictest_policy_is_not_violated(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    tag = snippet().replace("async", 'async nonce="abc"')
    recording_site.page_headers = {"content-security-policy": STRICT}
    recording_site.pages["/"] = document("<p>words</p>", snippet=WATCH + tag)
    page.goto(recording_site.base + "/")
    # Not by wait_for_function, which needs eval.
    wait_for(lambda: page.evaluate(RECORDING), "the recorder", seconds=30)
    page.evaluate(BUSY)
    page.evaluate("document.querySelector('p').id = 'last-of-all'")
    flush(page)
    recorded.wait(lambda came: "last-of-all" in came.text, "the recording")
    assert page.evaluate("violations") == []
    assert recorded.notes("caught") == []


def test_the_page_finds_its_functions_as_they_were(
    recorded_page: Callable[[str], Page], recording_site: WebSite, context: BrowserContext
) -> None:
    page = recorded_page("<p>words</p>")
    plain = context.new_page()
    recording_site.pages["/plain"] = document("<p>words</p>", snippet="")
    plain.goto(recording_site.base + "/plain")
    assert page.evaluate(METHODS) == plain.evaluate(METHODS)
    assert page.evaluate(THROWN) == plain.evaluate(THROWN)
    page.evaluate("vigie('replay', 'denied')")
    assert page.evaluate(THROWN) == plain.evaluate(THROWN)


def test_what_another_tool_wrapped_since_stays_wrapped_when_recording_ends(
    recorded_page: Callable[[str], Page],
) -> None:
    page = recorded_page("<input id=field>")
    page.evaluate("""() => {
        window.seen = [];
        for (const [owner, name] of [[CSSStyleSheet.prototype, 'insertRule'],
                                     [Element.prototype, 'attachShadow']]) {
            const before = owner[name];
            owner[name] = function () { seen.push(name); return before.apply(this, arguments) };
        }
    }""")
    page.evaluate("vigie('replay', 'denied')")
    page.evaluate("""() => {
        new CSSStyleSheet().insertRule('p {}');
        document.createElement('div').attachShadow({mode: 'open'});
        document.querySelector('#field').value = 'typed';
    }""")
    assert page.evaluate("seen") == ["insertRule", "attachShadow"]
    assert page.input_value("#field") == "typed"


def test_the_pages_elements_are_not_touched(recorded_page: Callable[[str], Page]) -> None:
    page = recorded_page("<input id=field type=password>")
    page.evaluate("document.querySelector('#field').type = 'text'")
    page.type("#field", "hello")
    assert page.evaluate("document.querySelector('#field').outerHTML") == (
        '<input id="field" type="text">'
    )


def test_a_page_back_from_the_cache_is_recorded_anew(
    recorded_page: Callable[[str], Page], recording_site: WebSite, recorded: Recorded
) -> None:
    page = recorded_page("<p>words</p>")
    page.evaluate("window.kept = true")
    recording_site.pages["/other"] = document("other", snippet="")
    page.goto(recording_site.base + "/other")
    recorded.wait(lambda came: len(came.of_type(FULL)) == 1, "the first recording")
    page.go_back(wait_until="commit")
    assert page.evaluate("window.kept"), "the page did not come from the cache"
    page.evaluate("document.querySelector('p').id = 'after-return'")
    flush(page)
    recorded.wait(lambda came: "after-return" in came.text, "the second recording")
    assert len(recorded.of_type(FULL)) == len(recorded.of_type(META)) == 2
    numbers = [chunk.header["number"] for chunk in recorded.chunks]
    assert numbers == list(range(len(numbers)))
    assert len({chunk.header["load"] for chunk in recorded.chunks}) == 1


def test_a_new_session_is_a_new_recording(
    recording_site: WebSite, recorded: Recorded, page: Page
) -> None:
    page.clock.install()
    recording_site.pages["/"] = document("<p>words</p>", snippet=snippet())
    visit(page, recording_site.base + "/")
    recorded.wait_for_script(page)
    skip_until(page, lambda: recorded.chunks, "the first recording")
    page.clock.fast_forward(16 * 60_000)
    page.mouse.click(5, 5)
    skip_until(
        page, lambda: len({chunk.header["session"] for chunk in recorded.chunks}) == 2, "the second"
    )
    second = recorded.chunks[-1]
    assert [event["type"] for event in second.events][:2] == [META, FULL]
    identities = [chunk.identity[1:] for chunk in recorded.chunks]
    assert len(set(identities)) == len(identities)


def test_a_view_within_the_page_is_noted(
    recorded_page: Callable[[str], Page], recorded: Recorded
) -> None:
    page = recorded_page("<p>words</p>")
    page.evaluate("history.pushState({}, '', '/users/12345?token=a')")
    flush(page)
    recorded.wait(lambda came: came.notes("view"), "the note")
    assert recorded.notes("view") == [{"number": 2, "page": "/users/?"}]
    assert len(recorded.of_type(FULL)) == 1


def test_what_was_done_last_is_recorded_when_the_page_is_left(
    recorded_page: Callable[[str], Page], recorded: Recorded
) -> None:
    page = recorded_page("<p>words</p>")
    page.evaluate("document.querySelector('p').id = 'last-of-all'")
    page.goto("about:blank")
    recorded.wait(lambda came: "last-of-all" in came.text, "the last change")

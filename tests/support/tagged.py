"""Pages with settings in their tag, that count what storage is asked for; and an end marker."""

from playwright.sync_api import Page

from tests.support.browsing import leave, visit
from tests.support.capture import Capture
from tests.support.site import SNIPPET, WebSite, document

COUNT_STORAGE = """(() => {
    const real = {};
    window.touched = [];
    const places = [[window, 'localStorage'], [window, 'sessionStorage'], [window, 'indexedDB'],
        [Document.prototype, 'cookie']];
    for (const [owner, name] of places) {
        const {get, set} = Object.getOwnPropertyDescriptor(owner, name);
        real[name] = get;
        Object.defineProperty(owner, name, {
            configurable: true,
            get() { touched.push(name); return get.call(this) },
            set(value) { touched.push(name); set.call(this, value) },
        });
    }
    const keys = area => Object.keys(real[area].call(window));
    window.stored = () => [...keys('localStorage'), ...keys('sessionStorage'),
        real.cookie.call(document)].join(' ').trim();
})()"""
"""Afterwards `touched` names each use of a place where a page may store, and stored() the keys."""

PRIVACY_CONTROL = """
Object.defineProperty(navigator, 'globalPrivacyControl', {value: true, configurable: true});"""


def tagged(settings: str, *, body: str = "<h1>Start</h1><button>b</button>", head: str = "") -> str:
    """A page whose tag has these settings: 'data-sample="0.5"'."""
    return document(body, snippet=SNIPPET.replace("async", f"async {settings}"), head=head)


def end(page: Page, site: WebSite, capture: Capture) -> None:
    """Leave the page, and have one after it tell of itself: what the first had to say has come."""
    leave(page)
    site.pages["/marker"] = document(
        snippet="<script>vigie=function(){(vigie.q=vigie.q||[]).push(arguments)};"
        "vigie('consent','granted');vigie('event','marker')</script>" + SNIPPET
    )
    visit(page, site.base + "/marker")
    capture.wait_for_event(name="marker")
    leave(page)


def pages_told(capture: Capture) -> set[str]:
    """The pages that anything was told of, but for the marker's."""
    told = {event["page"] for beacon in capture.beacons for event in beacon.json["events"]}
    return told - {"/marker"}

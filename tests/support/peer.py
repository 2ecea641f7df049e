"""Google's web-vitals beside rum.js in one page, and whether the two agree."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.support.capture import Capture
from tests.support.site import WebSite

# What it says is kept in localStorage, by the returns of the page from the back/forward cache.
PEER = """
<script src="/peer/web-vitals.attribution.iife.js"></script>
<script>
  (() => {
    let said = [{}]
    const keep = () => localStorage.setItem('said' + location.pathname, JSON.stringify(said))
    addEventListener('pageshow', event => { if (event.persisted) said.push({}) }, true)
    const note = ({name, value, attribution}) => {
      const plain = {value}
      for (const [key, part] of Object.entries(attribution)) {
        if (['string', 'number'].includes(typeof part)) plain[key] = part
      }
      const script = attribution.longestScript
      if (script) {
        plain.script = script.entry.sourceURL
        plain.scriptTime = script.intersectingDuration
      }
      said[said.length - 1][name.toLowerCase()] = plain
      keep()
    }
    for (const on of ['onCLS', 'onFCP', 'onINP', 'onLCP', 'onTTFB']) {
      webVitals[on](note, {reportAllChanges: true})
    }
  })()
</script>
"""

# A page with something slow, late and shifting to be had.
LISTINGS = """
<h1 id="title">Listings</h1><div id="gap"></div><div id="notice"></div>
<p id="text">Text that is pushed down, again and again.</p>
<button id="slow">Slow</button><button id="quick">Quick</button><input id="field">
<script>
  const wait = (ms) => { const end = performance.now() + ms; while (performance.now() < end); }
  let busy = 0
  document.getElementById('slow').onclick = () => wait(busy)
  document.getElementById('field').onkeydown = () => wait(busy)
  const grow = (pixels, id = 'gap') => {
    const gap = document.getElementById(id)
    gap.style.height = gap.offsetHeight + pixels + 'px'
  }
  const place = (name) => {
    const image = new Image()
    image.id = 'hero'
    image.src = '/pictures/' + name
    image.width = 400
    document.body.append(image)
    return image.decode()
  }
</script>
"""

NAMES: tuple[str, ...] = ("lcp", "inp", "cls", "fcp", "ttfb")

# Ours by theirs: (metric, part of its attribution).
PARTS = {
    "lcp_target": ("lcp", "target"),
    "lcp_url": ("lcp", "url"),
    "lcp_load_delay": ("lcp", "resourceLoadDelay"),
    "lcp_load_time": ("lcp", "resourceLoadDuration"),
    "lcp_render_delay": ("lcp", "elementRenderDelay"),
    "inp_target": ("inp", "interactionTarget"),
    "inp_type": ("inp", "interactionType"),
    "inp_input_delay": ("inp", "inputDelay"),
    "inp_processing": ("inp", "processingDuration"),
    "inp_presentation": ("inp", "presentationDelay"),
    "inp_script": ("inp", "script"),
    "inp_script_time": ("inp", "scriptTime"),
    "cls_target": ("cls", "largestShiftTarget"),
    "cls_time": ("cls", "largestShiftTime"),
    "ttfb_dns": ("ttfb", "dnsDuration"),
    "ttfb_connect": ("ttfb", "connectionDuration"),
    "ttfb_request": ("ttfb", "requestDuration"),
}
ADDRESSES = ("lcp_url", "inp_script")

# Until the browser has told of all that was done.
SETTLED = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
    () => requestIdleCallback(() => setTimeout(done)))))"""

Said = list[dict[str, dict[str, Any]]]


def serve_peer(site: WebSite, root: Path) -> None:
    site.folders["/peer/"] = root / "node_modules" / "web-vitals" / "dist"
    site.pages["/end"] = "<!doctype html><title>end</title>"


def leave_for_end(page: Page, site: WebSite) -> None:
    """Leave the page for another of the site, once all that happened in it was told of."""
    page.evaluate(SETTLED)
    page.goto(site.base + "/end")


def said_of(page: Page, path: str) -> Said:
    """What web-vitals said of a page that was left for another of the site."""
    said: Said = page.evaluate("path => JSON.parse(localStorage.getItem('said' + path))", path)
    return said


def assert_agreement(ours: dict[str, Any], theirs: Mapping[str, dict[str, Any]]) -> None:
    """Every value, and all there is of attribution, equal within rounding."""
    values = {name: ours[name] for name in NAMES if name in ours}
    expected = {name: metric["value"] for name, metric in theirs.items()}
    assert values.keys() == expected.keys()
    for name, value in values.items():
        assert value == pytest.approx(expected[name], abs=6e-5 if name == "cls" else 0.06), name
    attribution = ours.get("attribution", {})
    for name, known in _parts_of(theirs).items():
        found = attribution.get(name)
        if isinstance(known, str) or known is None:
            assert found == known, name
        else:
            assert (found or 0) == pytest.approx(known, abs=0.06), name


def _parts_of(theirs: Mapping[str, dict[str, Any]]) -> dict[str, float | str | None]:
    """What web-vitals holds to be the parts, by our names and as we write them."""
    known = {name: theirs.get(metric, {}).get(part) for name, (metric, part) in PARTS.items()}
    for name in ADDRESSES:
        known[name] = urlsplit(known[name]).path if known[name] else None
    if (ttfb := theirs.get("ttfb", {})).get("waitingDuration") is not None:
        known["ttfb_waiting"] = ttfb["waitingDuration"] + ttfb["cacheDuration"]
    if theirs.get("inp", {}).get("scriptTime") is None:
        # It says so when INP changes, and does not wait until the browser has told of the frame.
        del known["inp_script"], known["inp_script_time"]
    return known


def last_vitals(capture: Capture, *, page: str, view: int = 1) -> dict[str, Any]:
    """The latest set of a view that was left."""
    capture.wait_for_event(kind="vitals", page=page, view=view)
    return capture.find(kind="vitals", page=page, view=view)[-1]


def agreed_vitals(
    capture: Capture, theirs: Mapping[str, dict[str, Any]], *, page: str
) -> dict[str, Any]:
    """The latest set of a page that was left, once it is what web-vitals said at last.

    Sets are sent whenever the page is hidden, and twice when it is left: the last may yet be on its
    way. AssertionError, saying what differs, if none that agrees comes in time.
    """
    try:
        capture.wait(lambda _: _agrees(capture, theirs, page), "what web-vitals said")
    except AssertionError:
        assert_agreement(last_vitals(capture, page=page), theirs)
        raise
    return last_vitals(capture, page=page)


def _agrees(capture: Capture, theirs: Mapping[str, dict[str, Any]], page: str) -> bool:
    sets = capture.find(kind="vitals", page=page, view=1)
    try:
        assert_agreement(sets[-1], theirs)
    except (AssertionError, IndexError):
        return False
    return True


def noise_png(width: int, height: int, seed: int = 1) -> bytes:
    """A picture with something to see on it: browsers take no flat one for the largest content."""
    chance = Random(seed)
    rows = b"".join(b"\0" + chance.randbytes(width * 3) for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 1)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)

"""The examples of docs/rum.md for React and Vue, run as they stand there, in apps with routes."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.browsing import QUEUE, leave, visit
from tests.support.capture import Capture
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser

REACT = """
import { Component, useEffect } from "react";
import { BrowserRouter, Link, Route, Routes, useParams } from "react-router";

const USER = { id: "u-1", level: "novice" };

class Boundary extends Component {
  state = { failed: false };
  static getDerivedStateFromError() { return { failed: true } }
  render() { return this.state.failed ? <p id="failed">Sorry</p> : this.props.children }
}
function Broken() { throw new RangeError("a render failed") }
function Listing() { return <h1>Listing {useParams().id}</h1> }
function App() {
  useVigieUser(USER);
  return <BrowserRouter>
    <nav>
      <Link to="/">Home</Link> <Link to="/listings/123">Listing</Link>
      <Link to="/broken">Broken</Link>
    </nav>
    <Boundary><Routes>
      <Route path="/" element={<h1>Start</h1>} />
      <Route path="/listings/:id" element={<Listing />} />
      <Route path="/broken" element={<Broken />} />
    </Routes></Boundary>
  </BrowserRouter>;
}
"""
VUE = """
import { createApp, h } from "vue";
import { createRouter, createWebHistory, RouterLink, RouterView } from "vue-router";

const titled = (title) => ({ render: () => h("h1", title) });
const fail = () => { throw new RangeError("a handler failed") };
const Broken = { render: () => h("button", { onClick: fail }, "Fail") };
const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/", name: "home", component: titled("Start") },
    { path: "/listings/:id", name: "listing", component: titled("Listing 123") },
    { path: "/broken", component: Broken },
  ],
});
const link = (to, text) => h(RouterLink, { to }, () => text);
const links = [["/", "Home"], ["/listings/123", "Listing"], ["/broken", "Broken"]];
const App = { render: () => [...links.map(([to, text]) => link(to, text)), h(RouterView)] };
"""


def example(root: Path, title: str) -> str:
    """The code of this chapter of the guide."""
    guide = (root / "docs" / "rum.md").read_text()
    found = re.search(rf"^## {title}\n.*?^```tsx?\n(.*?)^```", guide, re.M | re.S)
    assert found, title
    return found[1]


def open_application(page: Page, site: WebSite, root: Path, folder: Path, source: str) -> None:
    """Bundle an application, serve it at every path, and open it."""
    (folder / "app.tsx").write_text(source)
    esbuild = str(root / "node_modules" / ".bin" / "esbuild")
    command = [esbuild, str(folder / "app.tsx"), "--bundle", "--jsx=automatic"]
    subprocess.run(
        [
            *command,
            '--define:process.env.NODE_ENV="production"',
            f"--outfile={folder}/built/app.js",
        ],
        check=True,
        capture_output=True,
        env={**os.environ, "NODE_PATH": str(root / "node_modules")},
    )
    site.folders["/built/"] = folder / "built"
    site.pages["/"] = document(
        '<div id="root"></div><div id="app"></div><script src="/built/app.js"></script>', head=QUEUE
    )
    site.fallbacks.append("/")
    visit(page, site.base + "/")


def test_the_react_example(
    page: Page, site: WebSite, capture: Capture, project_root: Path, tmp_path: Path
) -> None:
    source = REACT + example(project_root, "React")
    open_application(page, site, project_root, tmp_path, source)
    for link, shown in (("Listing", "h1:has-text('Listing 123')"), ("Broken", "#failed")):
        page.click(f"a:text('{link}')")
        page.wait_for_selector(shown)
    leave(page)
    error = capture.wait_for_event(kind="error")
    assert (error["name"], error["message"], error["page"]) == (
        "RangeError",
        "a render failed",
        "/broken",
    )
    capture.wait(lambda came: len(came.views) == 3, "three views")
    assert capture.views == ["/", "/listings/?", "/broken"]
    assert {beacon.json["user"] for beacon in capture.accepted} == {"u-1"}
    assert {beacon.json["level"] for beacon in capture.accepted} == {"novice"}


def test_the_vue_example(
    page: Page, site: WebSite, capture: Capture, project_root: Path, tmp_path: Path
) -> None:
    source = VUE + example(project_root, "Vue")
    open_application(page, site, project_root, tmp_path, source)
    for link, shown in (("Listing", "h1:has-text('123')"), ("Broken", "button")):
        page.click(f"a:text('{link}')")
        page.wait_for_selector(shown)
    page.click("button")
    leave(page)
    error = capture.wait_for_event(kind="error")
    assert (error["name"], error["message"], error["page"]) == (
        "RangeError",
        "a handler failed",
        "/broken",
    )
    assert "info" in error["attributes"]
    capture.wait(lambda came: "listing" in came.views and "/broken" in came.views, "the views")
    assert capture.views == ["home", "listing", "/broken"]

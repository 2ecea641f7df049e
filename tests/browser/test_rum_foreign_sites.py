"""Sites nobody here wrote, with the snippet added: one view a navigation, and nothing disturbed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Route

from tests.support.browsing import leave, visit
from tests.support.collecting import Collecting
from tests.support.site import SNIPPET, WebSite, document

pytestmark = pytest.mark.browser


@pytest.fixture
def console_errors(page: Page) -> Iterator[list[str]]:
    """Errors in the page's console; the test fails on any."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(f"{message.text} ({message.location})")

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield said
    assert said == []


def check_arrived(collector: Collecting, views: list[str]) -> None:
    """These views, in this order, one session, and vitals of the first of them."""
    collector.wait(lambda events: len(collector.pages_viewed()) >= len(views), f"{views}")
    assert collector.pages_viewed() == views
    events = collector.wait(
        lambda events: any(event.inp_ms is not None for event in events), "vitals with a click"
    )
    last = [event for event in events if event.kind == "vitals"][-1]
    assert (last.view, last.page) == (1, views[0])
    assert last.ttfb_ms is not None
    assert 0 < (last.fcp_ms or 0) <= (last.lcp_ms or 0)
    assert last.cls is not None
    assert collector.refused() == {}
    assert len({batch.session for batch in collector.batches()}) == 1


OPENAPI = """{
  openapi: "3.0.3", info: {title: "Listings", version: "1"},
  paths: {
    "/listings": {
      get: {tags: ["listings"], operationId: "list", responses: {200: {description: "ok"}}},
      post: {tags: ["listings"], operationId: "publish", responses: {201: {description: "ok"}}},
    },
    "/mandates/{id}": {
      get: {tags: ["mandates"], operationId: "mandate", responses: {200: {description: "ok"}}},
    },
  },
}"""


@pytest.mark.usefixtures("console_errors")
def test_swagger_ui_with_deep_links(
    real_site: WebSite, collector: Collecting, page: Page, project_root: Path
) -> None:
    real_site.folders["/swagger/"] = project_root / "node_modules" / "swagger-ui-dist"
    real_site.pages["/docs"] = document(
        f"""<div id="ui"></div><script src="/swagger/swagger-ui-bundle.js"></script>
        <script>SwaggerUIBundle({{dom_id: "#ui", deepLinking: true, spec: {OPENAPI}}})</script>""",
        head='<link rel="stylesheet" href="/swagger/swagger-ui.css">',
    )
    visit(page, real_site.base + "/docs")
    for operation in ("list", "publish", "mandate"):
        page.click(f"[id$=-{operation}] .opblock-summary-control")
        page.wait_for_url(f"**/{operation}")
    page.go_back()
    page.wait_for_url("**/publish")
    leave(page)
    operations = ["listings/list", "listings/publish", "mandates/mandate", "listings/publish"]
    check_arrived(collector, ["/docs", *(f"/docs#/{operation}" for operation in operations)])


MKDOCS = """
site_name: Handbook
site_url: {base}/
docs_dir: docs
theme:
  name: material
  font: false
  custom_dir: theme
  features: [navigation.instant, navigation.tracking]
plugins: []
nav: [index.md, mandates.md, listings/photos.md]
"""
CHAPTERS = "\n\n".join(f"## Chapter {number}\n\n" + "Text. " * 300 for number in range(1, 5))


def build_handbook(folder: Path, base: str) -> Path:
    """A small mkdocs-material site with instant navigation and our snippet; its folder."""
    (folder / "docs" / "listings").mkdir(parents=True)
    for name in ("index", "mandates", "listings/photos"):
        title = name.rpartition("/")[2].capitalize()
        (folder / "docs" / f"{name}.md").write_text(f"# {title}\n\n{CHAPTERS}\n")
    (folder / "theme").mkdir()
    (folder / "theme" / "main.html").write_text(
        '{% extends "base.html" %}{% block extrahead %}' + SNIPPET + "{% endblock %}"
    )
    (folder / "mkdocs.yml").write_text(MKDOCS.format(base=base))
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", "site"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return folder / "site"


@pytest.mark.usefixtures("console_errors")
def test_mkdocs_material_with_instant_navigation(
    real_site: WebSite, collector: Collecting, page: Page, tmp_path: Path
) -> None:
    real_site.folders["/"] = build_handbook(tmp_path / "handbook", real_site.base)
    visit(page, real_site.base + "/")
    page.evaluate("window.same = true")
    page.click("nav.md-nav--primary a[href$='mandates/']")
    page.wait_for_function("document.title.startsWith('Mandates')")
    page.click("a[href$='#chapter-3']:visible")
    page.wait_for_url("**#chapter-3")
    page.click("nav.md-nav--primary a[href$='photos/']")
    page.wait_for_function("document.title.startsWith('Photos')")
    page.go_back()
    page.wait_for_function("document.title.startsWith('Mandates')")
    assert page.evaluate("window.same"), "navigation was not instant"
    leave(page)
    check_arrived(collector, ["/", "/mandates/", "/listings/photos/", "/mandates/"])


DOCSIFY = """<div id="app"></div>
<script>window.$docsify = {{
    name: "Handbook", routerMode: "{mode}", basePath: "/", loadSidebar: true,
    relativePath: false, alias: {{"/.*/_sidebar.md": "/_sidebar.md"}},
}}</script>
<script src="/docsify/docsify.min.js"></script>"""


@pytest.mark.usefixtures("console_errors")
@pytest.mark.parametrize(("mode", "sign"), [("hash", "#/"), ("history", "")])
def test_docsify_with_either_router(
    real_site: WebSite,
    collector: Collecting,
    page: Page,
    tmp_path: Path,
    project_root: Path,
    mode: str,
    sign: str,
) -> None:
    for name in ("README", "mandates", "photos"):
        (tmp_path / f"{name}.md").write_text(f"# {name.capitalize()}\n\n{CHAPTERS}\n")
    (tmp_path / "_sidebar.md").write_text("- [Mandates](mandates)\n- [Photos](photos)\n")
    real_site.folders["/docsify/"] = project_root / "node_modules" / "docsify" / "dist"
    real_site.folders["/"] = tmp_path
    real_site.pages["/"] = document(DOCSIFY.format(mode=mode))
    real_site.fallbacks.append("/")
    visit(page, real_site.base + "/")
    page.wait_for_selector("h1:has-text('Readme')")
    for name in ("Mandates", "Photos"):
        page.click(f".sidebar-nav >> text={name}")
        page.wait_for_selector(f"h1:has-text('{name}')")
    page.go_back()
    page.wait_for_selector("h1:has-text('Mandates')")
    leave(page)
    views = ["/", *(f"/{sign}{name}" for name in ("mandates", "photos", "mandates"))]
    check_arrived(collector, views)


def listing(name: str) -> dict[str, Any]:
    """A package, as Verdaccio's API tells of it."""
    author = {"name": "Ada", "email": "", "avatar": ""}
    return {"name": name, "version": "1.0.0", "author": author, "time": 0, "dist": {}}


def verdaccio_api(route: Route) -> None:
    *_, kind, name = urlsplit(route.request.url).path.split("/")
    if name == "packages":
        route.fulfill(json=[listing("mandates"), listing("photos")])
    elif kind == "readme":
        route.fulfill(body="<h1>Read me</h1>", content_type="text/plain")
    else:
        latest = listing(name)
        route.fulfill(json={"name": name, "latest": latest, "versions": {"1.0.0": latest}})


@pytest.mark.usefixtures("console_errors")
def test_verdaccio_s_pages_in_react(
    real_site: WebSite, collector: Collecting, page: Page, project_root: Path
) -> None:
    static = project_root / "node_modules" / "@verdaccio" / "ui-theme" / "static"
    files = json.loads((static / "manifest.json").read_text())
    options = {"base": f"{real_site.base}/", "basename": "/", "title": "Packages"}
    scripts = [
        f'<script defer src="/{files[f"{name}.js"]}"></script>'
        for name in ("runtime", "vendors", "main")
    ]
    page.route("**/-/verdaccio/data/**", verdaccio_api)
    real_site.folders["/-/static/"] = static
    real_site.pages["/"] = document(
        f'<div id="root"></div>{"".join(scripts)}',
        head='<base href="/"><script>'
        f"__VERDACCIO_BASENAME_UI_OPTIONS = {json.dumps(options)}</script>",
    )
    real_site.fallbacks.append("/")
    visit(page, real_site.base + "/")
    for name in ("mandates", "photos"):
        page.click(f"a[href$='/detail/{name}']")
        page.wait_for_selector("h1:has-text('Read me')")
        page.click("text=Versions")
        page.click("header a[href='/']")
        page.wait_for_selector("a[href$='/detail/photos']")
    page.go_back()
    page.wait_for_selector("h1:has-text('Read me')")
    page.unroute_all()  # a page's last beacon may be lost while its requests are held for routes
    leave(page)
    details = [f"/-/web/detail/{name}" for name in ("mandates", "photos")]
    check_arrived(collector, ["/", details[0], "/", details[1], "/", details[1]])


RULES = {
    name: {"name": name, "plugin": "eslint", "docs": {"description": name}}
    for name in ("eqeqeq", "no-var")
}
ESLINT = {
    "configs": [{"name": "base", "index": 0, "rules": {"no-var": "error", "eqeqeq": "warn"}}],
    "rules": RULES,
    "meta": {"lastUpdate": 0, "basePath": "/app", "configPath": "/app/eslint.config.js"},
}


@pytest.mark.usefixtures("console_errors")
def test_eslint_s_config_inspector_in_nuxt(
    real_site: WebSite, collector: Collecting, page: Page, project_root: Path
) -> None:
    built = project_root / "node_modules" / "@eslint" / "config-inspector" / "dist" / "public"
    page.route("**/api/payload.json", lambda route: route.fulfill(json=ESLINT))
    real_site.folders["/"] = built
    # It leaves "/" by itself at once, and an async script may come too late to see that.
    snippet = SNIPPET.replace("async ", "")
    real_site.pages["/"] = (built / "index.html").read_text().replace("<head>", f"<head>{snippet}")
    real_site.fallbacks.append("/")
    visit(page, real_site.base + "/")
    page.wait_for_url("**/configs")
    page.click("a[href='/rules']")
    page.wait_for_selector("text=Deprecated")
    page.go_back()
    page.wait_for_selector("text=Expand All")
    page.unroute_all()  # as above
    leave(page)
    check_arrived(collector, ["/", "/configs", "/rules", "/configs"])

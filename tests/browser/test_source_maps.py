"""An error of a bundle, thrown in a real browser, is told by the source it was written in."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from analytics.question import SiteScope, Window
from analytics.reports.error import error
from analytics.reports.error_types import ErrorReport
from store.database import Database
from store.loader import Loader
from tests.support.browsing import leave, visit
from tests.support.collecting import Collecting
from tests.support.site import SNIPPET, WebSite, document
from tests.support.stored import load_all
from vigie.settings import SourceMapSettings
from vigie.source_maps import keep_source_map, maps_in

pytestmark = pytest.mark.browser

CART = """export interface Item { price?: { value: number } }
export function priceOf(item: Item): number {
  // An item of the catalogue's first years has none.
  return item.price!.value * 1.2;
}
export class Cart {
  constructor(private readonly items: Item[]) {}
  total(): number {
    return this.items.map(priceOf).reduce((sum, each) => sum + each, 0);
  }
}
"""
MAIN = """import { Cart } from "./cart";

document.querySelector("button")!.addEventListener("click", () => showTotal());

function showTotal(): void {
  document.title = String(new Cart([{}]).total());
}
"""


def bundled(folder: Path, root: Path) -> Path:
    """What esbuild makes of the two sources: minified, with a hash in its name, and its map."""
    source = folder / "source"
    source.mkdir()
    (source / "cart.ts").write_text(CART)
    (source / "main.ts").write_text(MAIN)
    built = folder / "built"
    subprocess.run(
        [
            str(root / "node_modules" / ".bin" / "esbuild"),
            *(str(source / "main.ts"), "--bundle", "--minify", "--sourcemap"),
            *("--entry-names=[name]-[hash]", f"--outdir={built}", "--log-level=error"),
        ],
        check=True,
        timeout=60,
    )
    return built


def group_of(database: Database, site: str) -> ErrorReport:
    now = datetime.now(UTC)
    ((fingerprint,),) = (
        database.cursor()
        .execute(
            "SELECT DISTINCT error_fingerprint(name, message, array_to_string("
            "group_frames(stack_frames(stack)), chr(10))) FROM events WHERE kind = 'error'"
        )
        .fetchall()
    )
    scope = SiteScope(site=site, levels=("novice",))
    with database.snapshot() as snapshot:
        window = Window(now - timedelta(days=1), now)
        found = error(snapshot, scope, window, str(fingerprint), now=now)
    assert found is not None
    return found


def test_a_frame_of_a_minified_bundle_is_told_as_written(
    real_site: WebSite, collector: Collecting, page: Page, tmp_path: Path, project_root: Path
) -> None:
    built = bundled(tmp_path, project_root)
    (script,) = built.glob("*.js")
    real_site.folders["/assets"] = built
    snippet = SNIPPET.replace("async", 'async data-release="7.1"')
    real_site.pages["/cart"] = document(
        f'<button>Total</button><script src="/assets/{script.name}"></script>', snippet=snippet
    )
    visit(page, f"{real_site.base}/cart")
    page.click("button")
    leave(page)
    collector.wait(lambda events: any(event.kind == "error" for event in events), "the error")

    database = Database(tmp_path / "store")
    load_all(Loader(database, collector.journal), datetime.now(UTC))
    site = collector.batches()[0].site
    before = group_of(database, site)
    assert "Release 7.1 has no source maps" in before.unresolved
    assert before.frames[0].source == ""
    assert before.frames[0].file.endswith(script.name)

    found = list(maps_in(built, "https://cdn.test/static/assets/"))
    assert [each.path for each in found] == [f"/static/assets/{script.name}"]
    for each in found:
        assert each.script is not None
        contents = each.source_map.read_bytes(), each.script.read_bytes()
        keep_source_map(
            database, (site, "7.1", each.path), *contents, datetime.now(UTC), SourceMapSettings()
        )
    after = group_of(database, site)
    database.close()
    assert after.unresolved == ""
    assert [frame.source_function for frame in after.frames if frame.source][:1] == ["priceOf"]
    thrown, *_ = after.frames
    assert (thrown.source, thrown.source_line) == ("source/cart.ts", 4)
    assert thrown.text == CART.splitlines()[3]
    assert thrown.before == tuple(CART.splitlines()[:3])
    told = [(frame.source, frame.source_line) for frame in after.frames if frame.source]
    assert ("source/cart.ts", 9) in told
    assert ("source/main.ts", 6) in told

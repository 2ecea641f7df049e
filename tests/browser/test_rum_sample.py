"""Of sessions outside the site's share nothing is told, and all agree on which those are."""

import math
import secrets
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page

from rum.bucket import bucket_end, bucket_of
from tests.browser.test_rum_agreement import in_javascript
from tests.support.browsing import flush, visit
from tests.support.capture import Capture
from tests.support.site import WebSite
from tests.support.tagged import end, pages_told, tagged

OUTSIDE, INSIDE = "f" * 24 + "80000000", "f" * 24 + "7fffffff"


def test_browser_python_and_duckdb_agree_on_ten_thousand_buckets(project_root: Path) -> None:
    ids = [secrets.token_hex(16) for _ in range(10_000)]
    in_browser = in_javascript(project_root, "sample.ts", "given.map(it.bucketOf)", ids)
    assert in_browser == [bucket_of(session) for session in ids]
    query = "SELECT ('0x' || right(id, 8))::UINTEGER FROM unnest(?) AS given(id)"
    with duckdb.connect() as connection:
        assert [row[0] for row in connection.execute(query, [ids]).fetchall()] == in_browser
    inside = sum(bucket < bucket_end(0.2) for bucket in in_browser) / len(ids)
    assert abs(inside - 0.2) < 5 * math.sqrt(0.2 * 0.8 / len(ids)), "ids are not uniform"


@pytest.mark.browser
@pytest.mark.parametrize(("session", "told"), [(OUTSIDE, False), (INSIDE, True)])
def test_of_a_session_outside_the_sample_nothing_is_sent_nor_stored_but_its_id(
    site: WebSite, page: Page, capture: Capture, session: str, told: bool
) -> None:
    page.add_init_script(
        f"localStorage['vigie.session'] ||= '{session}.' + Date.now() + '.' + Date.now()"
    )
    site.pages["/"] = tagged('data-sample="0.5"')
    visit(page, site.base + "/")
    page.evaluate("vigie('event', 'sold'); vigie('error', new Error('no'))")
    page.click("button")
    flush(page)
    if told:
        capture.wait_for_event(name="sold")
    else:
        stored = page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
        assert stored == ["vigie.session"]
    assert page.evaluate("localStorage['vigie.session']").startswith(session)
    end(page, site, capture)
    assert pages_told(capture) == ({"/"} if told else set())

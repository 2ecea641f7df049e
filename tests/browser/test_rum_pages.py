"""Pages by the site's own templates, and by the parameters of the query that it names."""

import pytest
from playwright.sync_api import Page

from tests.support.browsing import flush, visit
from tests.support.capture import Capture
from tests.support.site import WebSite
from tests.support.tagged import tagged

pytestmark = pytest.mark.browser


def goes(page: Page, url: str) -> None:
    page.evaluate("url => history.pushState(null, '', url)", url)


def viewed(page: Page, capture: Capture) -> list[str]:
    page.evaluate("vigie('event', 'last')")
    flush(page)
    capture.wait_for_event(name="last")
    return capture.views


def test_the_site_s_templates_come_first_in_their_order(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/team/me"] = tagged('data-pages="/team/me, /team/?,/shop/?/?"')
    visit(page, site.base + "/team/me")
    for path in ("/team/anna", "/team/", "/shop/shoes/red", "/shop/shoes", "/user/123"):
        goes(page, path)
    assert viewed(page, capture) == [
        "/team/me",
        "/team/?",
        "/team/?",
        "/shop/?/?",
        "/shop/shoes",
        "/user/?",
    ]


def test_parameters_that_make_pages_are_part_of_them_and_others_never(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/index.php"] = tagged('data-route-params="action,step"')
    visit(page, site.base + "/index.php?token=secret&step=2&action=edit")
    for query in ("?action=edit&step=2&other=1", "?action=edit&step=3", "?action=a;b/c", ""):
        goes(page, "/index.php" + query)
    goes(page, "/index.php?action=jane@example.test")
    goes(page, "/index.php?action=507f1f77bcf86cd799439011")
    assert viewed(page, capture) == [
        "/index.php;action=edit;step=2",
        "/index.php;action=edit;step=3",
        "/index.php;action=a%3Bb%2Fc",
        "/index.php",
        "/index.php;action=?",
        "/index.php;action=?",
    ]
    assert "secret" not in str(capture.beacons)


def test_a_session_that_a_server_put_into_the_path_is_dropped(
    site: WebSite, page: Page, capture: Capture
) -> None:
    site.pages["/start;jsessionid=8F12"] = tagged("")
    visit(page, site.base + "/start;jsessionid=8F12")
    assert viewed(page, capture) == ["/start"]

"""No secret of a page is in what is sent of it: not in recordings, and not in beacons."""

import pytest
from playwright.sync_api import FilePayload, Page

from tests.support.browsing import flush, visit
from tests.support.capture import Capture
from tests.support.recorded import INPUT, Recorded, snippet
from tests.support.secret_page import LATER, SHADOW, Secrets, head_of_secrets, page_of_secrets
from tests.support.site import WebSite, document

pytestmark = pytest.mark.browser


def test_nothing_that_is_sent_holds_a_secret_of_the_page(
    recording_site: WebSite, recorded: Recorded, capture: Capture, page: Page
) -> None:
    secret = Secrets()
    body, head = page_of_secrets(secret), head_of_secrets(secret)
    path = "/user/jane.doe@example.test"
    recording_site.pages[path] = document(body, snippet=snippet(), head=head)
    secret.places["jane.doe"] = "path"
    visit(page, f"{recording_site.base}{path}?token={secret('query')}#{secret('hash')}")
    recorded.wait_for_script(page)
    page.evaluate(SHADOW, [secret(f"shadow {number}") for number in range(6)])
    page.evaluate(LATER, [secret(f"change {number}") for number in range(20)])
    for field_id in ("in-text", "in-password", "in-email", "in-number", "area", "editable"):
        typed = "1234554321987" if field_id == "in-number" else secret(f"typed into {field_id}")
        page.locator(f"#{field_id}").press_sequentially(typed)
    secret.places["1234554321987"] = "typed number"
    page.select_option("#select", index=0)
    named = FilePayload(name=f"{secret('file')}.pdf", mimeType="application/pdf", buffer=b"x")
    page.set_input_files("#file", named)
    page.evaluate(f"history.pushState({{}}, '', '/next?token={secret('query of the next view')}')")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('p'), {id: 'last-of-all'}))"
    )
    flush(page)
    recorded.wait(lambda came: '"id": "last-of-all"' in came.text, "the last change")
    capture.wait(lambda came: len(came.views) == 2, "two views")
    assert secret.found_in(recorded.text) == []
    assert secret.found_in(str([beacon.json for beacon in capture.beacons])) == []
    for shown in ("OPENTEXT", "OPENLINK", "OPENSPAN", "OPENLATER", "/logo.png"):
        assert shown in recorded.text
    typed_events = [
        event["data"] for event in recorded.events if event["data"].get("source") == INPUT
    ]
    assert {event["text"] for event in typed_events} <= {"•••", ""}
    assert recorded.notes("caught") == []

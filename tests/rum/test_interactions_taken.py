"""Clicks, requests, frames, leaves and what vitals came from: taken, cut, masked, or refused."""

from typing import Any

import pytest

from rum.page_template import PageTemplates
from rum.places import address, selector
from rum.records import Attribution, Click, Event, Frame, Leave, PageRequest
from tests.support.collector import view
from tests.support.taking import NOW_US, taken_of


def only(kind: str, **fields: Any) -> tuple[Event | None, list[str]]:
    """The event that comes of these fields, or None, and what was refused."""
    taken = taken_of([view(kind=kind, at=NOW_US / 1000, **fields)])
    events = taken.batch.events if taken.batch else [None]
    return events[0], [f"{refusal.reason}: {refusal.detail}" for refusal in taken.refusals]


def whole(kind: str, **fields: Any) -> Event:
    event, refused = only(kind, **fields)
    assert event is not None
    assert refused == []
    return event


@pytest.mark.parametrize(
    ("kind", "fields", "names"),
    [
        ("click", {}, "target"),
        ("click", {"target": " "}, "target"),
        ("click", {"target": 5}, "target"),
        ("click", {"target": "#a", "rage": "yes"}, "rage"),
        ("request", {"status": 200, "duration": 5}, "url"),
        ("request", {"url": "/a", "duration": 5}, "status"),
        ("request", {"url": "/a", "status": 1000, "duration": 5}, "status"),
        ("request", {"url": "/a", "status": 200}, "duration"),
        ("request", {"url": "/a", "status": 200, "duration": -1}, "duration"),
        ("frame", {}, "duration"),
        ("frame", {"duration": 1e9}, "duration"),
        ("leave", {}, "scrolled"),
        ("vitals", {"lcp": 100, "attribution": [1]}, "attribution"),
        ("error", {"message": "x", "attributes": {"a": {"b": 1}}}, "attributes"),
    ],
)
def test_an_event_without_what_makes_it_is_refused_with_the_field_named(
    kind: str, fields: dict[str, Any], names: str
) -> None:
    event, (refused,) = only(kind, **fields)
    assert event is None
    assert refused.startswith("invalid_event: ")
    assert names in refused


@pytest.mark.parametrize(
    ("kind", "fields", "names"),
    [
        ("view", {"via": "teleport"}, "via"),
        ("error", {"source": "bad luck"}, "source"),
        ("click", {"target": "#a", "x": 1.5}, "x"),
        ("click", {"target": "#a", "page_y": 1e12}, "page_y"),
        ("click", {"target": "#a", "viewport_width": -1}, "viewport_width"),
        ("click", {"target": "#a", "rage": -3}, "rage"),
        ("request", {"url": "/a", "status": 0, "duration": 1, "wait": -1}, "wait"),
        ("request", {"url": "/a", "status": 0, "duration": 1, "initiator": "x"}, "initiator"),
        ("frame", {"duration": 60, "blocking": -1}, "blocking"),
        ("leave", {"engaged": 5, "scroll": 7}, "scroll"),
        ("vitals", {"lcp": 100, "attribution": {"lcp_load_time": -1}}, "lcp_load_time"),
    ],
)
def test_what_only_adds_to_an_event_is_left_out_and_counted_when_it_is_wrong(
    kind: str, fields: dict[str, Any], names: str
) -> None:
    event, (refused,) = only(kind, **fields)
    assert event is not None
    assert refused.startswith("invalid_field: ")
    assert names in refused
    good = {name: value for name, value in fields.items() if name != names}
    if "attribution" not in good:
        assert event == whole(kind, **good)
    else:
        assert event.attribution is None


def test_all_of_a_click_is_kept() -> None:
    sent = {
        "target": "#sign", "x": 0.5, "y": 1, "page_x": -3, "page_y": 40_000.4,
        "viewport_width": 1280, "document_height": 50_000, "fixed": True, "rage": 4, "dead": True,
        "error": True,
    }  # fmt: skip
    assert whole("click", **sent).click == Click(**sent | {"page_y": 40_000})  # type: ignore[arg-type]


def test_all_of_a_request_is_kept() -> None:
    event = whole(
        "request", method="post", url="https://api.test/user/7?token=1", status=0, duration=5.5,
        wait=2.5, initiator="xhr", aborted=True,
    )  # fmt: skip
    assert event.request == PageRequest(
        url="api.test/user/?", status=0, duration_ms=5.5, method="POST", wait_ms=2.5,
        initiator="xhr", aborted=True,
    )  # fmt: skip


def test_all_of_a_frame_and_of_a_leave_is_kept() -> None:
    frame = whole(
        "frame", duration=120.5, blocking=70, script="/js/app.js?v=3", script_time=60,
        invoker="BUTTON#sign.onclick",
    ).frame  # fmt: skip
    assert frame == Frame(
        duration_ms=120.5, blocking_ms=70, script="/js/app.js", script_time_ms=60,
        invoker="BUTTON#sign.onclick",
    )  # fmt: skip
    leave = whole("leave", scroll_px=900.5, scroll=1, engaged=4000, visible=6000.5).leave
    assert leave == Leave(scroll_px=900, scroll=1, engaged_ms=4000, visible_ms=6000.5)


def test_all_that_vitals_came_from_is_kept() -> None:
    sent = {name.removesuffix("_ms"): number for number, name in enumerate(TIMES)}
    texts = {"lcp_target": "#a", "lcp_url": "/a.png", "inp_target": "b", "inp_type": "keydown",
             "inp_script": "cdn.test/b.js", "cls_target": "c"}  # fmt: skip
    event = whole("vitals", lcp=1, attribution=sent | texts)
    kept = {name: number for number, name in enumerate(TIMES)}
    assert event.attribution == Attribution(**kept | texts)  # type: ignore[arg-type]
    assert whole("vitals", lcp=1, attribution={}).attribution is None


TIMES = [name for name in Attribution.__struct_fields__ if name.endswith("_ms")]


def test_a_reported_error_has_attributes_and_says_where_it_came_from() -> None:
    event = whole("error", name="E", source="reported", attributes={"step": 2, "who": "a@b.fr"})
    assert (event.source, event.attributes) == ("reported", {"step": "2", "who": "[email]"})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("#sign", "#sign"),
        ("li:nth-child(12) > a.btn-2", "li:nth-child(12) > a.btn-2"),
        ("#listing-8412345 > a", "#listing-? > a"),
        ("#row-2024", "#row-?"),
        ("#u-0f8fad5b", "#u-?"),
        ('[data-testid="sign-up"] button', '[data-testid="sign-up"] button'),
        ('a[href="/user/jean?token=1"]', "a[href]"),
        ('img[alt="Jean Dupont"][data-id="7"]', 'img[alt][data-id="7"]'),
        ('[data-user="jean@example.com"]', "[data-user]"),
        ('input[name="email"]', 'input[name="email"]'),
        ('input[value="Jean', "input[value]"),
        ("a\x00b", "ab"),
        ("x" * 999, "x" * 200),
        (None, ""),
    ],
)
def test_a_selector_keeps_names_for_machines_and_no_ids(sent: str | None, kept: str) -> None:
    assert selector(sent) == kept
    assert selector(kept) == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("/api/user/7?a=b#c", "/api/user/?"),
        ("/user/7/edit", "/user/?/edit"),
        ("https://API.test:8443/v1/user/7?x=1", "api.test:8443/v1/user/?"),
        ("//api.test/a", "api.test/a"),
        ("api.test/a/7?x", "api.test/a/?"),
        ("api.test:8443/a", "api.test:8443/a"),
        ("localhost:3000/a", "localhost:3000/a"),
        ("https://jean:secret@api.test/a", "api.test/a"),
        ("https://api.test", "api.test/"),
        ("https://api.test?token=1", "api.test/"),
        ("data:image/png;base64,AAAA", "data:"),
        ("blob:https://a.test/0f8fad5b", "blob:"),
        ("/main.0f8fad5bd9cb469fa165.js", "/main.?.js"),
        ("not an address", "?"),
        ("/" + "a" * 999, "/" + "a" * 199),
        (None, ""),
    ],
)
def test_an_address_is_a_template_without_query_and_credentials(
    sent: str | None, kept: str
) -> None:
    assert address(PageTemplates(["/user/?/edit"]), sent) == kept


def test_a_word_is_masked_before_it_is_cut() -> None:
    long = "jane.doe@a-company-with-a-long-name.example.com"
    request = whole("request", url="/a", status=200, duration=1, method=long).request
    assert request is not None
    assert request.method == "[EMAIL]"

"""The demo site works without JavaScript, and breaks and mends over real HTTP as it is told to."""

import asyncio
import threading
from collections.abc import Iterator

import httpx
import pytest

from probes.monitor import Monitor
from vigie.demo import network
from vigie.demo.break_it import SLOW_S, Fault
from vigie.demo.listings import ADVISERS, Adviser
from vigie.demo.site import DemoSite, Surroundings
from vigie.demo.site_process import server_config
from vigie.folders import address_of
from vigie.process import listen, serve_app

COLLECTOR = "http://127.0.0.1:9/collector"


@pytest.fixture
def site_url() -> Iterator[str]:
    site = DemoSite(
        Surroundings(collector=COLLECTOR, console="http://127.0.0.1:9/console", secret="secret")
    )
    listening = listen("127.0.0.1", 0)
    url = address_of(listening).url
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def serve() -> None:
        loop.run_until_complete(serve_app(server_config(site), listening, stop))
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield url
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    listening.close()


@pytest.fixture
def browser(site_url: str) -> Iterator[httpx.Client]:
    """A browser without JavaScript."""
    with httpx.Client(
        base_url=site_url, follow_redirects=True, trust_env=False, timeout=60
    ) as client:
        yield client


def sign_in(browser: httpx.Client, adviser: str) -> httpx.Response:
    return browser.post("/sign-in", data={"adviser": adviser})


def break_it(browser: httpx.Client, fault: Fault) -> httpx.Response:
    return browser.post("/break-it", data={"fault": fault.value}, follow_redirects=False)


OWNER = {"owner_name": "Jeanne", "owner_email": "j@example.org", "owner_phone": "1"}
PROPERTY = {"address": "1 rue", "kind": "House", "surface": "100"}
TERMS = {"mandate_kind": "simple", "price": "200000", "fee_percent": "4.5"}


def test_a_mandate_is_signed_in_three_steps_and_reported_once(browser: httpx.Client) -> None:
    assert sign_in(browser, "nora").url.path == "/listings"
    assert browser.post(network.OWNER, data=OWNER).url.path == network.PROPERTY
    assert browser.post(network.PROPERTY, data=PROPERTY).url.path == network.TERMS
    signed = browser.post(network.TERMS, data=TERMS)
    assert signed.url.path == network.SIGNED
    assert "vigie('event', 'mandate_signed', { value: 9000, currency: 'EUR'" in signed.text
    assert 'attributes: { kind: "simple" }' in signed.text
    assert "vigie('event'" not in browser.get(network.SIGNED).text


def test_a_mistake_is_said_beside_its_field_and_the_answers_stay(browser: httpx.Client) -> None:
    sign_in(browser, "hugo")
    answer = browser.post(network.PROPERTY, data={**PROPERTY, "surface": "-3", "address": "<b>"})
    assert answer.status_code == 422
    assert "Surface is more than 0" in answer.text
    assert 'value="-3"' in answer.text
    assert "<b>" not in answer.text.split("<main")[1].split("</main>")[0]


def test_terms_alone_do_not_sign_a_mandate(browser: httpx.Client) -> None:
    sign_in(browser, "ines")
    assert browser.post(network.TERMS, data=TERMS).url.path == network.OWNER


@pytest.mark.parametrize("adviser", ADVISERS, ids=lambda adviser: adviser.level)
def test_user_and_level_are_declared_after_sign_in_only(
    browser: httpx.Client, adviser: Adviser
) -> None:
    before = browser.get("/sign-in").text
    assert f'src="{COLLECTOR}/rum.js" data-site="{network.SITE_KEY}"' in before
    assert f'data-release="{network.RELEASE_NOW}"' in before
    assert "vigie('user'" not in before
    after = sign_in(browser, adviser.id).text
    assert f'vigie(\'user\', "{adviser.user}", {{ level: "{adviser.level}" }})' in after


def test_pages_behind_the_sign_in_lead_to_it(browser: httpx.Client) -> None:
    for path in (network.LISTINGS, "/listings/104", network.OWNER, network.SIGNED):
        assert browser.get(path).url.path == network.SIGN_IN


def watched_page(monitor: Monitor) -> httpx.Response:
    return httpx.get(monitor.url, headers=monitor.headers, trust_env=False, timeout=60)


@pytest.mark.parametrize("watched", network.WATCHED, ids=lambda watched: watched.id)
def test_each_monitor_finds_its_text_and_counts_as_nobody(
    site_url: str, watched: network.Watched
) -> None:
    answer = watched_page(watched.live(site_url))
    assert answer.status_code == 200
    assert watched.text in answer.text
    assert "vigie('user'" not in answer.text


def test_down_resets_every_connection_but_the_controls(browser: httpx.Client) -> None:
    break_it(browser, Fault.DOWN)
    for path in ("/sign-in", "/listings", "/api/health"):
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            httpx.get(f"{browser.base_url}{path}", trust_env=False, timeout=60)
    control = browser.get("/break-it")
    assert control.status_code == 200
    assert "Broken: down" in control.text
    break_it(browser, Fault.NONE)
    assert browser.get("/api/health").json() == {"status": "ok"}


def test_slow_answers_late_until_undone(browser: httpx.Client) -> None:
    break_it(browser, Fault.SLOW)
    with pytest.raises(httpx.ReadTimeout):
        browser.get("/api/health", timeout=SLOW_S / 2)
    assert browser.get("/api/health", timeout=30).elapsed.total_seconds() >= SLOW_S
    break_it(browser, Fault.NONE)
    undone = browser.get("/api/health")
    assert (undone.status_code, undone.elapsed.total_seconds() < SLOW_S) == (200, True)


def test_wrong_content_answers_200_without_any_text_a_monitor_wants(
    browser: httpx.Client, site_url: str
) -> None:
    break_it(browser, Fault.CONTENT)
    for watched in network.WATCHED:
        answer = watched_page(watched.live(site_url))
        assert answer.status_code == 200
        assert watched.text not in answer.text
    break_it(browser, Fault.NONE)
    assert "Sign in to Tilleul" in browser.get("/sign-in").text


@pytest.mark.parametrize(
    ("adviser", "lands_on", "status"),
    [("nora", network.PROPERTY, 422), ("hugo", network.TERMS, 200), ("ines", network.TERMS, 200)],
)
def test_the_sign_error_stops_novices_at_step_two_and_nobody_else(
    browser: httpx.Client, adviser: str, lands_on: str, status: int
) -> None:
    sign_in(browser, adviser)
    break_it(browser, Fault.SIGN)
    answer = browser.post(network.PROPERTY, data=PROPERTY)
    assert (answer.url.path, answer.status_code) == (lands_on, status)
    break_it(browser, Fault.NONE)
    assert browser.post(network.PROPERTY, data=PROPERTY).url.path == network.TERMS


def test_the_control_refuses_unknown_faults_and_other_sites(browser: httpx.Client) -> None:
    assert browser.post("/break-it", data={"fault": "fire"}).status_code == 422
    foreign = browser.post(
        "/break-it", data={"fault": "down"}, headers={"Origin": "http://evil.example"}
    )
    assert foreign.status_code == 403
    assert browser.get("/break-it/state").json() == {"fault": "none"}


def test_the_control_leads_back_only_within_the_site(browser: httpx.Client) -> None:
    def back(path: str, fault: Fault) -> str:
        data = {"fault": fault.value, "back": path}
        answer = browser.post("/break-it", data=data, follow_redirects=False)
        return answer.headers["location"]

    assert back("/listings", Fault.SIGN) == "/listings"
    assert back("/listings", Fault.DOWN) == "/break-it"
    assert back("//evil.example", Fault.NONE) == "/break-it"
    assert back("https://evil.example", Fault.NONE) == "/break-it"

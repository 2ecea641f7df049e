"""Every page of the console: there with and without data, safe, accessible, and saying what is."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from tests.support.console import RunningConsole, history, running_console
from vigie.console.gate import CONTENT_SECURITY_POLICY
from vigie.settings import Settings

PAGES = (
    "/",
    "/journeys",
    "/journeys/-/add",
    "/journeys/order",
    "/journeys/order/outside",
    "/journeys/order/people",
    "/journeys/order/activity",
    "/journeys/order/errors",
    "/perceived",
    "/funnels",
    "/speed",
    "/errors",
    "/paths",
    "/clicks",
    "/monitors",
    "/monitors/pay",
    "/incidents",
    "/contracts",
    "/install",
    "/data",
)
ASKED = (
    *PAGES,
    "/?days=7",
    "/journeys/order?level=novice&days=7",
    "/funnels?steps=page:/cart,event:order_placed&window_minutes=30&level=expert",
    "/funnels?steps=page:/cart,",
    "/funnels?steps=page:/cart&window_minutes=soon",
    "/funnels?steps=page:/nowhere,page:/cart",
    "/funnels?steps=page:/cart,event:order_placed&by=device",
    "/funnels?steps=page:/cart,event:order_placed&by=level,quality&order=any&exclude=page:/help",
    "/funnels?steps=page:/cart where device=phone and path~/c,page:/checkout&order=strict",
    "/funnels/-/sessions?steps=page:/cart,page:/checkout&step=1",
    "/funnels/-/sessions?steps=page:/cart,page:/checkout&step=2&outcome=reached&part=novice",
    "/funnels/-/sessions?steps=page:/cart,page:/checkout&step=1&recorded=yes",
    "/speed?device=phone",
    "/speed?page=/cart&vital=cls",
    "/speed?page=/cart&event=order_placed&level=expert",
    "/errors?page=/cart&level=novice&state=new",
    "/errors?release=7",
    "/speed?page=/cart",
    "/paths?around=page:/checkout&level=expert",
    "/clicks?page=/cart&device=phone",
    "/speed?device=tablet&level=undeclared",
    "/monitors/front?days=90",
)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    # It stays that moment: two minutes after its last check nothing is known of a monitor.
    now = datetime.now(UTC)
    with running_console(tmp_path_factory.mktemp("full"), clock=lambda: now) as console:
        console.load(history(now))
        yield console


@pytest.fixture(scope="module")
def reader(full: RunningConsole) -> Iterator[httpx.Client]:
    with full.reader() as client:
        yield client


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Reads a console that has heard nothing yet."""
    with running_console(tmp_path_factory.mktemp("empty")) as console, console.reader() as client:
        yield client


class Page(HTMLParser):
    """What of a page can be wrong without being seen."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self.targets: list[str] = []
        self._tables: list[set[str]] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags[tag] += 1
        if "id" in given:
            self.ids.append(given["id"] or "")
        for name in given:
            if name == "style" or name.startswith("on"):
                self.faults.append(f"{tag} has {name}=")
        if tag == "style" or (tag == "script" and "src" not in given):
            self.faults.append(f"inline {tag}")
        if tag == "th" and "scope" not in given:
            self.faults.append("th without scope")
        if tag == "a":
            self.targets.append(given.get("href") or "")
        if tag in ("input", "select") and given.get("type") != "hidden":
            self._note_field(given)
        if tag == "table":
            self._tables.append(set())
        elif self._tables:
            self._tables[-1].add(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and "caption" not in self._tables.pop():
            self.faults.append("table without caption")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def _note_field(self, given: dict[str, str | None]) -> None:
        if not given.get("name"):
            self.faults.append("a field without a name")

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u202f", " ").split())


def assert_sound(answer: httpx.Response) -> Page:
    page = Page(answer)
    assert page.faults == []
    assert [each for each, times in Counter(page.ids).items() if times > 1] == []
    assert page.tags["h1"] == 1
    assert page.tags["main"] == 1
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    return page


@pytest.mark.parametrize("address", PAGES)
def test_every_page_stands_before_anything_was_recorded(
    newcomer: httpx.Client, address: str
) -> None:
    answer = newcomer.get(address)
    assert answer.status_code == 200, answer.text
    assert_sound(answer)


@pytest.mark.parametrize("address", ASKED)
def test_every_page_stands_with_data(reader: httpx.Client, address: str) -> None:
    answer = reader.get(address)
    assert answer.status_code == 200, answer.text
    assert_sound(answer)


def test_every_page_stands_without_any_setting(tmp_path: Path) -> None:
    with running_console(tmp_path, Settings()) as console, console.reader() as client:
        for address in PAGES:
            if address.count("/") == 1:
                answer = client.get(address)
                assert answer.status_code == 200, (address, answer.text)
                assert_sound(answer)
        assert "vigie init" in client.get("/").text


def test_every_link_leads_to_a_page(reader: httpx.Client) -> None:
    tried: set[str] = set()
    for address in PAGES:
        for target in Page(reader.get(address)).targets:
            if target.startswith("/") and target not in tried:
                tried.add(target)
                answer = reader.get(target)
                assert answer.status_code == 200, f"{address} links to {target}"
    assert len(tried) > 20


def test_home_says_what_is_down_and_why(reader: httpx.Client) -> None:
    page = Page(reader.get("/"))
    assert "Payment <b> is down" in page.text
    assert "Wrong status: 503, expected 200-299" in page.text
    assert "Place an order" in page.text


def test_a_journey_names_its_open_incidents_how_it_was_lived_and_its_activity(
    reader: httpx.Client,
) -> None:
    listed = assert_sound(reader.get("/journeys")).text
    assert "Worked for people" in listed
    assert "usual not known yet" in listed
    assert "of people's time" in assert_sound(reader.get("/")).text
    page = assert_sound(reader.get("/journeys/order"))
    assert "Open incidents" in page.text
    assert any(target.startswith("/incidents/") for target in page.targets)


def test_an_incident_is_listed_while_it_lasts(reader: httpx.Client) -> None:
    page = Page(reader.get("/incidents"))
    assert "Wrong status" in page.text
    assert "10 failing checks" in page.text


def test_a_refusal_shows_its_reason_its_count_and_what_to_do(reader: httpx.Client) -> None:
    answer = reader.get("/data")
    page = Page(answer)
    assert "Origin not allowed" in page.text
    assert "Add the origin to the site's origins" in page.text
    assert "<script>alert(1)</script>" in page.text
    assert "<script>alert" not in answer.text, "what others sent is shown, never run"


def test_a_funnel_names_its_basis_and_each_level(reader: httpx.Client) -> None:
    page = Page(reader.get("/funnels"))
    assert "of sessions get through" in page.text
    for words in ("Novice", "Confirmed", "Expert", "All kept sessions", "95 % intervals"):
        assert words in page.text
    assert "How is this computed?" in page.text


def test_a_figure_from_too_few_sessions_is_withheld_with_its_reason(full: RunningConsole) -> None:
    start = datetime.now(UTC) - timedelta(days=2)
    with full.reader() as client:
        page = Page(
            client.get(
                "/funnels",
                params={
                    "steps": "page:/cart,page:/checkout",
                    "start": start.isoformat(),
                    "end": (start + timedelta(hours=4)).isoformat(),
                },
            )
        )
    assert "too few sessions" in page.text


@pytest.mark.parametrize(
    ("action", "steps"),
    [
        ("add", "page:/a,event:b,page:/c,"),
        ("up-2", "event:b,page:/a,page:/c"),
        ("down-2", "page:/a,page:/c,event:b"),
        ("remove-1", "event:b,page:/c"),
        ("up-1", "page:/a,event:b,page:/c"),
        ("remove-9", "page:/a,event:b,page:/c"),
        ("nonsense", "page:/a,event:b,page:/c"),
        ("", "page:/a,event:b,page:/c"),
    ],
)
def test_the_funnel_form_works_without_javascript(
    reader: httpx.Client, action: str, steps: str
) -> None:
    answer = reader.get(
        "/funnels",
        params={"step": ["page:/a", "event:b", "page:/c"], "window_minutes": "30", "do": action},
    )
    assert answer.status_code == 303
    target = httpx.URL(answer.headers["location"])
    assert target.params["steps"] == steps
    assert target.params["window_minutes"] == "30"


def test_the_scope_is_carried_by_every_link_of_the_navigation(reader: httpx.Client) -> None:
    page = Page(reader.get("/speed?days=7&level=novice&device=phone"))
    navigation = [target for target in page.targets if target.startswith("/journeys")]
    assert navigation == ["/journeys?days=7&level=novice"]
    assert "/speed?device=phone&level=novice" in page.targets or any(
        "device=phone" in target and "days" not in target for target in page.targets
    ), "another window keeps the device"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/?days=no", "days=no cannot be used. Give a whole number."),
        ("/?days=4000", "days=4000 cannot be used."),
        ("/?start=2026-02-30", "start=2026-02-30 is not a date."),
        ("/?start=2026-02-03&end=2026-02-01", "The window ends before it starts."),
        ("/?site=other", "There is no site 'other'. The sites are shop."),
        ("/funnels?steps=nonsense,page:/a", "'nonsense' is not a step."),
        ("/funnels?steps=page:/a,page:/b&window_minutes=-1", "window_minutes=-1 cannot be used."),
        ("/speed?device=toaster", "device=toaster is unknown."),
        ("/speed?page=/cart&vital=fid", "vital=fid is unknown."),
        ("/errors?state=gone", "state=gone is unknown."),
        ("/errors?after=-1", "after=-1 cannot be used."),
    ],
)
def test_a_request_that_makes_no_sense_is_told_what_would(
    reader: httpx.Client, address: str, words: str
) -> None:
    answer = reader.get(address)
    assert answer.status_code == 400
    assert words in assert_sound(answer).text


@pytest.mark.parametrize(
    "address",
    [
        "/nowhere",
        "/journeys/other",
        "/monitors/other",
        "/incidents/front@00010101T000000Z",
        "/incidents/front@19000101T000000Z",
        "/incidents/front@99991231T235959Z",
    ],
)
def test_an_address_of_nothing_is_not_found(reader: httpx.Client, address: str) -> None:
    answer = reader.get(address)
    assert answer.status_code == 404
    assert_sound(answer)


def test_the_first_start_shows_what_to_paste_and_says_when_something_came(
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    with running_console(tmp_path) as console, console.reader() as client:
        page = assert_sound(client.get("/"))
        assert '<script async src="/vigie/rum.js" data-site="shop-key"></script>' in page.text
        assert "Waiting for the first beacon" in page.text
        for words in ("proxy_pass", "ProxyPass ", "Content-Security-Policy: script-src 'self'"):
            assert words in page.text
        assert client.get("/api/v1/arrivals?site=shop").json() == {"arrived": False, "last": None}
    with running_console(tmp_path) as console:
        console.load(history(now, sessions=2, days=1))
        with console.reader() as client:
            assert client.get("/api/v1/arrivals?site=shop").json()["arrived"] is True
            assert "What is down" not in client.get("/").text
            assert "Waiting for the first beacon" not in client.get("/").text

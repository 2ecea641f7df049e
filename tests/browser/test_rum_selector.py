"""Selectors stay the same while a page changes around an element, find it, and say no more."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

Selects = Callable[..., str]


@pytest.fixture(scope="module")
def selector_script(project_root: Path) -> str:
    esbuild = project_root / "node_modules" / ".bin" / "esbuild"
    source = project_root / "rum" / "script" / "selector.ts"
    return subprocess.run(
        [str(esbuild), str(source), "--bundle", "--format=iife", "--global-name=it"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture(scope="module")
def blank(chromium: Browser, selector_script: str) -> Page:
    page = chromium.new_page()
    page.add_script_tag(content=selector_script)
    return page


@pytest.fixture
def select(blank: Page) -> Selects:
    """The selector of the element that `find` (JavaScript) gives, in a body of `html`."""

    def select(html: str, find: str = "document.querySelector('.it')") -> str:
        selector: Any = blank.evaluate(
            f"html => {{ document.body.innerHTML = html; return it.selectorOf({find}) }}", html
        )
        assert isinstance(selector, str)
        assert len(selector) <= 200
        return selector

    return select


def found(page: Page, selector: str) -> int:
    return int(page.evaluate("selector => document.querySelectorAll(selector).length", selector))


@pytest.mark.parametrize(
    ("html", "selector"),
    [
        ('<button class="it" data-vigie="sign / 2">', '[data-vigie="sign / 2"]'),
        ('<div data-testid="form"><b class="it"></b></div>', '[data-testid="form"]>b.it'),
        ('<div id="menu"><a class="it nav-link x"></a></div>', "#menu>a.it.nav-link"),
        ('<p></p><p class="it"></p>', "body>p.it"),
        ('<p class="it"></p><p class="it"></p>', "body>p.it:nth-of-type(1)"),
        ('<svg><g><path class="it"/></g></svg>', "body>svg>g>path.it"),
        (
            '<form id="pay"><input name="id"><input name="children" class="it"></form>',
            "#pay>input.it",
        ),
    ],
)
def test_an_element_is_named_as_its_authors_named_it(
    select: Selects, blank: Page, html: str, selector: str
) -> None:
    assert select(html) == selector
    assert found(blank, selector) == 1


@pytest.mark.parametrize(
    "attributes",
    [
        'id="ember123" class="it"',
        'id=":r1:" class="it css-1x2y3z"',
        'id="radix-_r_a_" class="it sc-bdVaJa kXyZq"',
        'id="mat-input-0" class="it Button_root__a1B2c"',
        'id="3f2504e0-4f89-11d3-9a0c-0305e82c3301" class="it col-6 jsx-123"',
        'data-testid="listing-84123" class="it hover:bg-red p-[3px]"',
        'data-testid="jane@example.test" class="it svelte-abcdef"',
        'class="it active is-open btn-selected"',
    ],
)
def test_what_a_machine_named_or_a_moment_gave_is_left_out(
    select: Selects, attributes: str
) -> None:
    assert select(f"<p {attributes}></p>") == "body>p.it"


def test_nothing_of_a_person_is_in_it(select: Selects) -> None:
    secrets = " ".join(
        f'{name}="Jane Doe"'
        for name in (
            "value",
            "title",
            "alt",
            "aria-label",
            "placeholder",
            "href",
            "name",
            "data-user",
        )
    )
    for tag in ("a", "button", "input", "img", "td"):
        html = f"<table><tr><td><{tag} class='it' {secrets}>Jane Doe</{tag}></table>"
        assert "Jane" not in select(html)


def test_a_render_and_a_new_sibling_leave_the_selector_as_it_was(
    select: Selects, blank: Page
) -> None:
    html = '<section id="offers"><p class="lead"></p><button class="it buy"></button></section>'
    before = select(html)
    assert select(html) == before, "all its elements are others now"
    assert select("<header><div></div></header><section></section>" + html) == before
    blank.evaluate("document.querySelector('#offers').prepend(document.createElement('button'))")
    after = blank.evaluate("it.selectorOf(document.querySelector('.it'))")
    assert after == before == "#offers>button.it.buy"


def test_twins_are_told_apart(select: Selects, blank: Page) -> None:
    row = '<li><span><button data-testid="delete">x</button></span></li>'
    html = f'<ul id="rows">{row * 5}</ul>'
    names = [select(html, f"document.querySelectorAll('button')[{index}]") for index in range(5)]
    assert names[3] == '#rows>li:nth-of-type(4)>span>[data-testid="delete"]'
    assert [found(blank, name) for name in names] == [1] * 5
    assert len(set(names)) == 5


def test_an_id_that_stands_twice_is_no_anchor(select: Selects, blank: Page) -> None:
    form = '<form><div id="field"><input class="it"></div></form>'
    selector = select(form * 2, "document.querySelectorAll('.it')[1]")
    assert selector == "body>form:nth-of-type(2)>#field>input.it"
    assert found(blank, selector) == 1


def test_deep_pages_keep_the_near_levels(select: Selects, blank: Page) -> None:
    html = '<main id="app">' + "<i></i><div><div></div>" * 40 + '<u class="it"></u>'
    selector = select(html)
    assert selector.startswith("div:nth-of-type(2)>div:nth-of-type(2)>")
    assert selector.endswith(">u.it")
    assert found(blank, selector) == 1


def test_thousands_of_siblings_are_not_counted(select: Selects) -> None:
    html = "<p></p>" * 5000
    assert select(html, "document.querySelectorAll('p')[998]") == "body>p:nth-of-type(999)"
    assert select(html, "document.querySelectorAll('p')[4000]") == "body>p"


def test_shadow_roots_are_crossed_by_their_hosts(select: Selects) -> None:
    inside = """(() => {
        const host = document.querySelector('my-card');
        const root = host.attachShadow({mode: 'open'});
        root.innerHTML = '<div><button class="buy"></button></div>';
        return root.querySelector('button');
    })()"""
    assert select('<div id="cards"><my-card></my-card><my-card></my-card></div>', inside) == (
        "#cards>my-card:nth-of-type(1) >>> div>button.buy"
    )
    named = inside.replace("<div>", '<div id="inner">')
    assert select("<my-card></my-card>", named) == "body>my-card >>> #inner>button.buy"


@pytest.mark.parametrize(
    ("find", "selector"),
    [
        ("null", ""),
        ("undefined", ""),
        ("document", ""),
        ("document.documentElement", "html"),
        ("document.body", "body"),
        ("document.body.firstChild", "body"),
        ("Object.assign(document.createElement('a'), {href: 'https://shop.test/'})", "a"),
        ("document.createElement('o:p')", r"o\:p"),
        (
            "document.createElementNS('http://www.w3.org/2000/svg', 'linearGradient')",
            "linearGradient",
        ),
        ("document.createTextNode('alone')", ""),
    ],
)
def test_anything_can_be_asked_of(select: Selects, find: str, selector: str) -> None:
    assert select("a text", find) == selector

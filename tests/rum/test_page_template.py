"""Pages that differ by an id are one page, by the same rule in browsers and here."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from rum.page_template import PageTemplates

PATHS = {
    "/": "/",
    "/listings": "/listings",
    "/listings/": "/listings/",
    "/user/123": "/user/?",
    "/user/123/edit": "/user/?/edit",
    "/2024-05-31": "/?",
    "/123.html": "/?.html",
    "/order-1234567": "/order-?",
    "/lot/12345abc/edit": "/lot/?/edit",
    "/report-2024": "/report-2024",
    "/top-100": "/top-100",
    "/x/550e8400-e29b-41d4-a716-446655440000/y": "/x/?/y",
    "/doc-550e8400-e29b-41d4-a716-446655440000.pdf": "/doc-?.pdf",
    "/commit/deadbeef1234567890ab": "/commit/?",
    "/facade": "/facade",
    "/t/Ab3dEf6hIj9kLm2n": "/t/?",
    "/appartement-de-standing-a-lyon": "/appartement-de-standing-a-lyon",
    "/who/jean@example.com": "/who/?",
    "/who/jean%40example.com": "/who/?",
    "/#/users/7": "/#/users/?",
    "/app#!/users/12/edit": "/app#!/users/?/edit",
    "/index.php;action=edit;step=2": "/index.php;action=edit;step=2",
    "/index.php;lot=123;id=8F12345;who=jean%40example.com": "/index.php;lot=?;id=8F?;who=?",
    "/x=12345/y": "/x=?/y",
}


@pytest.mark.parametrize("path", PATHS)
def test_what_differs_from_one_object_to_the_next_becomes_a_question_mark(path: str) -> None:
    assert PageTemplates().template(path) == PATHS[path]


@pytest.mark.parametrize("template", sorted(set(PATHS.values())))
def test_a_template_stays_as_it_is(template: str) -> None:
    assert PageTemplates().template(template) == template


@pytest.mark.parametrize(
    ("page", "template"),
    [
        ("/search?q=jean", "/search"),
        ("/search?q=a/b/c", "/search"),
        ("/a#section", "/a"),
        ("/a;jsessionid=8F/b", "/a/b"),
        ("/a;JSESSIONID=8F", "/a"),
        ("/a;nonsense", "/a"),
        ("/a;step=<b>", "/a"),
        ("/?id=7", "/"),
    ],
)
def test_queries_and_places_within_a_page_are_dropped(page: str, template: str) -> None:
    assert PageTemplates().template(page) == template


def test_a_sites_own_templates_come_first_in_their_order() -> None:
    templates = PageTemplates(["/team/me", "/team/?", "/shop/?/?"])
    assert templates.template("/team/me") == "/team/me"
    assert templates.template("/team/anna") == "/team/?"
    assert templates.template("/shop/shoes/red") == "/shop/?/?"
    assert templates.template("/shop/shoes") == "/shop/shoes"


def test_a_name_the_site_gave_stays() -> None:
    assert PageTemplates().template("Mandate 12345, step 2?") == "Mandate 12345, step 2?"


def test_the_browser_makes_the_same_templates(project_root: Path, tmp_path: Path) -> None:
    esbuild = project_root / "node_modules" / ".bin" / "esbuild"
    node = shutil.which("node")
    if not esbuild.exists() or node is None:
        pytest.skip("needs the packages of package-lock.json: ./scripts/test installs them")
    source = project_root / "rum" / "script" / "template.ts"
    built = tmp_path / "template.mjs"
    options = ["--bundle", "--format=esm", "--log-level=error", f"--outfile={built}"]
    subprocess.run([esbuild, source, *options], check=True)
    program = (
        f"import {{ template }} from {json.dumps(built.as_uri())};"
        f"console.log(JSON.stringify({json.dumps(list(PATHS))}.map((path) => template(path))));"
    )
    run = subprocess.run(
        [node, "--input-type=module", "-e", program], check=True, capture_output=True, text=True
    )
    assert dict(zip(PATHS, json.loads(run.stdout), strict=True)) == PATHS


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        ("/index.php;action=edit;id=7;who=jean", "/index.php;action=edit"),
        ("/index.php;step=2;action=edit", "/index.php;step=2;action=edit"),
        ("/index.php;who=jean", "/index.php"),
        ("/index.php?action=edit", "/index.php"),
        ("/user/7;action=12345", "/user/?;action=?"),
    ],
)
def test_a_site_may_name_the_parameters_that_are_kept(page: str, kept: str) -> None:
    templates = PageTemplates([], ["action", "step"])
    assert templates.template(page) == kept
    assert templates.template(kept) == kept

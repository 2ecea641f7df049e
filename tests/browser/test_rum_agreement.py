"""Where browser and server compute the same thing, they agree: buckets and page templates."""

import json
import random
import secrets
import string
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

from rum.bucket import bucket_end, bucket_of
from rum.page_template import PageTemplates

RATES = (0, 1e-9, 0.05, 0.1, 0.2, 1 / 3, 0.5, 0.999999, 1)


def in_javascript(root: Path, module: str, expression: str, given: object) -> Any:
    """`expression` of `module`'s exports and of `given`, evaluated by Node."""
    esbuild = root / "node_modules" / ".bin" / "esbuild"
    source = root / "rum" / "script" / module
    compiled = subprocess.run(
        [str(esbuild), str(source), "--bundle", "--format=iife", "--global-name=it"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    program = (
        f"{compiled};const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        f"console.log(JSON.stringify({expression}))"
    )
    ran = subprocess.run(
        ["node", "-e", program], input=json.dumps(given), check=True, capture_output=True, text=True
    )
    return json.loads(ran.stdout)


def test_browser_and_server_agree_on_buckets_and_samples(project_root: Path) -> None:
    edges = ["00000000", "00000001", "7fffffff", "80000000", "ffffffff", "33333332", "33333333"]
    ids = [secrets.token_hex(16) for _ in range(500)] + ["f" * 24 + edge for edge in edges]
    buckets = in_javascript(project_root, "sample.ts", "given.map(it.bucketOf)", ids)
    assert buckets == [bucket_of(session) for session in ids]
    inside = in_javascript(
        project_root,
        "sample.ts",
        "given[0].map(id => given[1].map(rate => it.inSample(id, rate)))",
        [ids, RATES],
    )
    expected = [[bucket_of(session) < bucket_end(rate) for rate in RATES] for session in ids]
    assert inside == expected
    assert all(row[-1] and not row[0] for row in inside)


TEMPLATES = {
    "/": "/",
    "/user/123": "/user/?",
    "/user/123/edit": "/user/?/edit",
    "/user/123/": "/user/?/",
    "/blog/2024-05-31/spring": "/blog/?/spring",
    "/annonces/123.html": "/annonces/?.html",
    "/order-1234567": "/order-?",
    "/order/12345abc": "/order/?",
    "/report-2024/top-100": "/report-2024/top-100",
    "/docs/v1.2/html5": "/docs/v1.2/html5",
    "/item/3f2504e0-4f89-11d3-9a0c-0305e82c3301": "/item/?",
    "/item/prefix-3f2504e0-4f89-11d3-9a0c-0305e82c3301": "/item/prefix-?",
    "/item/prefix-3F2504E0-4F89-11D3-9A0C-0305E82C3301_x": "/item/?",
    "/o/507f1f77bcf86cd799439011": "/o/?",
    "/effaced/decade/feedface": "/effaced/decade/feedface",
    "/share/V1StGXR8Z5jdHi6BmyT": "/share/?",
    "/people/jane.doe@example.test": "/people/?",
    "/people/jane%40example.test/x": "/people/?/x",
    "/#/users/7": "/#/users/?",
    "/app#!/mandates/12345/sign": "/app#!/mandates/?/sign",
}


def random_paths(count: int) -> list[str]:
    chance = random.Random(7)
    words = ["user", "sign", "top-100", "v2", "b%C3%A9ton", "mandat", "a.b", "été", "x_y", "%40"]

    def segment() -> str:
        kind = chance.randrange(8)
        if kind == 0:
            return str(chance.randrange(10**9))
        if kind == 1:
            return str(uuid.UUID(int=chance.getrandbits(128)))
        if kind == 2:
            return f"{chance.getrandbits(chance.randrange(32, 128)):x}"
        if kind == 3:
            alphabet = string.ascii_letters + string.digits + "_-."
            return "".join(chance.choices(alphabet, k=chance.randrange(1, 30)))
        if kind == 4:
            return chance.choice(words) + chance.choice("-_.") + str(chance.randrange(10**7))
        if kind == 5:
            within = str(uuid.UUID(int=chance.getrandbits(128)))
            around = [chance.choice(("", "a-", "prefix-", "x_", ".")) for _ in range(2)]
            return around[0] + chance.choice((within, within.upper())) + around[1][::-1]
        return chance.choice(words)

    return ["/" + "/".join(segment() for _ in range(chance.randrange(1, 6))) for _ in range(count)]


@pytest.fixture(scope="module")
def by_browser(project_root: Path) -> dict[str, str]:
    paths = [*TEMPLATES, *random_paths(500)]
    found = in_javascript(project_root, "template.ts", "given.map(it.template)", paths)
    return dict(zip(paths, found, strict=True))


def test_what_differs_from_user_to_user_becomes_a_question_mark(
    by_browser: dict[str, str],
) -> None:
    assert {path: by_browser[path] for path in TEMPLATES} == TEMPLATES


def test_the_server_finds_nothing_left_to_replace(by_browser: dict[str, str]) -> None:
    rule = PageTemplates()
    for path, page in by_browser.items():
        assert rule.template(page) == page, path


def test_browser_and_server_make_the_same_template_of_any_path(by_browser: dict[str, str]) -> None:
    rule = PageTemplates()
    assert {path: rule.template(path) for path in by_browser} == by_browser

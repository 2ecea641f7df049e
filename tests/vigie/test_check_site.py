"""`vigie check-site`: each fault of an installation is found, and none on a good page."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from rum.script_file import digest_of, integrity_of
from tests.support.checked_site import KEY, CheckedSite, checked_site
from tests.support.serving import SITE_KEY, Serving
from tests.support.site import Answer, document
from tests.support.waiting import wait_for
from vigie.install_texts import pinned_tag, policy_line, script_tag, snippet
from vigie.site_check.arrival import check_clock
from vigie.site_check.check import SiteCheck, check_site
from vigie.site_check.file_checks import check_mixed_content
from vigie.site_check.finding import Fault, Finding, Severity
from vigie.site_check.known import known
from vigie.site_check.page import PageSeen, ScriptTag
from vigie.site_check.tag import rum_tags

pytestmark = pytest.mark.browser

TAG = script_tag(KEY)
STUB = "<script>window.vigie ||= function () { (vigie.q ||= []).push(arguments) }</script>"
NEAR = "/page"


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, project_root: Path
) -> Iterator[tuple[CheckedSite, Serving]]:
    script = project_root / "static" / "rum.js"
    with checked_site(tmp_path_factory.mktemp("checked"), script) as both:
        yield both


Check = Callable[..., SiteCheck]


@pytest.fixture
def check(running: tuple[CheckedSite, Serving], chromium_path: str) -> Check:
    """Checks a page with this snippet: read, or opened in the browser."""
    site, served = running
    site.answers, site.headers = {}, {}

    def checked(
        head: str, *, body: str = "", policy: str = "", in_browser: bool = False
    ) -> SiteCheck:
        site.pages[NEAR] = document(body, snippet="", head=head)
        if policy:
            site.headers[NEAR] = {"content-security-policy": policy}
        browser = chromium_path if in_browser else ""
        here = known(served.config, served.data)
        return check_site(site.base + NEAR, here, browser, lambda text: None)

    return checked


def faults(result: SiteCheck) -> set[Fault]:
    """Those that are errors or warnings."""
    return {each.fault for each in result.findings if each.severity is not Severity.NOTE}


def the(result: SiteCheck, fault: Fault) -> Finding:
    (found,) = [each for each in result.findings if each.fault is fault]
    return found


@pytest.mark.parametrize("in_browser", [True, False])
@pytest.mark.parametrize("head", [TAG, STUB + TAG, pinned_tag(KEY)])
def test_a_good_page_has_no_fault_and_its_beacon_is_stored(
    check: Check, head: str, in_browser: bool
) -> None:
    result = check(head, in_browser=in_browser)
    assert faults(result) == set(), result
    assert (result.ok, result.rendered) == (True, in_browser)
    assert the(result, Fault.BEACON_STORED)


def test_what_init_prints_passes_under_the_policy_that_init_prints(check: Check) -> None:
    policy = policy_line().partition(": ")[2]
    assert faults(check(snippet(KEY), policy=policy, in_browser=True)) == set()


def test_a_visit_of_the_check_is_counted_nowhere(
    check: Check, running: tuple[CheckedSite, Serving]
) -> None:
    check(TAG, in_browser=True)
    seen = running[1].get("/api/v1/reports/seen", site="web", days="1").json()
    assert (seen["pages"], seen["events"]) == ([], [])


CSP_HOST = "default-src 'none'; script-src https://cdn.example 'unsafe-inline'; connect-src 'self'"
CSP_NONCE = "script-src 'nonce-abc'; connect-src 'self'"
CSP_DEFAULT = "default-src 'self'; connect-src https://api.example"
CSP_STUB = "script-src 'self'"
CSP_TYPES = "require-trusted-types-for 'script'; trusted-types shop"

BAD_HEADS = [
    ("", Fault.SNIPPET_MISSING, f'data-site="{KEY}"'),
    (TAG + TAG, Fault.SNIPPET_TWICE, TAG),
    ('<script async src="/vigie/rum.js"></script>', Fault.KEY_MISSING, TAG),
    (TAG.replace(KEY, "typo"), Fault.UNKNOWN_KEY, f'data-site="{KEY}"'),
    (TAG.replace(KEY, SITE_KEY), Fault.WRONG_KEY, f'data-site="{KEY}"'),
    (TAG.replace("rum.js", "gone.js"), Fault.SCRIPT_NOT_FOUND, "location /vigie/"),
    (TAG.replace("async ", ""), Fault.ASYNC_MISSING, TAG),
    (TAG + STUB, Fault.STUB_AFTER_SCRIPT, "<script>"),
    (TAG + "<script>vigie('level', 'novice')</script>", Fault.STUB_MISSING, "<script>"),
    (
        TAG.replace("async", 'async data-consent="pending"'),
        Fault.CONSENT_WAITED_FOR,
        "vigie('consent', 'granted')",
    ),
    (
        TAG.replace("async", 'async data-endpoint="/vigie/analytics"'),
        Fault.BLOCKABLE_NAME,
        'data-endpoint="/assets/news"',
    ),
    (TAG.replace("async", 'async integrity="sha384-AAAA"'), Fault.INTEGRITY_MISMATCH, "sha384-"),
]


@pytest.mark.parametrize(("head", "fault", "line"), BAD_HEADS, ids=[each[1] for each in BAD_HEADS])
def test_a_fault_of_the_snippet_is_found_with_the_line_that_mends_it(
    check: Check, head: str, fault: Fault, line: str
) -> None:
    result = check(head)
    assert fault in faults(result)
    found = the(result, fault)
    assert line in found.line
    assert not (result.ok and found.severity is Severity.ERROR)


BAD_POLICIES = [
    (TAG, CSP_HOST, Fault.POLICY_SCRIPT, "script-src https://cdn.example 'unsafe-inline' 'self'"),
    (TAG, CSP_NONCE, Fault.POLICY_SCRIPT, 'nonce="THE-NONCE-OF-THIS-ANSWER"'),
    (TAG, CSP_DEFAULT, Fault.POLICY_CONNECT, "connect-src https://api.example 'self'"),
    (STUB + TAG, CSP_STUB, Fault.POLICY_INLINE, "script-src 'self' 'sha256-"),
    (
        TAG.replace("async", 'async data-replay="0.2"'),
        CSP_TYPES,
        Fault.POLICY_TRUSTED_TYPES,
        "trusted-types shop vigie",
    ),
]


@pytest.mark.parametrize("in_browser", [True, False])
@pytest.mark.parametrize(
    ("head", "policy", "fault", "line"), BAD_POLICIES, ids=[each[2] for each in BAD_POLICIES]
)
def test_what_a_policy_forbids_is_found_with_the_directive_that_allows_it(
    check: Check, head: str, policy: str, fault: Fault, line: str, in_browser: bool
) -> None:
    result = check(head, policy=policy, in_browser=in_browser)
    assert faults(result) == {fault}, result
    assert line in the(result, fault).line
    if fault in (Fault.POLICY_CONNECT, Fault.POLICY_INLINE):
        name = the(result, fault).line.partition(" ")[0]
        kept = [part for part in policy.split(";") if part.split()[0] != name]
        mended = check(
            head, policy="; ".join([*kept, the(result, fault).line]), in_browser=in_browser
        )
        assert faults(mended) == set(), mended


def test_a_policy_in_the_page_counts_too(check: Check) -> None:
    meta = f'<meta http-equiv="Content-Security-Policy" content="{CSP_DEFAULT}">'
    assert faults(check(meta + TAG)) == {Fault.POLICY_CONNECT}


def test_a_nonce_that_fits_is_no_fault(check: Check) -> None:
    head = TAG.replace("async", 'async nonce="abc"')
    assert faults(check(head, policy=CSP_NONCE, in_browser=True)) == set()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(404), Fault.SCRIPT_NOT_FOUND),
        (Answer(200, {"content-type": "text/html"}, b"<p>Home"), Fault.SCRIPT_NOT_SCRIPT),
        (Answer(200, {"content-type": "text/javascript"}, b"1"), Fault.CACHE),
        (
            Answer(
                200,
                {"content-type": "text/javascript", "cache-control": "max-age=31536000, immutable"},
                b"1",
            ),
            Fault.CACHE,
        ),
    ],
)
def test_a_fault_of_the_file_is_found(
    check: Check, running: tuple[CheckedSite, Serving], answer: Answer, fault: Fault
) -> None:
    running[0].answers["/vigie/rum.js"] = answer
    assert faults(check(TAG)) == {fault}


def test_a_script_that_does_not_start_is_found_by_the_browser(
    check: Check, running: tuple[CheckedSite, Serving]
) -> None:
    lifetime = {"content-type": "text/javascript", "cache-control": "max-age=600"}
    running[0].answers["/vigie/rum.js"] = Answer(200, lifetime, b"throw new Error('torn')")
    result = check(TAG, in_browser=True)
    assert faults(result) == {Fault.SCRIPT_DID_NOT_START}
    assert the(result, Fault.SCRIPT_OTHER_VERSION)


def test_a_tag_that_a_tag_manager_puts_in_is_seen_by_the_browser_alone(check: Check) -> None:
    manager = f"""<script>
        const tag = document.createElement('script');
        tag.src = '/vigie/rum.js'; tag.dataset.site = '{KEY}'; document.head.append(tag);
    </script>"""
    assert faults(check(manager, in_browser=True)) == set()
    assert faults(check(manager)) == {Fault.SNIPPET_MISSING}
    assert faults(check(manager + TAG, in_browser=True)) == {Fault.SNIPPET_TWICE}


@pytest.mark.parametrize("in_browser", [True, False])
@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(404), Fault.COLLECTOR_UNREACHABLE),
        (Answer(200, {}, b"<p>Home"), Fault.COLLECTOR_UNREACHABLE),
        (Answer(502), Fault.COLLECTOR_UNREACHABLE),
        (Answer(503, {"retry-after": "5"}), Fault.BEACON_REFUSED),
    ],
    ids=["404", "200", "502", "503"],
)
def test_a_collector_that_cannot_be_reached_is_found(
    check: Check,
    running: tuple[CheckedSite, Serving],
    answer: Answer,
    fault: Fault,
    in_browser: bool,
) -> None:
    running[0].answers["POST"] = answer
    assert faults(check(TAG, in_browser=in_browser)) == {fault}


def test_a_beacon_that_never_reaches_the_store_is_missed(
    check: Check, running: tuple[CheckedSite, Serving], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vigie.site_check.arrival.STORED_WITHIN_S", 0.5)
    running[0].answers["POST"] = Answer(204)
    assert faults(check(TAG)) == {Fault.NOT_IN_STORE}


@pytest.mark.parametrize("settings_known", [True, False])
def test_an_origin_that_the_site_does_not_take_is_found_with_its_line(
    running: tuple[CheckedSite, Serving], tmp_path: Path, settings_known: bool
) -> None:
    """By the settings, or without any by the collector's answer."""
    site, served = running
    site.answers, site.headers = {}, {}
    site.pages[NEAR] = document(snippet=script_tag(SITE_KEY))
    other = site.base.replace("127.0.0.1", "localhost")
    here = known(served.config if settings_known else tmp_path / "none.toml", tmp_path / "none")
    result = check_site(other + NEAR, here, "", lambda text: None)
    assert faults(result) == {Fault.ORIGIN_NOT_ALLOWED}
    assert f'"{other}"]' in the(result, Fault.ORIGIN_NOT_ALLOWED).line


def test_one_page_with_over_half_the_views_is_warned_of(
    check: Check, running: tuple[CheckedSite, Serving]
) -> None:
    site, served = running
    now_ms = datetime.now(UTC).timestamp() * 1000
    views = [
        {"kind": "view", "at": now_ms, "view": n, "page": "/index.php" if n % 3 else "/"}
        for n in range(1, 31)
    ]
    beacon = {
        "v": 1, "site": KEY, "session": "ab" * 16, "batch": 7 << 20, "sent": now_ms, "events": views
    }  # fmt: skip
    sent = site.post(json.dumps(beacon).encode(), {"origin": site.base})
    assert sent.status == 204
    # What the check asks, too: an answer may stand a second after more is known.
    wait_for(
        lambda: served.get("/api/v1/reports/seen", site="web", days="7").json()["pages"],
        "the views among those seen",
    )
    assert faults(check(TAG)) == {Fault.ONE_TEMPLATE}
    assert "67% of the last week's 30 views" in the(check(TAG), Fault.ONE_TEMPLATE).what


@pytest.mark.parametrize(
    ("page", "script", "found"),
    [
        ("https://shop.test/", "http://shop.test/rum.js", True),
        ("https://shop.test/", "https://shop.test/rum.js", False),
        ("http://shop.test/", "http://shop.test/rum.js", False),
    ],
)
def test_a_secure_page_that_loads_it_insecurely(page: str, script: str, found: bool) -> None:
    tag = ScriptTag(attributes={"src": script, "data-site": KEY}, line=1)
    seen = PageSeen(url=page, scripts=(tag,))
    findings = list(check_mixed_content(rum_tags(seen)[0], seen))
    assert [each.fault for each in findings] == ([Fault.MIXED_CONTENT] if found else [])
    assert all("https://shop.test/rum.js" in each.line for each in findings)


@pytest.mark.parametrize(("off_s", "found"), [(0, False), (-50, False), (400, True), (-400, True)])
def test_a_clock_far_off(off_s: int, found: bool) -> None:
    now = datetime.now(UTC)
    date = format_datetime(now + timedelta(seconds=off_s), usegmt=True)
    assert bool(list(check_clock((None, "nonsense", date), now))) is found


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vigie", "check-site", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "100"},
    )


def test_the_command_says_it_in_words_or_json_and_by_its_exit_code(
    check: Check, running: tuple[CheckedSite, Serving], chromium_path: str
) -> None:
    site, served = running
    where = ("--config", str(served.config), "--data", str(served.data))
    site.pages[NEAR] = document(snippet=TAG)
    done = run(site.base + NEAR, *where, "--browser", chromium_path, "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["ok"], said["rendered"]) == (0, True, True), done
    site.pages["/bare"] = document(snippet="")
    done = run(site.base + "/bare", *where, "--no-browser")
    assert done.returncode == 1
    assert re.search(r"error +no script tag of rum.js", done.stdout)
    assert TAG in done.stdout
    assert "1 error" in done.stdout
    assert "reading http" in done.stderr
    done = run("shop.test")
    assert (done.returncode, done.stderr) == (
        2, 'error: "shop.test" is no URL; give one such as https://www.example.com\n'
    )  # fmt: skip
    done = run(site.base + "/none", *where)
    assert done.returncode == 1
    assert "answered 404" in done.stdout


def test_the_hashed_name_is_immutable_and_another_hash_is_not(
    running: tuple[CheckedSite, Serving], project_root: Path
) -> None:
    script = (project_root / "static" / "rum.js").read_bytes()
    site, _ = running
    site.answers = {}
    right = site.get(f"/vigie/rum.{digest_of(script)}.js")
    assert right.body == script
    assert "immutable" in right.headers["cache-control"]
    assert integrity_of(script) in pinned_tag(KEY)
    old = site.get("/vigie/rum.0000000000000000.js")
    assert old.body == script
    assert old.headers["cache-control"] == "public, max-age=300"

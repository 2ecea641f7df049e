"""The whole check of one page: every finding, the gravest first."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
from msgspec import Struct

from vigie.site_check.arrival import (
    beacon_of,
    check_beacon,
    check_clock,
    check_origin,
    check_stored,
    check_templates,
)
from vigie.site_check.devtools import BrowserError
from vigie.site_check.file_checks import check_file, check_names, fetch
from vigie.site_check.finding import Fault, Finding, Severity, error, note
from vigie.site_check.known import Known
from vigie.site_check.page import PageSeen
from vigie.site_check.policy_checks import check_policy
from vigie.site_check.snippet_checks import check_consent, check_key, check_order, check_presence
from vigie.site_check.tag import RumTag, rum_tags
from vigie.site_check.visit import AGENT, Post, ReadError, http_post, read_page, visit

ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
REQUEST_WITHIN_S = 20.0
_STOP_START = {
    Fault.KEY_MISSING,
    Fault.SCRIPT_NOT_FOUND,
    Fault.SCRIPT_NOT_SCRIPT,
    Fault.MIXED_CONTENT,
    Fault.POLICY_SCRIPT,
    Fault.INTEGRITY_MISMATCH,
    Fault.INTEGRITY_CROSS_ORIGIN,
}
"""Why the script does not start, where it is known."""
_STOP_SENDING = {Fault.POLICY_CONNECT, Fault.MIXED_CONTENT}

Say = Callable[[str], None]


class SiteCheck(Struct, frozen=True, kw_only=True):
    """What `vigie check-site --json` prints. `rendered`: a browser ran the page's scripts."""

    url: str
    rendered: bool
    ok: bool
    """No error was found."""
    findings: tuple[Finding, ...]


def check_site(url: str, known: Known, browser: str, say: Say) -> SiteCheck:
    """Open the page at `url`, in `browser` where it is not "", and check all there is to it."""
    with httpx.Client(
        headers={"user-agent": f"Mozilla/5.0 {AGENT}"},
        follow_redirects=True,
        timeout=REQUEST_WITHIN_S,
    ) as client:
        say(f"reading {url}")
        try:
            read = read_page(client, url)
        except ReadError as problem:
            return _checked(url, [error(Fault.PAGE_UNREADABLE, str(problem), where=url)])
        say("opening it in a browser" if browser else "looking at its HTML")
        with _opened(client, read, browser) as (page, post):
            findings = list(_findings(client, page, post, known, say))
    return _checked(page.url, findings, rendered=page.rendered)


@contextmanager
def _opened(client: httpx.Client, read: PageSeen, browser: str) -> Iterator[tuple[PageSeen, Post]]:
    """In the browser; where that fails, as read, with the reason."""
    if not browser:
        yield read, http_post(client, read)
        return
    visited = visit(browser, read)
    try:
        page, post = visited.__enter__()
    except BrowserError as problem:
        failed = PageSeen(
            url=read.url, scripts=read.scripts, policies=read.policies, fault=str(problem)
        )
        yield failed, http_post(client, failed)
        return
    try:
        yield page, post
    finally:
        visited.__exit__(None, None, None)


def _findings(
    client: httpx.Client, page: PageSeen, post: Post, known: Known, say: Say
) -> Iterator[Finding]:
    if not page.rendered:
        yield _not_rendered(page)
    yield from check_presence(page, known)
    for tag in rum_tags(page)[:1]:
        found = list(_of_tag(client, tag, page, known))
        yield from found
        faults = {finding.fault for finding in found if finding.severity is Severity.ERROR}
        if page.rendered and not page.started and not faults & _STOP_START:
            yield _did_not_start(tag, page)
        if tag.key and not faults & _STOP_SENDING:
            yield from _of_sending(tag, page, post, known, faults, say)
        yield from check_templates(tag, known)


def _of_tag(client: httpx.Client, tag: RumTag, page: PageSeen, known: Known) -> Iterator[Finding]:
    served = fetch(client, tag.address)
    yield from check_key(tag, page, known)
    yield from check_origin(tag, page, known)
    yield from check_order(tag, page)
    yield from check_consent(tag, page)
    yield from check_policy(tag, page)
    yield from check_file(tag, page, served)
    yield from check_names(tag, page)
    yield from check_clock((served.date,), datetime.now(UTC))


def _of_sending(
    tag: RumTag, page: PageSeen, post: Post, known: Known, faults: set[Fault], say: Say
) -> Iterator[Finding]:
    """The test beacon; what the tag or the settings told already is not said again."""
    say("sending a test beacon")
    session = secrets.token_hex(16)
    posted = post(tag.endpoint, beacon_of(tag.key, session, datetime.now(UTC)))
    for finding in check_beacon(tag, page, posted):
        told = {Fault.ORIGIN_NOT_ALLOWED, Fault.UNKNOWN_KEY, Fault.WRONG_KEY} & faults
        if not (told and finding.fault in (Fault.ORIGIN_NOT_ALLOWED, Fault.UNKNOWN_KEY)):
            yield finding
    if posted.status == 204:
        yield from check_stored(session, known, say)


def _not_rendered(page: PageSeen) -> Finding:
    why = page.fault or "no Chromium, Chrome or Edge was found"
    return note(
        Fault.NOT_LOOKED_AT,
        f"what the page's scripts do: {why}; its HTML was read instead",
        mend="install Chromium, or name a browser with --browser",
    )


def _did_not_start(tag: RumTag, page: PageSeen) -> Finding:
    said = next((each for each in page.blocked if each.startswith(tag.address)), "")
    return error(
        Fault.SCRIPT_DID_NOT_START,
        f"the script is there, but did not start in the browser{f' ({said})' if said else ''}",
        where=tag.where,
        mend="the browser's console on this page says more",
    )


def _checked(url: str, findings: list[Finding], *, rendered: bool = False) -> SiteCheck:
    return SiteCheck(
        url=url,
        rendered=rendered,
        ok=all(finding.severity is not Severity.ERROR for finding in findings),
        findings=tuple(sorted(findings, key=lambda finding: ORDER.index(finding.severity))),
    )

"""The script file as served: found, a script, cached well, of the integrity stated, named well."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
from msgspec import Struct

from rum.script_file import digest_of, integrity_of
from vigie.folders import STATIC
from vigie.site_check.finding import Fault, Finding, error, note, warning
from vigie.site_check.page import PageSeen, origin_of
from vigie.site_check.tag import RumTag, written

SCRIPT_TYPES = ("text/javascript", "application/javascript", "application/x-javascript")
AGE_LONG_S = 86_400
CACHE_LINE = "Cache-Control: public, max-age=3600, stale-while-revalidate=86400"
_STRENGTH = ("sha512", "sha384", "sha256")
_LISTED = re.compile(
    r"analytic|tracker|tracking|telemetry|beacon|collect|pixel|metrics?\b|stats?\b|\btag\b|monitor",
    re.IGNORECASE,
)
_OWN_NAME = re.compile(r"/rum(?:\.[0-9a-f]{16})?\.js$")


class Served(Struct, frozen=True, kw_only=True):
    """The file as its address answered; status 0: it did not, and `fault` says why."""

    status: int
    content: bytes = b""
    content_type: str = ""
    cache: str = ""
    date: str = ""
    fault: str = ""


def fetch(client: httpx.Client, address: str) -> Served:
    try:
        answer = client.get(address)
    except httpx.HTTPError as problem:
        return Served(status=0, fault=str(problem) or type(problem).__name__)
    return Served(
        status=answer.status_code,
        content=answer.content,
        content_type=answer.headers.get("content-type", "").partition(";")[0].strip().lower(),
        cache=answer.headers.get("cache-control", ""),
        date=answer.headers.get("date", ""),
    )


def check_file(tag: RumTag, page: PageSeen, served: Served) -> Iterator[Finding]:
    """All that can be wrong with the file; what follows from another fault is not said."""
    yield from check_mixed_content(tag, page)
    if served.status != 200 or not served.content:
        yield _not_found(tag, served)
        return
    if served.content_type not in SCRIPT_TYPES:
        yield error(
            Fault.SCRIPT_NOT_SCRIPT,
            f'the script is sent as "{served.content_type or "nothing"}": a page may have been sent'
            " in its place, and browsers refuse what is not a script",
            where=tag.address,
            mend="have the server pass on what the collector answers, with this header",
            line="Content-Type: text/javascript; charset=utf-8",
        )
        return
    yield from check_integrity(tag, page, served)
    yield from check_cache(tag, served)
    yield from check_version(tag, served)


def check_mixed_content(tag: RumTag, page: PageSeen) -> Iterator[Finding]:
    """https pages load nothing over http: https://www.w3.org/TR/mixed-content/"""
    if not page.url.startswith("https:"):
        return
    if tag.address.startswith("http:"):
        yield error(
            Fault.MIXED_CONTENT,
            "the page is https and the script http: browsers block it",
            where=tag.where,
            mend="load it by https, or from the site itself",
            line=written(tag.tag, src=tag.tag.src.replace("http:", "https:", 1)),
        )
    elif tag.endpoint.startswith("http:"):
        yield error(
            Fault.MIXED_CONTENT,
            "the page is https and the collector's address http: browsers block what is sent",
            where=tag.where,
            mend="send by https, or to the site itself",
            line=written(tag.tag, data_endpoint=tag.endpoint.replace("http:", "https:", 1)),
        )


def check_integrity(tag: RumTag, page: PageSeen, served: Served) -> Iterator[Finding]:
    stated = tag.tag.attributes.get("integrity", "").split()
    if not stated:
        return
    if not _fits(stated, served.content):
        yield error(
            Fault.INTEGRITY_MISMATCH,
            "integrity= is of another version of the file: browsers refuse this one",
            where=tag.where,
            mend="state the file's own",
            line=f'integrity="{integrity_of(served.content)}"',
        )
    if origin_of(tag.address) != page.origin and "crossorigin" not in tag.tag.attributes:
        yield error(
            Fault.INTEGRITY_CROSS_ORIGIN,
            "integrity= on a script of another origin needs crossorigin: browsers refuse it",
            where=tag.where,
            mend="add crossorigin",
            line=written(tag.tag, crossorigin="anonymous"),
        )


def check_cache(tag: RumTag, served: Served) -> Iterator[Finding]:
    """Not fetched anew for each page, nor kept when it has changed."""
    said = served.cache.lower()
    age = re.search(r"max-age=(\d+)", said)
    pinned = digest_of(served.content) in tag.address
    if "no-store" in said or age is None or int(age[1]) == 0:
        what = "the script is sent without a lifetime: browsers fetch it for every page"
        yield warning(Fault.CACHE, what, tag.address, "have the server send", CACHE_LINE)
    elif not pinned and (int(age[1]) > AGE_LONG_S or "immutable" in said):
        what = (
            f"the script may be kept for {int(age[1])} s under a name that does not change with it"
        )
        yield warning(Fault.CACHE, what, tag.address, "have the server send", CACHE_LINE)


def check_version(tag: RumTag, served: Served) -> Iterator[Finding]:
    if served.content != (STATIC / "rum.js").read_bytes():
        yield note(
            Fault.SCRIPT_OTHER_VERSION,
            "the script is another than this Vigie's: older, newer, or changed on its way",
            where=tag.address,
        )


def check_names(tag: RumTag, page: PageSeen) -> Iterator[Finding]:
    """Ad blockers go by names, and by hosts that are not the page's."""
    script, endpoint = urlsplit(tag.address), urlsplit(tag.endpoint)
    for what, parts in (("the script", script), ("the collector", endpoint)):
        path = parts.path.removesuffix("/rum/v1/beacon")
        if found := _LISTED.search(f"{parts.netloc}{path}"):
            yield warning(
                Fault.BLOCKABLE_NAME,
                f'ad blockers know names with "{found[0]}", as in that of {what}',
                where=f"{parts.scheme}://{parts.netloc}{parts.path}",
                mend="give both a plain name of the site's own, by its proxy",
                line=written(tag.tag, src="/assets/site.js", data_endpoint="/assets/news"),
            )
            return
    if origin_of(tag.address) != page.origin:
        yield note(
            Fault.BLOCKABLE_NAME,
            "the script comes from another origin than the page, which more blockers refuse",
            where=tag.where,
            mend="put a path of the site in front of the collector: vigie init prints the lines",
        )
    elif _OWN_NAME.search(script.path):
        yield note(
            Fault.BLOCKABLE_NAME,
            "a few ad blockers know the name rum.js; docs/rum.md says how to give it another",
            where=tag.address,
        )


def _not_found(tag: RumTag, served: Served) -> Finding:
    said = served.fault or f"answered {served.status}"
    said = "answered an empty file" if served.status == 200 else said
    return error(
        Fault.SCRIPT_NOT_FOUND,
        f"the script {said}",
        where=tag.address,
        mend="put the site's /vigie/ in front of the collector. In nginx",
        line="location /vigie/ { proxy_pass http://127.0.0.1:8600/; }",
    )


def _fits(stated: list[str], content: bytes) -> bool:
    """Whether the content is what integrity= asks for; the strongest digest named decides."""
    for strength in _STRENGTH:
        if of_kind := [each for each in stated if each.startswith(f"{strength}-")]:
            return integrity_of(content, strength) in (each.partition("?")[0] for each in of_kind)
    return True

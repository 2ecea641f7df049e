"""The snippet itself: is it there, once, with the right key, and in the right order."""

from collections.abc import Iterator

from vigie.install_texts import snippet
from vigie.site_check.finding import Fault, Finding, error, note, warning
from vigie.site_check.known import Known
from vigie.site_check.page import PageSeen
from vigie.site_check.tag import RumTag, calls, rum_tags, stubs, where, written

EXAMPLE_KEY = "YOUR-KEY"


def check_presence(page: PageSeen, known: Known) -> Iterator[Finding]:
    """One tag, neither none nor two."""
    tags = rum_tags(page)
    if not tags:
        site = known.site_for(page.origin)
        yield error(
            Fault.SNIPPET_MISSING,
            "no script tag of rum.js is in the page" + _unless_rendered(page),
            where=page.url,
            mend="put this into <head>",
            line=snippet(site.key if site else EXAMPLE_KEY),
        )
    elif len(tags) > 1:
        yield error(
            Fault.SNIPPET_TWICE,
            f"rum.js is in the page {len(tags)} times; the first alone is at work",
            where=", ".join(tag.where for tag in tags),
            mend="leave this one, and take the others out",
            line=written(tags[0].tag),
        )


def check_key(tag: RumTag, page: PageSeen, known: Known) -> Iterator[Finding]:
    """A key of a site, and of the one that the page belongs to."""
    owner = known.site_for(page.origin)
    right = owner.key if owner else EXAMPLE_KEY
    if not tag.key:
        yield error(
            Fault.KEY_MISSING,
            "the tag names no site, so nothing is measured",
            where=tag.where,
            mend="add data-site",
            line=written(tag.tag, data_site=right),
        )
        return
    if known.sites is None:
        yield note(
            Fault.NOT_LOOKED_AT,
            "whether the key is a site's: there is no settings file here",
            mend="run this beside vigie.toml, or name it with --config",
        )
        return
    site = known.site_of(tag.key)
    if site is None:
        yield error(
            Fault.UNKNOWN_KEY,
            f'no site of the settings has the key "{tag.key}"',
            where=tag.where,
            mend=f'use the key of "{owner.id}"' if owner else "use the key of this site",
            line=written(tag.tag, data_site=right),
        )
    elif owner is not None and owner.key != site.key and known.site_for(page.origin) != site:
        yield from _wrong_key(tag, page, site.id, owner.id, right)


def _wrong_key(tag: RumTag, page: PageSeen, site: str, owner: str, right: str) -> Iterator[Finding]:
    yield error(
        Fault.WRONG_KEY,
        f'the key is that of "{site}", but {page.origin} belongs to "{owner}"',
        where=tag.where,
        mend=f'use the key of "{owner}"',
        line=written(tag.tag, data_site=right),
    )


def check_order(tag: RumTag, page: PageSeen) -> Iterator[Finding]:
    """Nothing waits for the script, and nothing is called before something can take the call."""
    attributes = tag.tag.attributes
    waits = not {"async", "defer"} & attributes.keys() and attributes.get("type") != "module"
    if waits and tag.tag.line:  # one that a script puts in is asynchronous anyway
        yield warning(
            Fault.ASYNC_MISSING,
            "the page stops at the tag until the script has come",
            where=tag.where,
            mend="add async",
            line=written(tag.tag, **{"async": ""}),
        )
    made = [place for place, _ in stubs(page, tag.name)]
    called = [
        (place, script) for place, script in calls(page, tag.name) if not made or place < made[0]
    ]
    if made and made[0] > tag.place:
        yield warning(
            Fault.STUB_AFTER_SCRIPT,
            "the stub stands after the script tag: errors and calls before it are lost",
            where=where(page.scripts[made[0]]),
            mend="put the stub before the tag",
            line=snippet(tag.key).partition("\n")[0],
        )
    elif called and tag.tag.line:
        yield warning(
            Fault.STUB_MISSING,
            f"{tag.name}(...) is called with no stub before it: the call fails wherever the script"
            " has not come yet",
            where=where(called[0][1]),
            mend="put the stub before it",
            line=snippet(tag.key).partition("\n")[0],
        )


def check_consent(tag: RumTag, page: PageSeen) -> Iterator[Finding]:
    """A tag that waits for consent measures nobody whom no banner asks."""
    asked = tag.tag.attributes.get("data-consent", "granted")
    if asked in ("", "granted") or _says_consent(page, tag.name):
        return
    yield warning(
        Fault.CONSENT_WAITED_FOR,
        f'data-consent="{asked}": nothing is sent before consent, and no inline script of the page'
        " gives it; right only if a banner of another script does",
        where=tag.where,
        mend="have the banner call this once the visitor agrees",
        line=f"{tag.name}('consent', 'granted')",
    )


def _says_consent(page: PageSeen, name: str) -> bool:
    return any(
        f"{name}('consent'" in text or f'{name}("consent"' in text
        for text in (script.text.replace(" ", "") for script in page.scripts)
    )


def _unless_rendered(page: PageSeen) -> str:
    if page.rendered:
        return ""
    return "'s HTML; no browser was at hand to see whether a script puts it there"

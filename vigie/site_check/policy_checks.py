"""What the page's Content-Security-Policy forbids of rum.js, and the directive that allows it."""

from collections.abc import Iterator

from vigie.install_texts import hash_source
from vigie.site_check.finding import Fault, Finding, error
from vigie.site_check.page import PageSeen
from vigie.site_check.policy import (
    Directives,
    allows_connection,
    allows_inline,
    allows_script,
    directives,
    governing,
    line_with,
    source_for,
)
from vigie.site_check.tag import RumTag, stubs, where, written

NONCE_SHOWN = "THE-NONCE-OF-THIS-ANSWER"
TRUSTED_TYPE = "vigie"


def check_policy(tag: RumTag, page: PageSeen) -> Iterator[Finding]:
    """Each policy by itself, for all of them must allow it."""
    for policy in map(directives, page.policies):
        yield from _check_script(policy, tag, page)
        yield from _check_stub(policy, tag, page)
        if not allows_connection(policy, tag.endpoint, page.url):
            yield error(
                Fault.POLICY_CONNECT,
                f"the policy's {governing(policy, 'connect-src')} does not let the page send to"
                f" {tag.endpoint}",
                where="Content-Security-Policy",
                mend="have it say",
                line=line_with(policy, "connect-src", source_for(tag.endpoint, page.url)),
            )
        yield from _check_trusted_types(policy, tag)


def _check_script(policy: Directives, tag: RumTag, page: PageSeen) -> Iterator[Finding]:
    put_in = page.rendered and not tag.tag.line
    if allows_script(policy, tag.tag, tag.address, page.url, put_in=put_in):
        return
    name = governing(policy, "script-src-elem")
    nonces = any(source.startswith("'nonce-") for source in policy[name])
    what = f"the policy's {name} does not let the page load {tag.address}"
    if nonces:
        yield error(
            Fault.POLICY_SCRIPT,
            f"{what}: it goes by nonces",
            where=tag.where,
            mend="give the tag the nonce that the page's other scripts have, new in each answer",
            line=written(tag.tag, nonce=NONCE_SHOWN),
        )
    else:
        yield error(
            Fault.POLICY_SCRIPT,
            what,
            where="Content-Security-Policy",
            mend="have it say",
            line=line_with(policy, "script-src-elem", source_for(tag.address, page.url)),
        )


def _check_stub(policy: Directives, tag: RumTag, page: PageSeen) -> Iterator[Finding]:
    for _, script in stubs(page, tag.name)[:1]:
        hashed = hash_source(script.text)
        if not allows_inline(policy, script, hashed):
            yield error(
                Fault.POLICY_INLINE,
                "the policy does not let the inline stub run",
                where=where(script),
                mend="give it the page's nonce, or allow it by its hash",
                line=line_with(policy, "script-src-elem", hashed),
            )


def _check_trusted_types(policy: Directives, tag: RumTag) -> Iterator[Finding]:
    """Only the second script, of replay, is put into the page by rum.js, which takes a policy."""
    rates = (tag.tag.attributes.get(name, "0") for name in ("data-replay", "data-replay-errors"))
    if all(rate in ("", "0") for rate in rates):
        return
    allowed = policy.get("trusted-types")
    if allowed is None or TRUSTED_TYPE in allowed or "*" in allowed:
        return
    kept = [each for each in allowed if each != "'none'"]
    yield error(
        Fault.POLICY_TRUSTED_TYPES,
        "the policy does not let rum.js load the script of replay, which takes a trusted type",
        where="Content-Security-Policy",
        mend="have it say",
        line=" ".join(["trusted-types", *kept, TRUSTED_TYPE]),
    )

"""A test beacon's way: from the page, by its proxy and the collector, into the store.

It is an event named `vigie_check` of the environment `vigie-check`, sent under the name of a
monitor: the collector takes its session for a bot's, which no figure counts.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime

import msgspec
from msgspec import Struct

from rum.origin_rule import OriginRule
from rum.records import Reason
from vigie.site_check.finding import Fault, Finding, error, note, warning
from vigie.site_check.known import Known, pages_seen, received
from vigie.site_check.page import PageSeen
from vigie.site_check.tag import RumTag
from vigie.site_check.visit import Posted

ENVIRONMENT = "vigie-check"
EVENT = "vigie_check"
STORED_WITHIN_S = 20.0
ASKED_EVERY_S = 0.25
CLOCK_OFF_S = 60
VIEWS_MIN = 20
SHARE_MAX = 0.5


class _Said(Struct):
    reason: str = ""
    detail: str = ""


class _Refusal(Struct):
    """The body of the collector's 4xx."""

    error: _Said = msgspec.field(default_factory=_Said)


def beacon_of(key: str, session: str, now: datetime) -> bytes:
    """One event of the check's own, in a session of its own."""
    at = now.timestamp() * 1000
    event = {"kind": "event", "at": at, "view": 1, "page": "/", "name": EVENT}
    return msgspec.json.encode(
        {
            "v": 1,
            "site": key,
            "session": session,
            "batch": secrets.randbits(32) << 20,
            "sent": at,
            "environment": ENVIRONMENT,
            "events": [event],
        }
    )


def check_origin(tag: RumTag, page: PageSeen, known: Known) -> Iterator[Finding]:
    """By the settings; without them the collector's answer to the beacon tells."""
    site = known.site_of(tag.key)
    owner = known.site_for(page.origin)
    if site is None or OriginRule(site.origins).allows(page.origin) or owner is not None:
        return
    yield _origin_fault(page, site.origins)


def check_beacon(tag: RumTag, page: PageSeen, posted: Posted) -> Iterator[Finding]:
    """What the collector's answer says. 204: the beacon is on its disk."""
    if posted.status == 204:
        return
    said = _refusal(posted.text)
    if posted.status == 0:
        yield _unreachable(tag, f"cannot be reached from the page: {posted.text}")
    elif said.reason == Reason.ORIGIN_NOT_ALLOWED:
        yield _origin_fault(page, ())
    elif said.reason == Reason.UNKNOWN_SITE:
        yield error(
            Fault.UNKNOWN_KEY,
            f'the collector knows no site with the key "{tag.key}"',
            where=tag.where,
            mend="use the key that vigie.toml gives it, and restart vigie serve after a change",
        )
    elif said.reason or posted.status in (429, 503):
        yield error(
            Fault.BEACON_REFUSED,
            f"the collector answered {posted.status} {said.reason}: {said.detail or posted.text}",
            where=tag.endpoint,
        )
    else:
        yield _unreachable(tag, f"answered {posted.status}, and not as the collector does")


def check_stored(
    session: str,
    known: Known,
    say: Callable[[str], None],
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    """Waits until the running console's store has the beacon."""
    if known.folder is None or received(known.folder, session) is None:
        yield note(
            Fault.NOT_LOOKED_AT,
            "whether the test beacon reached the store: no console of this data folder answers",
            mend="run this beside vigie serve, or name the data folder with --data",
        )
        return
    say("looking for the test beacon in the store")
    for _ in range(round(STORED_WITHIN_S / ASKED_EVERY_S)):
        if received(known.folder, session):
            yield note(Fault.BEACON_STORED, "a test beacon went from the page into the store")
            return
        wait(ASKED_EVERY_S)
    yield error(
        Fault.NOT_IN_STORE,
        f"the test beacon was answered 204, but is not in the store after {STORED_WITHIN_S:g} s",
        mend="see whether the page's collector writes to this data folder, and what the console's"
        " Data page says of its backlog",
    )


def check_clock(dates: tuple[str | None, ...], now: datetime) -> Iterator[Finding]:
    """Whether server and this machine agree on the time, by the first Date header there is."""
    for text in dates:
        if not text:
            continue
        try:
            off_s = (parsedate_to_datetime(text) - now).total_seconds()
        except (TypeError, ValueError):
            continue
        if abs(off_s) > CLOCK_OFF_S:
            yield warning(
                Fault.CLOCK_OFF,
                f"the server's clock and this machine's differ by {abs(off_s):.0f} s;"
                " browsers' times are corrected by the collector's clock, which must be right",
                mend="set the clocks by NTP, in a shell of whichever is wrong",
                line="timedatectl set-ntp true",
            )
        return


def check_templates(tag: RumTag, known: Known) -> Iterator[Finding]:
    """One template with most of the views usually is many pages of one script."""
    site = known.site_of(tag.key)
    if site is None or known.folder is None:
        return
    pages = pages_seen(known.folder, site.id)
    views = sum(page.count for page in pages)
    top = max(pages, key=lambda page: page.count, default=None)
    if top is None or views < VIEWS_MIN or top.count <= SHARE_MAX * views:
        return
    yield warning(
        Fault.ONE_TEMPLATE,
        f"{top.count / views:.0%} of the last week's {views} views are of one page, {top.name}:"
        " if it is many pages to a person, no figure can tell them apart",
        mend="name the query parameters that tell them apart, or each page by data-page",
        line='data-route-params="action,step"',
    )


def _origin_fault(page: PageSeen, origins: tuple[str, ...]) -> Finding:
    listed = ", ".join(f'"{origin}"' for origin in (*origins, page.origin))
    more = "" if origins else ", besides those that are there"
    return error(
        Fault.ORIGIN_NOT_ALLOWED,
        f"the site takes no beacons from {page.origin}",
        where="origins of the site, in vigie.toml",
        mend=f"have it say this{more}, then restart vigie serve",
        line=f"origins = [{listed}]",
    )


def _unreachable(tag: RumTag, how: str) -> Finding:
    return error(
        Fault.COLLECTOR_UNREACHABLE,
        f"the collector {how}",
        where=tag.endpoint,
        mend="put the site's /vigie/ in front of it, and see that vigie serve runs. In nginx",
        line="location /vigie/ { proxy_pass http://127.0.0.1:8600/; }",
    )


def _refusal(text: str) -> _Said:
    try:
        return msgspec.json.decode(text, type=_Refusal).error
    except msgspec.DecodeError:
        return _Said()

"""The errors of the demo's generated sessions: what is thrown where, since which release."""

import hashlib

from msgspec import Struct

from vigie.demo import network
from vigie.demo.network import LISTING, LISTINGS, OWNER, PROPERTY, TERMS

DRAFT_OLD, DRAFT_FIXED = "2.12", "2.13"


class Thrown(Struct, frozen=True, kw_only=True):
    """One fault of the site: `frames` are functions and files, topmost first; `{}` in the message
    stands for a number. It is thrown on `pages`, in `releases` (none: in all), on `devices`."""

    name: str
    message: str
    frames: tuple[tuple[str, str], ...]
    pages: tuple[str, ...]
    releases: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def met(self, page: str, release: str, device: str) -> bool:
        return (
            page in self.pages
            and (not self.releases or release in self.releases)
            and (not self.devices or device in self.devices)
        )


BAD_RELEASE = Thrown(
    name="TypeError",
    message="Cannot read properties of null (reading 'surface')",
    frames=(("guidedHelp", "mandate"), ("submitStep", "mandate"), ("dispatch", "app")),
    pages=(PROPERTY,),
)
"""Story B's: fixed in the release that followed."""
DRAFT = Thrown(
    name="QuotaExceededError",
    message="The draft of {} kB does not fit",
    frames=(("saveDraft", "mandate"), ("debounced", "vendor"), ("onInput", "mandate")),
    pages=(OWNER, PROPERTY),
    releases=(DRAFT_OLD, network.RELEASE_NOW),
)
"""Said to be resolved when 2.13 came out; back in the release that is out now."""
FAULTS = (
    Thrown(
        name="TypeError",
        message="Cannot read properties of undefined (reading 'price')",
        frames=(("renderCard", "listings"), ("renderAll", "listings"), ("t", "vendor")),
        pages=(LISTINGS,),
    ),
    Thrown(
        name="NetworkError",
        message="The search did not answer within {} ms",
        frames=(("search", "listings"), ("refresh", "listings")),
        pages=(LISTINGS, LISTING),
    ),
    Thrown(
        name="RangeError",
        message="Invalid time value",
        frames=(("formatVisit", "visits"), ("showVisits", "listings")),
        pages=(LISTING,),
        releases=("2.13", "2.14", network.RELEASE_NOW),
    ),
    Thrown(
        name="TypeError",
        message="pad.toBlob is not a function",
        frames=(("signatureImage", "mandate"), ("signMandate", "mandate")),
        pages=(TERMS,),
        releases=(network.RELEASE_NOW,),
        devices=("phone", "tablet"),
    ),
    DRAFT,
)


def fault_at(share: float, page: str, release: str, device: str) -> Thrown | None:
    """The fault somebody meets there, by their luck, 0 to 1; None where there is none to meet."""
    met = [fault for fault in FAULTS if fault.met(page, release, device)]
    return met[int(share * len(met))] if met else None


def message_of(fault: Thrown, number: int) -> str:
    return fault.message.format(number % 900 + 100)


def stack_of(fault: Thrown, message: str, release: str, browser: str) -> str:
    """The stack as the browser writes it: names of files change with the release."""
    lines = []
    for function, file in fault.frames:
        digest = hashlib.sha256(f"{file} {release}".encode()).hexdigest()
        address = f"https://extranet.{network.SITE}.example/assets/{file}-{digest[:8]}.js"
        place = f"{address}:1:{int(digest[8:12], 16) + sum(map(ord, function))}"
        if browser in ("Firefox", "Safari"):
            lines.append(f"{function}@{place}")
        else:
            lines.append(f"    at {function} ({place})")
    if browser in ("Firefox", "Safari"):
        return "\n".join(lines)
    return "\n".join([f"{fault.name}: {message}", *lines])

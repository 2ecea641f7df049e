"""What a channel is given to deliver: one message, its words, and the keys that make it one."""

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote

from msgspec import Struct

from probes.monitor import Monitor
from vigie.alerts.certificate import CertificateRow
from vigie.alerts.incident import ACTIVITY, OWN_NETWORK, IncidentRow, is_own_network
from vigie.console.formats import THIN, days_left, duration
from vigie.console.texts import outcome_name

DETAIL_CHARACTERS_MAX = 500


class Event(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    WARN = "warn"
    """Of a certificate that nears its end."""
    TEST = "test"


class Message(Struct, frozen=True, kw_only=True):
    """One message to one channel. `key` is the same at every attempt and never given twice;
    `thread` is shared by the opening and the closing of one incident."""

    key: str
    thread: str
    event: Event
    at: datetime
    """When it fell due; aware, UTC."""
    title: str
    lines: tuple[str, ...]
    link: str = ""
    incident: IncidentRow | None = None
    certificate: CertificateRow | None = None
    name: str = ""
    """Of the monitor, for people."""

    @property
    def text(self) -> str:
        return "\n".join((*self.lines, self.link)) if self.link else "\n".join(self.lines)

    def digest(self, of: str) -> str:
        """A short name for `of`, safe in any header."""
        return hashlib.sha256(of.encode()).hexdigest()[:32]


def incident_message(
    incident: IncidentRow,
    event: Event,
    *,
    key: str,
    at: datetime,
    monitor: Monitor | None,
    console_url: str,
) -> Message:
    """The opening or closing message of an incident. `monitor` is None once it is gone."""
    name = (monitor.name if monitor else "") or incident.monitor
    if is_own_network(incident.monitor):
        title, lines = _own_network(incident, name, event)
    elif event is Event.OPEN:
        title, lines = _opening(incident, name)
    else:
        title, lines = _closing(incident, name, gone=monitor is None)
    if event is Event.OPEN and monitor and monitor.url:
        lines.append(f"Address: {_bare(monitor.url)}")
    lines.append(f"Incident: {incident.id}")
    return Message(
        key=key,
        thread=incident.id,
        event=event,
        at=at,
        title=title,
        lines=tuple(lines),
        link=_link(console_url, incident.monitor),
        incident=incident,
        name=name,
    )


def certificate_message(
    certificate: CertificateRow,
    event: Event,
    *,
    key: str,
    at: datetime,
    monitor: Monitor | None,
    console_url: str,
) -> Message:
    """The warning of a certificate's end, as it stood when it fell due, or that it is over."""
    name = (monitor.name if monitor else "") or certificate.monitor
    left_s = (certificate.expires - at).total_seconds()
    if event is Event.CLOSE:
        title, news = f"Certificate replaced: {name}", f"{name} shows the certificate no longer."
    elif left_s <= 0:
        title, news = f"Certificate expired: {name}", f"The certificate of {name} has expired."
    else:
        left = days_left(left_s).replace(THIN, " ")
        title = f"Certificate expires in {left}: {name}"
        news = f"The certificate of {name} expires in {left}."
    lines = [news, f"{'Expired' if left_s <= 0 else 'Expires'}: {moment(certificate.expires)}"]
    if certificate.issuer:
        lines.append(f"Issued by: {certificate.issuer}")
    if certificate.problem and left_s > 0:
        lines.append(f"Wrong with it besides: {certificate.problem}")
    if monitor and monitor.url:
        lines.append(f"Address: {_bare(monitor.url)}")
    return Message(
        key=key,
        thread=certificate.id,
        event=event,
        at=at,
        title=title,
        lines=tuple(lines),
        link=_link(console_url, certificate.monitor),
        certificate=certificate,
        name=name,
    )


def activity_message(
    incident: IncidentRow,
    event: Event,
    *,
    key: str,
    at: datetime,
    name: str,
    owner: str,
    console_url: str,
) -> Message:
    """That a journey's event is abnormally rare, or that it comes as usual again."""
    journey = incident.monitor.removeprefix(ACTIVITY)
    end = incident.end or incident.start
    if event is Event.OPEN:
        title = f"Abnormally rare: {name}"
        lines = [
            f"{incident.detail}.",
            f"Since: {moment(incident.start)}, to the hour",
            "No monitor of the journey was down meanwhile: that would have been told instead.",
        ]
    elif incident.withdrawn:
        title = f"Not rare after all: {name}"
        lines = ["Later events, or changed settings, say that it was not abnormally rare."]
    else:
        title = f"As usual again: {name}"
        lasted = _plain((end - incident.start).total_seconds())
        lines = [
            f"{name} comes as often as usual again, after {lasted}.",
            f"Abnormally rare from {moment(incident.start)} to {moment(end)}, to the hour",
        ]
    if owner:
        lines.append(f"Owner: {owner}")
    page = f"{console_url.rstrip('/')}/journeys/{quote(journey)}" if console_url else ""
    return Message(
        key=key,
        thread=incident.id,
        event=event,
        at=at,
        title=title,
        lines=(*lines, f"Incident: {incident.id}"),
        link=page,
        incident=incident,
        name=name,
    )


def trial_message(channel: str, at: datetime, console_url: str) -> Message:
    """What `vigie alerts test` sends; nobody can take it for an outage."""
    key = f"test-{at:%Y%m%dT%H%M%S%fZ}/{channel}/test"
    return Message(
        key=key,
        thread=key,
        event=Event.TEST,
        at=at,
        title="Test: a message from Vigie",
        lines=(
            f"This is a test of the channel {channel}, asked for at {moment(at)}.",
            "Nothing is down. Outages will be told here.",
        ),
        link=console_url,
    )


def _own_network(incident: IncidentRow, name: str, event: Event) -> tuple[str, list[str]]:
    location = name.removeprefix(OWN_NETWORK)
    if event is Event.CLOSE:
        end = incident.end or incident.start
        return f"Our own network is back: {location}", [
            f"Sentinels answer again at {location}.",
            f"Cut off from {moment(incident.start)} to {moment(end)}:"
            f" {_plain((end - incident.start).total_seconds())}, not observed",
        ]
    return f"Our own network: {location}", [
        f"Every sentinel fails at {location}: it is the network there, not its targets.",
        "What fails with them is not observed, and not told.",
        f"Since: {moment(incident.start)}",
        f"Explained: {incident.detail[:DETAIL_CHARACTERS_MAX]}",
    ]


def _opening(incident: IncidentRow, name: str) -> tuple[str, list[str]]:
    how = outcome_name(incident.outcome)
    detail = incident.detail[:DETAIL_CHARACTERS_MAX]
    lines = [
        f"{name} is down.",
        f"Since: {moment(incident.start)}, or up to {_plain(incident.edge_s)} before",
        f"How it fails: {how}" + (f" ({detail})" if detail else ""),
    ]
    if incident.locations:
        lines.append(f"Seen from: {incident.locations}")
    return f"Down: {name}", lines


def _closing(incident: IncidentRow, name: str, *, gone: bool) -> tuple[str, list[str]]:
    end = incident.end or incident.start
    if incident.withdrawn:
        return f"No outage: {name}", [
            f"What was told as an outage of {name} is none any more:",
            "later results, or changed settings, say that it was not confirmed.",
        ]
    lasted_s = (end - incident.start).total_seconds()
    title, news = f"Up again: {name}", f"{name} is up again, after {_plain(lasted_s)}."
    if gone:
        title, news = f"Watched no longer: {name}", f"{name}, which was down, is watched no longer."
    lines = [
        news,
        f"Down from {moment(incident.start)} to {moment(end)},"
        f" each edge known to {_plain(incident.edge_s)}",
    ]
    if lasted_s - incident.down_s > incident.edge_s:
        lines.append(f"Seen down: {_plain(incident.down_s)}; the rest was not observed")
    else:
        lines.append("Observed all the time")
    lines.append(f"How it failed: {outcome_name(incident.outcome)}")
    return title, lines


def moment(at: datetime) -> str:
    """ "21 Nov 2026, 14:03:20 UTC" """
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M:%S} UTC"


def _plain(seconds: float) -> str:
    """A duration without the narrow spaces of pages, which some channels show badly."""
    return duration(seconds).replace(THIN, " ")


def _bare(url: str) -> str:
    """An address without user, query and fragment, which may hold secrets."""
    scheme, _, rest = url.partition("://")
    rest = rest.split("#")[0].split("?")[0]
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _link(console_url: str, monitor: str) -> str:
    if not console_url:
        return ""
    page = "monitors" if is_own_network(monitor) else f"monitors/{quote(monitor)}"
    return f"{console_url.rstrip('/')}/{page}"

"""Events that a site's own servers post: from a request's bytes to batches; pure, told the time.

    {"events": [{"name", "value"?, "currency"?, "attributes"?:{}, "time"?, "session"?, "user"?,
                 "level"?, "environment"?, "release"?}], "id"?: idempotency key}

or one such event by itself, with its "id". `time` is ISO 8601 with an offset, or milliseconds since
the epoch; left out, it is now. `session` (of rum.js) puts the event into that session's journey;
`user` is hashed as the page's is. A deploy marker is an event "deploy" with a release.

Without a session an event is nobody's: it gets one of its own that is marked `server`, is counted,
and is in no report of sessions. That session's bucket is 0, so that its detail is always kept.

Sessions and batch numbers are made from the idempotency key, so that the loader drops repeats as it
drops those of browsers. A key thus names a request, not its content: what is sent a second time
under it is answered the same and not stored again.
"""

import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from rum.erased import ErasedSessions, NoneErased
from rum.event_intake import TIME_MAX_MS
from rum.event_kinds import take_fields
from rum.intake import SESSION, USER_CHARS_MAX, SiteRules, release_text
from rum.limits import Limits
from rum.privacy import masked_part, user_key
from rum.records import Batch, Event, EventKind, Reason
from rum.texts import cut, masked_name, scalar_text
from rum.wire import Scalar, WireNamed

KEY_CHARS_MAX = 200
NUMBERS_END = 2**20
_BUCKET_0 = "0" * 8


class ServerEvent(Struct):
    """One event as posted."""

    name: str = ""
    value: float | None = None
    currency: str | None = None
    attributes: dict[str, Scalar] | None = None
    time: str | float | None = None
    session: str | None = None
    user: str | int | None = None
    level: str | None = None
    environment: str | None = None
    release: str | None = None


class _Many(Struct):
    events: list[msgspec.Raw]
    id: str | None = None


class _One(ServerEvent):
    id: str | None = None


class RefusedEvent(Struct, frozen=True):
    """`event` is its place in the request."""

    event: int
    reason: Reason
    detail: str


class TakenEvents(Struct, frozen=True):
    """The batches to write, and what was refused; `key` is the idempotency key in use."""

    key: str
    batches: list[Batch]
    accepted: int
    refused: list[RefusedEvent]
    left_out: list[RefusedEvent]
    """Parts of accepted events."""


class Malformed(Struct, frozen=True):
    """Nothing of the request can be taken."""

    detail: str
    reason: Reason = Reason.MALFORMED


_many_decoder = msgspec.json.Decoder(_Many)
_one_decoder = msgspec.json.Decoder(_One)
_event_decoder = msgspec.json.Decoder(ServerEvent)


def take_server_events(
    rules: SiteRules,
    limits: Limits,
    body: bytes,
    key_header: str,
    now_us: int,
    erased: ErasedSessions | None = None,
) -> TakenEvents | Malformed:
    """Judge one request received at `now_us`; `key_header` is its Idempotency-Key, or "". No event
    of a session that is `erased` is taken."""
    read = _read(body)
    if isinstance(read, Malformed):
        return read
    sent, key = read
    if key_header and key and key != key_header:
        return Malformed("the header Idempotency-Key and the field id differ; give one of them")
    key = key_header or key or secrets.token_hex(16)
    if len(key) > KEY_CHARS_MAX:
        return Malformed(f"an idempotency key is at most {KEY_CHARS_MAX} characters")
    if not sent:
        return Malformed("a request holds at least one event")
    if len(sent) > limits.events_max:
        detail = f"{len(sent)} events in a request, at most {limits.events_max}"
        return Malformed(detail, Reason.TOO_MANY_EVENTS)
    rules.events.names.begin(now_us)
    taking = _Taking(rules, limits, key, now_us, erased or NoneErased())
    for position, each in enumerate(sent):
        taking.take(position, each)
    return taking.taken()


def event_part(body: bytes, event: int, chars_max: int) -> str:
    """The masked start of one event of a request, by its place in it; "" where there is none."""
    read = _read(body)
    if isinstance(read, Malformed) or event >= len(read[0]):
        return ""
    each = read[0][event]
    sent = bytes(each) if isinstance(each, msgspec.Raw) else msgspec.json.encode(each)
    return masked_part(sent, chars_max)


def _read(body: bytes) -> tuple[Sequence[msgspec.Raw | ServerEvent], str] | Malformed:
    """The events, and the key that stands with them."""
    try:
        try:
            many = _many_decoder.decode(body)
        except msgspec.ValidationError as error:
            if "`events`" not in str(error) or "required" not in str(error):
                raise
            one = _one_decoder.decode(body)
            return [one], one.id or ""
    except msgspec.ValidationError as error:
        return Malformed(f'{error}; expected one event, or {{"events": [...]}}')
    except (ValueError, RecursionError) as error:
        return Malformed(f"not JSON: {error}")
    return many.events, many.id or ""


class _Whose(Struct, frozen=True):
    """What the events of one batch have in common."""

    session: str
    user: str
    level: str
    environment: str
    release: str


class _Taking:
    """One request's events, sorted into batches."""

    def __init__(
        self, rules: SiteRules, limits: Limits, key: str, now_us: int, erased: ErasedSessions
    ) -> None:
        self._erased = erased if erased.any() else NoneErased()
        self._rules = rules
        self._limits = limits
        self._key = key
        self._now_us = now_us
        seed = hmac.digest(rules.user_secret, b"server events\0" + key.encode(), "sha256").hex()
        self._own_session = seed[:24] + _BUCKET_0
        self._load = int(seed[24:32], 16)
        self._batches: dict[_Whose, tuple[int, list[Event]]] = {}
        self._refused: list[RefusedEvent] = []
        self._left_out: list[RefusedEvent] = []

    def take(self, position: int, each: msgspec.Raw | ServerEvent) -> None:
        try:
            sent = _event_decoder.decode(each) if isinstance(each, msgspec.Raw) else each
        except (ValueError, RecursionError) as error:
            self._refuse(position, Reason.INVALID_EVENT, str(error))
            return
        whose = self._whose(position, sent)
        # Numbered by the first event of its kind, refused or not: the same at each attempt.
        _, events = self._batches.setdefault(whose, (position, []))
        time_us = _time_us(sent.time, self._now_us)
        if time_us is None:
            detail = "time is ISO 8601 with an offset, or milliseconds since the epoch"
            self._refuse(position, Reason.INVALID_EVENT, detail)
        elif wrong := self._problem(sent, time_us):
            self._refuse(position, *wrong)
        elif event := self._event(position, len(events), sent, time_us):
            events.append(event)

    def _problem(self, sent: ServerEvent, time_us: int) -> tuple[Reason, str] | None:
        if self._now_us - time_us > self._rules.events.late_us:
            return Reason.TOO_OLD, f"more than {self._limits.late_h:g} h old"
        if sent.session and not SESSION.fullmatch(sent.session):
            return (
                Reason.INVALID_SESSION,
                "session is the 32 hex digits that vigie('session') gives",
            )
        if sent.session and self._erased.covers_session(self._rules.site.id, sent.session):
            return Reason.ERASED, "its session was erased"
        return None

    def _whose(self, position: int, sent: ServerEvent) -> _Whose:
        level, chars_max = sent.level or "", self._limits.key_chars_max
        if level and level not in self._rules.levels:
            self._leave_out(position, Reason.UNKNOWN_LEVEL, "level is not one of the site's")
            level = ""
        user = cut(scalar_text(sent.user), USER_CHARS_MAX)
        return _Whose(
            session=sent.session or "",
            user=user_key(self._rules.user_secret, user) if user else "",
            level=level,
            environment=masked_name(sent.environment, chars_max),
            release=release_text(sent.release, chars_max),
        )

    def _event(self, position: int, place: int, sent: ServerEvent, time_us: int) -> Event | None:
        problems: list[tuple[Reason, str]] = []
        named = WireNamed(
            name=sent.name, value=sent.value, currency=sent.currency, attributes=sent.attributes
        )
        fields = take_fields(self._rules.events, named, problems)
        if isinstance(fields, str):
            self._refuse(position, Reason.INVALID_EVENT, fields)
            return None
        for reason, detail in problems:
            self._leave_out(position, reason, detail)
        return Event(
            position=place,
            kind=EventKind.EVENT,
            time_us=min(time_us, self._now_us),
            client_us=time_us,
            view=0,
            page="",
            **fields,
        )

    def taken(self) -> TakenEvents:
        batches = [
            Batch(
                site=self._rules.site.id,
                session=whose.session or self._own_session,
                batch=self._load * NUMBERS_END + number,
                received_us=self._now_us,
                sent_us=self._now_us,
                events=tuple(events),
                server=not whose.session,
                **{name: text for name, text in asdict(whose).items() if name != "session"},
            )
            for whose, (number, events) in self._batches.items()
            if events
        ]
        accepted = sum(len(batch.events) for batch in batches)
        return TakenEvents(self._key, batches, accepted, self._refused, self._left_out)

    def _refuse(self, position: int, reason: Reason, detail: str) -> None:
        self._refused.append(RefusedEvent(position, reason, detail))

    def _leave_out(self, position: int, reason: Reason, detail: str) -> None:
        self._left_out.append(RefusedEvent(position, reason, detail))


def _time_us(time: str | float | None, now_us: int) -> int | None:
    """Microseconds since the epoch; None for what is no time."""
    if time is None:
        return now_us
    if isinstance(time, int | float):
        return int(time * 1000) if 0 <= time <= TIME_MAX_MS else None
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return None
    if moment.tzinfo is None or not 1970 <= moment.year <= 9998:
        return None
    return int(moment.astimezone(UTC).timestamp() * 1_000_000)

"""One round of reading the journal: what was read from where, and what could not be used."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Generic, TypeVar

from msgspec import DecodeError, Struct, field

from probes.delivery import Delivery
from probes.heartbeat import Ping, Presence
from probes.result import CheckResult, MonitorDefinition
from rum.records import Batch, Refusal, ReplayChunk
from store.journal_reader import FrameProblem, Segment, next_frame_position, read_frames
from store.records import decode

R = TypeVar("R")

WORTH_READING_BYTES = 64 * 1024
"""Less than this of a round is left to the next one: a read costs its whole first frame."""

_SESSION = re.compile(r"[0-9a-f]{32}")


class FailureReason(StrEnum):
    """Why something in the journal was not loaded."""

    UNDECODABLE = "undecodable"
    """A whole frame whose payload is no record of ours."""
    UNSTORABLE = "unstorable"
    """A record with a value its table cannot hold."""
    TORN = "torn"
    """A segment's end was cut off in the middle of a frame; it was never acknowledged."""
    ZEROED = "zeroed"
    """A segment ends in zeros, as a power cut leaves it; it was never acknowledged."""
    CORRUPT = "corrupt"
    """A frame whose checksum fails: the disk changed what was written."""


_REASON_OF = {
    FrameProblem.TORN: FailureReason.TORN,
    FrameProblem.ZEROED: FailureReason.ZEROED,
    FrameProblem.CORRUPT: FailureReason.CORRUPT,
}


class Failure(Struct, frozen=True):
    """What lies at byte `position` of a segment was not loaded."""

    segment: str
    position: int
    reason: FailureReason


class Placed(Struct, Generic[R], frozen=True, gc=False):
    """A record and the frame it came from."""

    record: R
    segment: str
    position: int


class Round(Struct):
    """`positions` holds, for each segment read from, the byte to go on at. `waiting` segments end,
    for now, within a frame that is still being written."""

    batches: list[Placed[Batch]] = field(default_factory=list)
    checks: list[Placed[CheckResult]] = field(default_factory=list)
    definitions: list[Placed[MonitorDefinition]] = field(default_factory=list)
    refusals: list[Placed[Refusal]] = field(default_factory=list)
    deliveries: list[Placed[Delivery]] = field(default_factory=list)
    pings: list[Placed[Ping]] = field(default_factory=list)
    presence: list[Placed[Presence]] = field(default_factory=list)
    replays: list[Placed[ReplayChunk]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    bytes: int = 0

    def add(self, later: "Round") -> None:
        """Take in what the round after this one found."""
        self.batches += later.batches
        self.checks += later.checks
        self.definitions += later.definitions
        self.refusals += later.refusals
        self.deliveries += later.deliveries
        self.pings += later.pings
        self.presence += later.presence
        self.replays += later.replays
        self.failures += later.failures
        self.waiting = self.waiting - later.positions.keys() | later.waiting
        self.positions |= later.positions
        self.bytes += later.bytes


def read_round(listed: Sequence[Segment], loaded: Mapping[str, int], bytes_max: int) -> Round:
    """About `bytes_max` bytes from the segments, shared so that no writer waits for another.

    `listed` is in the order of `segments`; `loaded` says how far each has been read before.
    """
    found = Round()
    writers: dict[str, list[Segment]] = {}
    for segment in listed:
        if loaded.get(segment.name, 0) < segment.bytes:
            writers.setdefault(segment.writer, []).append(segment)
    pending = [
        (sum(segment.bytes - loaded.get(segment.name, 0) for segment in of_writer), of_writer)
        for of_writer in writers.values()
    ]
    pending.sort(key=lambda entry: entry[0])
    for turn, (_, of_writer) in enumerate(pending):
        end = found.bytes + (bytes_max - found.bytes) // (len(pending) - turn)
        for segment in of_writer:
            if not _read_segment(found, segment, loaded.get(segment.name, 0), end):
                break
            if end - found.bytes < WORTH_READING_BYTES:
                break
    return found


def _read_segment(found: Round, segment: Segment, position: int, end: int) -> bool:
    """Read on from `position` until `found` holds about `end` bytes; whether that was all of it."""
    start = position
    while position < segment.bytes:
        try:
            read = read_frames(segment.path, position, max(1, end - found.bytes))
        except FileNotFoundError:  # removed by hand; there is nothing left to load
            return True
        for frame in read.frames:
            _take(found, segment.name, frame.position, frame.payload)
        found.bytes += read.end - position
        position = read.end
        if read.problem is None:
            break
        if segment.last:
            found.waiting.add(segment.name)
            break
        found.failures.append(Failure(segment.name, position, _REASON_OF[read.problem]))
        if read.problem is FrameProblem.CORRUPT:
            position = next_frame_position(segment.path, position)
        else:
            position = segment.bytes
    if position != start:
        found.positions[segment.name] = position
    return position >= segment.bytes


def _take(found: Round, segment: str, position: int, payload: bytes) -> None:
    try:
        record = decode(payload)
    except DecodeError:
        found.failures.append(Failure(segment, position, FailureReason.UNDECODABLE))
        return
    if isinstance(record, Batch):
        if _SESSION.fullmatch(record.session) and 0 <= record.batch < 2**64:
            found.batches.append(Placed(record, segment, position))
        else:
            found.failures.append(Failure(segment, position, FailureReason.UNSTORABLE))
    elif isinstance(record, CheckResult):
        found.checks.append(Placed(record, segment, position))
    elif isinstance(record, MonitorDefinition):
        found.definitions.append(Placed(record, segment, position))
    elif isinstance(record, Delivery):
        found.deliveries.append(Placed(record, segment, position))
    elif isinstance(record, Ping):
        found.pings.append(Placed(record, segment, position))
    elif isinstance(record, Presence):
        found.presence.append(Placed(record, segment, position))
    elif isinstance(record, ReplayChunk):
        found.replays.append(Placed(record, segment, position))
    elif isinstance(record, Refusal):
        found.refusals.append(Placed(record, segment, position))

"""Frames, the unit of the journal: a length, a checksum, a payload. Pure: bytes in, values out."""

import struct
from enum import StrEnum
from zlib import crc32

from msgspec import Struct

_HEADER = struct.Struct("<II")
HEADER_BYTES = _HEADER.size
PAYLOAD_BYTES_MAX = 4 * 1024 * 1024


class FrameProblem(StrEnum):
    """Why reading stopped before the end of the bytes."""

    TORN = "torn"
    """The bytes end within a frame: it is still being written, or its writer was stopped."""
    ZEROED = "zeroed"
    """Zeros from here to the end: what a power cut leaves of a file that had grown."""
    CORRUPT = "corrupt"
    """An impossible length or a wrong checksum."""


class Frame(Struct, frozen=True, gc=False):
    """A payload whose checksum held, from byte `position` of its file up to but not `end`."""

    payload: bytes
    position: int
    end: int


class FramesRead(Struct, frozen=True):
    """Good frames in order; `end` is the byte after the last one, where `problem`, if any, lies."""

    frames: list[Frame]
    end: int
    problem: FrameProblem | None = None


def encode_frame(payload: bytes) -> bytes:
    """The payload as a frame. Raises ValueError when it is empty or over PAYLOAD_BYTES_MAX."""
    if not 0 < len(payload) <= PAYLOAD_BYTES_MAX:
        raise ValueError(f"a payload is 1 to {PAYLOAD_BYTES_MAX} bytes, not {len(payload)}")
    length = len(payload).to_bytes(4, "little")
    # The length is under the checksum too, so that a flipped length cannot pass as another frame.
    checksum = crc32(payload, crc32(length))
    return b"".join((length, checksum.to_bytes(4, "little"), payload))


def parse_frames(data: bytes, position: int = 0) -> FramesRead:
    """The frames of `data`, which begins at byte `position` of its file, up to the first bad one.

    Never looks for a next good frame within a bad one: payloads hold what strangers sent, and could
    hold a frame of their making.
    """
    frames: list[Frame] = []
    at, size = 0, len(data)
    problem: FrameProblem | None = None
    while at < size:
        start = at + HEADER_BYTES
        if start > size:
            problem = FrameProblem.TORN
            break
        length, checksum = _HEADER.unpack_from(data, at)
        if not 0 < length <= PAYLOAD_BYTES_MAX:
            problem = FrameProblem.CORRUPT
            break
        end = start + length
        if end > size:
            problem = FrameProblem.TORN
            break
        payload = data[start:end]
        if crc32(payload, crc32(data[at : at + 4])) != checksum:
            problem = FrameProblem.CORRUPT
            break
        frames.append(Frame(payload, position + at, position + end))
        at = end
    return FramesRead(frames, position + at, problem)

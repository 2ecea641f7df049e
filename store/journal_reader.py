"""Reading the journal: which segments there are, and the frames in them."""

import os
from collections.abc import Callable
from pathlib import Path

from store.frames import (
    HEADER_BYTES,
    PAYLOAD_BYTES_MAX,
    Frame,
    FrameProblem,
    FramesRead,
    parse_frames,
)
from store.segment import Segment, segments

__all__ = [
    "Frame",
    "FrameProblem",
    "FramesRead",
    "Segment",
    "next_frame_position",
    "read_frames",
    "segments",
]

_CHUNK_BYTES = 1024 * 1024


def read_frames(path: Path, position: int, bytes_max: int = 8 * 1024 * 1024) -> FramesRead:
    """Frames of the segment at `path` from byte `position` on, at least one where there is one.

    Reads about `bytes_max`; what lies beyond it is no problem, it comes at the next call from
    `end`. A `problem` in a writer's last segment means: wait, it may still be being written. In an
    older one, `torn` and `zeroed` tails were never acknowledged, unless the disk lost them;
    `corrupt` is damage: see `next_frame_position`. Raises OSError.
    """
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(position)
        data = file.read(bytes_max)
        read = parse_frames(data, position)
        if read.problem is FrameProblem.TORN and position + len(data) < size:
            if read.frames:
                return FramesRead(read.frames, read.end)
            data += file.read(HEADER_BYTES + PAYLOAD_BYTES_MAX - len(data))
            read = parse_frames(data, position)
            if read.problem is FrameProblem.TORN and position + len(data) < size:
                return FramesRead(read.frames, read.end)
        if read.problem is FrameProblem.CORRUPT:
            file.seek(read.end)
            if _zeros_to_end(file.read):
                return FramesRead(read.frames, read.end, FrameProblem.ZEROED)
        return read


def next_frame_position(path: Path, position: int) -> int:
    """Where to go on after the bad frame at `position` of a segment that no longer grows.

    Right after that frame when its length leads to a good one; else the end of the file: what lies
    between is lost, and nothing in it can be told from what a stranger put into a payload.
    """
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(position)
        after = position + HEADER_BYTES + int.from_bytes(file.read(4), "little")
        if after < size:
            file.seek(after)
            if parse_frames(file.read(HEADER_BYTES + PAYLOAD_BYTES_MAX), after).frames:
                return after
    return size


def _zeros_to_end(read: Callable[[int], bytes]) -> bool:
    while chunk := read(_CHUNK_BYTES):
        if chunk.count(0) != len(chunk):
            return False
    return True

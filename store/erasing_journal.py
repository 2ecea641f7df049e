"""Erasing records from the journal: their frames are overwritten with blanks of the same length,
and what others' records quote of the erased with a mask.

Positions in a segment stay what they were, so that cursors and a repair go on working. Only
segments that no longer grow are touched; each is replaced whole, by a rename.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import DecodeError, Struct

from rum.records import Batch, ReplayChunk
from store.frames import HEADER_BYTES, FrameProblem, encode_frame
from store.journal_reader import next_frame_position, read_frames
from store.journal_writer import JournalInUseError, lock_writer
from store.quoted import IsErased, masked_bytes
from store.records import Erased, Record, decode, encode
from store.sealed_files import sync_file
from store.segment import Segment, segments, sync_folder, write_all


class JournalErased(Struct, frozen=True, kw_only=True):
    """`growing` segments were not touched: their writers have to begin new ones first."""

    segments: int = 0
    frames: int = 0
    masked: int = 0
    """Frames of others in which something was masked."""
    growing: tuple[str, ...] = ()


def erase_from_journal(
    folder: Path,
    is_erased: Callable[[Record], bool],
    is_erased_id: IsErased,
    *,
    lock: threading.Lock,
    step: Callable[[str], None] = lambda name: None,
) -> JournalErased:
    """Blank every record of `folder` for which `is_erased` holds, and mask ids in the others.

    Raises OSError.

    `lock` is held while a segment is replaced: whoever removes segments holds it too, or a removed
    one could come back. A kill leaves each segment as it was or done.
    """
    rewritten = frames = masked = 0
    growing = []
    for segment in segments(folder):
        blanks: dict[int, bytes] = {}
        masks: dict[int, bytes] = {}
        for position, payload, record in _records(segment):
            if is_erased(record):
                blanks[position] = blank_payload(len(payload))
            elif (new := _masked(payload, record, is_erased_id)) != payload:
                masks[position] = new
        if not blanks and not masks:
            continue
        if not _at_rest(folder, segment):
            growing.append(segment.name)
            continue
        with lock:
            if segment.path.exists():
                _replace(segment, blanks | masks, step)
        rewritten += 1
        frames += len(blanks)
        masked += len(masks)
    if rewritten:
        sync_folder(folder)
    return JournalErased(segments=rewritten, frames=frames, masked=masked, growing=tuple(growing))


def sessions_in_journal(folder: Path, site: str, user: str, until_us: int) -> set[str]:
    """The sessions, 32 hex digits, whose batches received by `until_us` name the user key.

    Raises OSError.
    """
    return {
        record.session
        for segment in segments(folder)
        for _, _, record in _records(segment)
        if isinstance(record, Batch)
        and record.user == user
        and record.site == site
        and record.received_us <= until_us
    }


def sessions_of_other_sites(folder: Path, site: str, sessions: Iterable[str]) -> set[str]:
    """Those of the sessions of which another site than this has records. Raises OSError."""
    wanted = frozenset(sessions)
    return {
        record.session
        for segment in segments(folder)
        for _, _, record in _records(segment)
        if isinstance(record, Batch | ReplayChunk)
        and record.session in wanted
        and record.site != site
    }


def blank_payload(length: int) -> bytes:
    """A record that says nothing, encoded in exactly `length` bytes, 16 or more.

    MessagePack's lengths have headers of their own, which grow with them; where one padding cannot
    meet the length, a second one makes up for it.
    """
    empty = len(encode(Erased()))
    for second in range(8):
        for header in range(4):  # a length of up to 4 bytes where "" needs 1
            first = length - empty - second - header
            if first < 0:
                continue
            payload = encode(Erased(padding=bytes(first), more=bytes(second)))
            if len(payload) == length:
                return payload
    raise ValueError(f"no blank record has {length} bytes")


def _at_rest(folder: Path, segment: Segment) -> bool:
    """Whether nobody writes to the segment any more.

    A writer begins a new one when it starts, so if its last one is not held now, it never will be.
    """
    if not segment.last:
        return True
    try:
        os.close(lock_writer(folder, segment.writer))
    except JournalInUseError:
        return False
    return True


def _masked(payload: bytes, record: Record, is_erased_id: IsErased) -> bytes:
    """A record's payload without erased ids, as long as it was; but whose it is stays."""
    if isinstance(record, Erased):
        return payload
    own = (getattr(record, "session", ""), getattr(record, "user", ""))
    return masked_bytes(payload, lambda id_: id_ not in own and is_erased_id(id_))


def _records(segment: Segment) -> Iterator[tuple[int, bytes, Record]]:
    """Each record of a segment with its frame's position and its payload."""
    position = 0
    while position < segment.bytes:
        try:
            read = read_frames(segment.path, position)
        except FileNotFoundError:  # retired since it was listed
            return
        for frame in read.frames:
            try:
                yield frame.position, frame.payload, decode(frame.payload)
            except DecodeError:
                continue  # among the load failures: nothing of it was ever stored
        position = read.end
        if read.problem is FrameProblem.CORRUPT and not segment.last:
            position = next_frame_position(segment.path, position)
        elif read.problem is not None:
            return


def _replace(segment: Segment, payloads: dict[int, bytes], step: Callable[[str], None]) -> None:
    """With other payloads, of the same lengths, at some positions."""
    content = bytearray(segment.path.read_bytes())
    for position, payload in payloads.items():
        content[position : position + HEADER_BYTES + len(payload)] = encode_frame(payload)
    new = segment.path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, bytes(content))
    finally:
        os.close(descriptor)
    sync_file(new)
    step("journal written")
    os.replace(new, segment.path)
    step("journal replaced")

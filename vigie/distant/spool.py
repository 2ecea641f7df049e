"""What a prober elsewhere has written and not delivered: its own journal, read again in order."""

import hashlib
import logging
import threading
from pathlib import Path

import msgspec
from msgspec import Struct

from probes.delivery import Delivery
from probes.result import CheckResult, MonitorDefinition
from store.admission import read_progress, write_progress
from store.frames import FrameProblem
from store.journal_reader import Segment, next_frame_position, read_frames, segments
from store.records import decode
from vigie.distant.wire import RECORDS_MAX

BYTES_AT_ONCE = 256 * 1024

log = logging.getLogger("vigie.probe")


class Piece(Struct, frozen=True):
    """The next bytes of a segment: what to deliver of them, if anything, and where they end."""

    segment: str
    end: int
    delivery: Delivery | None


class Spool:
    """Reads the segments in `folder` from where delivery stands, which it keeps in their progress
    file. That need not be durable: what is delivered twice is stored once."""

    def __init__(self, folder: Path, location: str, secret: bytes) -> None:
        """`secret` is the data folder's: it tells its segments from those of any other folder."""
        self._folder = folder
        self._location = location
        self._name = hashlib.sha256(secret + b"spool").hexdigest()[:16]
        self._progress = read_progress(folder)
        self._lock = threading.Lock()  # a thread may outlive the task that waited for it

    def next(self, bytes_max: int = BYTES_AT_ONCE) -> Piece | None:
        """The oldest that is not delivered; None when all is. Raises OSError."""
        with self._lock:
            for segment in segments(self._folder):
                position = self._progress.get(segment.name, 0)
                if position < segment.bytes:
                    return self._read(segment, position, bytes_max)
            return None

    def delivered(self, piece: Piece) -> None:
        """Go on after it; segments that are delivered whole go. Raises OSError."""
        with self._lock:
            self._progress[piece.segment] = max(self._progress.get(piece.segment, 0), piece.end)
            kept: dict[str, int] = {}
            for segment in segments(self._folder):
                position = self._progress.get(segment.name, 0)
                if not segment.last and position >= segment.bytes:
                    segment.path.unlink(missing_ok=True)
                else:
                    kept[segment.name] = position
            self._progress = kept
            write_progress(self._folder, kept)

    def _read(self, segment: Segment, position: int, bytes_max: int) -> Piece | None:
        try:
            read = read_frames(segment.path, position, bytes_max)
        except FileNotFoundError:
            return None
        end = read.end
        positions: list[int] = []
        records: list[CheckResult | MonitorDefinition] = []
        for frame in read.frames[:RECORDS_MAX]:
            end = frame.end
            try:
                record = decode(frame.payload)
            except msgspec.DecodeError:
                record = None
            if isinstance(record, CheckResult | MonitorDefinition):
                positions.append(frame.end)
                records.append(record)
            else:
                log.error("%s holds no result at byte %d", segment.name, frame.position)
        if not read.frames:
            if read.problem is None or segment.last:  # its last frame is still being written
                return None
            end = segment.bytes
            if read.problem is FrameProblem.CORRUPT:
                end = next_frame_position(segment.path, read.end)
                log.error("%s is damaged at byte %d", segment.name, read.end)
        if not records:
            return Piece(segment.name, end, None)
        return Piece(
            segment.name,
            end,
            Delivery(
                location=self._location,
                spool=f"{self._name}/{segment.name}",
                start=position,
                positions=tuple(positions),
                records=tuple(records),
            ),
        )

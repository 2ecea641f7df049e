"""A segment damaged at any class of offset: what the loader stores was written, once, and only
what the damage touched is missing; the segments after it are loaded whole."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from rum.records import Batch
from store.database import Database
from store.frames import HEADER_BYTES, encode_frame
from store.journal_round import FailureReason
from store.loader import Loader
from store.records import encode
from tests.support.stored import NOON, Maker, load_all

FRAMES = 5
STRETCH = 40

Case = tuple[str, int, int]
"""How the segment is damaged, and from which byte to which."""


def classes_of_offset(starts: list[int], size: int) -> list[int]:
    """Each byte of the header, and first, middle and last of the payload, of three frames; the
    bytes beside the boundaries between them; the last byte."""
    offsets = {size - 1}
    for number in (0, FRAMES // 2, FRAMES - 1):
        start = starts[number]
        end = starts[number + 1] if number + 1 < FRAMES else size
        offsets |= set(range(start, start + HEADER_BYTES + 1))
        offsets |= {(start + HEADER_BYTES + end) // 2, end - 1}
    return sorted(offsets)


def cases(starts: list[int], size: int) -> Iterator[Case]:
    for offset in classes_of_offset(starts, size):
        yield "cut", offset, size
        yield "flip", offset, offset + 1
        yield "zero", offset, min(size, offset + STRETCH)
        yield "zero", offset, size


def damaged(whole: bytes, case: Case) -> bytes:
    how, start, end = case
    middle = {
        "cut": b"",
        "flip": bytes(byte ^ 0x10 for byte in whole[start:end]),
        "zero": bytes(end - start),
    }[how]
    return whole[:start] + middle + whole[end:]


class Damaged:
    """A damaged segment of a writer of its own, and the sound one that came after it."""

    def __init__(self, folder: Path, number: int, make: Maker) -> None:
        self.writer = f"collector{number:03d}"
        self.batches = [make.batch(number=n) for n in range(FRAMES)]
        self.after = make.batch()
        frames = [encode_frame(encode(batch)) for batch in self.batches]
        self.starts = [sum(map(len, frames[:n])) for n in range(FRAMES)]
        self.whole = b"".join(frames)
        self.case: Case = ("cut", 0, 0)
        self._folder = folder
        self._path(2).write_bytes(encode_frame(encode(self.after)))

    def _path(self, start: int) -> Path:
        return self._folder / f"{self.writer}-{start:020d}.journal"

    def spoil(self, case: Case) -> None:
        self.case = case
        self._path(1).write_bytes(damaged(self.whole, case))

    @property
    def name(self) -> str:
        return self._path(1).name

    def untouched(self) -> list[Batch]:
        """The batches before the first byte that changed."""
        changed = damaged(self.whole, self.case)
        first = next(
            (n for n, (a, b) in enumerate(zip(self.whole, changed, strict=False)) if a != b),
            len(changed),
        )
        ends = [*self.starts[1:], len(self.whole)]
        return [batch for batch, end in zip(self.batches, ends, strict=True) if end <= first]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    return folder


def all_damaged(folder: Path) -> list[Damaged]:
    make = Maker(5)
    pattern = Damaged(folder, 999, make)
    wanted = list(cases(pattern.starts, len(pattern.whole)))
    shutil.rmtree(folder)
    folder.mkdir()
    made = []
    for number, case in enumerate(wanted):
        made.append(Damaged(folder, number, make))
        made[-1].spoil(case)
    return made


def test_only_what_the_damage_touched_is_missing(folder: Path, database: Database) -> None:
    made = all_damaged(folder)
    assert len(made) > 100
    load_all(Loader(database, folder), NOON)
    rows = database.cursor().execute("SELECT session, batch, count(*) FROM events GROUP BY ALL")
    stored = {(session.hex, batch): count for session, batch, count in rows.fetchall()}
    written = Counter(
        {
            (batch.session, batch.batch): len(batch.events)
            for each in made
            for batch in [*each.batches, each.after]
        }
    )
    assert stored.items() <= written.items(), "an event was invented, doubled or lost in part"
    failures = dict(
        database.cursor()
        .execute("SELECT segment, list(reason) FROM load_failures GROUP BY segment")
        .fetchall()
    )
    for each in made:
        must = [*each.untouched(), each.after]
        missing = [batch for batch in must if (batch.session, batch.batch) not in stored]
        assert not missing, each.case
        whole = all((batch.session, batch.batch) in stored for batch in each.batches)
        reasons = set(failures.get(each.name, []))
        clean_cut = each.case[0] == "cut" and each.case[1] in each.starts
        assert bool(reasons) is not (whole or clean_cut), (each.case, reasons)
        assert reasons <= {FailureReason.TORN, FailureReason.ZEROED, FailureReason.CORRUPT}
    again = Loader(database, folder).load_once(NOON)
    assert (again.batches, again.failures) == (0, 0), "damage is told once"

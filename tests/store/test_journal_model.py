"""The journal against a model: what was acknowledged is read once, in order, whatever happens."""

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rum.records import Reason, Refusal
from store.journal_reader import segments
from store.journal_round import FailureReason, read_round
from store.journal_writer import JournalUnavailableError, JournalWriter, _fdatasync


class JournalMachine(RuleBasedStateMachine):
    """One writer that is restarted, fails and leaves torn ends; one reader that goes on between.

    The model: the list of numbers acknowledged, and the set of those refused, which may be there
    (their write may have reached the disk before fdatasync failed) but never twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="journal-model-"))
        self.number = 0
        self.acknowledged: list[int] = []
        self.refused: set[int] = set()
        self.read: list[int] = []
        self.positions: dict[str, int] = {}
        self.failing = False
        self.writer = self.begin()

    def begin(self) -> JournalWriter:
        return JournalWriter(
            self.folder, "collector", segment_bytes_max=2_000, sync=self.sync, clock_us=lambda: 1
        )

    def sync(self, descriptor: int) -> None:
        if self.failing:
            raise OSError("the disk failed")
        _fdatasync(descriptor)

    @rule(count=st.integers(1, 12), bytes_each=st.integers(0, 600))
    def write(self, count: int, bytes_each: int) -> None:
        async def write_all() -> None:
            for _ in range(count):
                self.number += 1
                record = Refusal(
                    received_us=self.number, reason=Reason.MALFORMED, detail="x" * bytes_each
                )
                try:
                    await self.writer.write(record)
                except JournalUnavailableError:
                    self.refused.add(self.number)
                else:
                    self.acknowledged.append(self.number)

        asyncio.run(write_all())

    @rule()
    def restart(self) -> None:
        self.failing = False
        self.writer.close()
        self.writer = self.begin()

    @rule()
    def fail(self) -> None:
        """The disk fails from now on; what was refused then may be told apart only by a restart."""
        self.failing = True

    @rule(garbage=st.binary(min_size=1, max_size=40))
    def die_amid_a_write(self, garbage: bytes) -> None:
        """As kill -9 leaves it: a part of a frame at the end that nobody was told of."""
        self.failing = False
        self.writer.close()
        listed = segments(self.folder)
        if listed and listed[-1].bytes:
            with listed[-1].path.open("ab") as file:
                file.write(b"\xff\x00\x00\x00" + garbage)  # a length, and less than that
        self.writer = self.begin()

    @rule(bytes_max=st.integers(1, 5_000))
    def load(self, bytes_max: int) -> None:
        found = read_round(segments(self.folder), self.positions, bytes_max)
        self.positions |= found.positions
        self.read += [placed.record.received_us for placed in found.refusals]
        assert {failure.reason for failure in found.failures} <= {FailureReason.TORN}

    @invariant()
    def reading_is_once_and_in_order(self) -> None:
        assert self.read == sorted(set(self.read))
        assert set(self.read) <= set(self.acknowledged) | self.refused

    def teardown(self) -> None:
        self.failing = False
        self.writer.close()
        before = -1
        while before != len(self.read) or self.left():
            before = len(self.read)
            self.load(10_000)
        assert set(self.acknowledged) <= set(self.read)
        with contextlib.suppress(OSError):
            shutil.rmtree(self.folder)

    def left(self) -> bool:
        return any(
            self.positions.get(segment.name, 0) < segment.bytes
            for segment in segments(self.folder)
            if not segment.last
        )


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)

"""A process that writes one chunk of a recording, to be killed at a step.

python -m tests.support.replay_child STORE JOURNAL SESSION STEP
"""

import asyncio
import os
import signal
import sys
from datetime import date
from pathlib import Path

from rum.records import ReplayChunk, ReplayReason
from store.journal_writer import JournalWriter
from store.replay_writer import ReplayWriter

CONTENT = b"the bytes of a chunk"
DAY = date(2026, 3, 10)
START_US = 1_773_144_000_000_000
"""NOON of tests.support.stored."""


def chunk_of(session: str, number: int = 0, day: date = DAY, site: str = "shop") -> ReplayChunk:
    return ReplayChunk(
        site=site,
        session=session,
        load=7,
        number=number,
        day=day,
        bytes=len(CONTENT),
        events=3,
        start_us=START_US,
        end_us=START_US + 5_000_000,
        skew_us=0,
        reason=ReplayReason.SAMPLE,
        received_us=START_US + 6_000_000,
    )


async def write(store: Path, journal: Path, session: str, wanted: str) -> None:
    def step(name: str) -> None:
        if name == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    writer = JournalWriter(journal, "collector")
    await ReplayWriter(store, writer, step=step).write_replay(chunk_of(session), CONTENT)
    print("acknowledged", flush=True)
    writer.close()


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]))

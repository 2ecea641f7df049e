"""Writes records to a journal and prints each one's number once it was acknowledged.

    python -m tests.support.journal_child FOLDER FIRST_NUMBER

Meant to be killed, or to have its files limited; it never ends by itself.
"""

import asyncio
import sys
from pathlib import Path

from rum.records import Reason, Refusal
from store.journal_writer import JournalUnavailableError, JournalWriter

TOGETHER = 8


async def write_for_ever(folder: Path, number: int) -> None:
    writer = JournalWriter(folder, "collector", segment_bytes_max=20_000)

    async def write_one(number: int) -> None:
        record = Refusal(received_us=number, reason=Reason.MALFORMED, detail="x" * (number % 999))
        try:
            await writer.write(record)
        except JournalUnavailableError as error:
            print(f"refused {number} {error.reason}", flush=True)
            await asyncio.sleep(0.02)
        else:
            print(f"acknowledged {number}", flush=True)

    while True:
        await asyncio.gather(*(write_one(number + offset) for offset in range(TOGETHER)))
        number += TOGETHER


if __name__ == "__main__":
    asyncio.run(write_for_ever(Path(sys.argv[1]), int(sys.argv[2])))

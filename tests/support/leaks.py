"""Whether what was opened is closed again."""

import asyncio
import os
from collections.abc import Callable


def open_sockets() -> int:
    count = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            count += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        except FileNotFoundError:
            continue
    return count


async def falls_to(expected: int, count: Callable[[], int]) -> bool:
    """Whether a count comes down again, given time for what is being closed."""
    for _ in range(3_000):
        if count() <= expected:
            return True
        await asyncio.sleep(0.01)
    return False

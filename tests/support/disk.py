"""A small disk of a test's own: a tmpfs, where mounting is allowed."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MNT_DETACH = 2
MS_RDONLY, MS_REMOUNT = 1, 32
LIBC = ctypes.CDLL(None, use_errno=True)


def mount(folder: Path, flags: int, options: str) -> None:
    """Raises OSError where that is not allowed."""
    if LIBC.mount(b"tmpfs", str(folder).encode(), b"tmpfs", flags, options.encode()):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@contextmanager
def disk_at(folder: Path, size: str) -> Iterator[Path]:
    """An empty disk mounted on a new folder; the test is skipped where that is not allowed."""
    folder.mkdir(parents=True)
    try:
        mount(folder, 0, f"size={size}")
    except OSError as error:
        pytest.skip(f"mounting is not allowed here ({error})")
    try:
        yield folder
    finally:
        LIBC.umount2(str(folder).encode(), MNT_DETACH)

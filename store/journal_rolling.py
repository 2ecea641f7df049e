"""When a writer leaves its segment for a new one: when it is full, old, or somebody asks.

A segment that grows can neither be removed nor have anything erased from it, so none grows for
long. Whoever needs all writers to begin anew leaves the time of asking in a file that they look at.
"""

from pathlib import Path

ROLL_FILE = "roll"
AGE_MAX_S = 3600.0
"""Of a segment that holds anything."""
LOOK_EVERY_S = 1.0


def request_roll(folder: Path, now_us: int) -> None:
    """Ask the writers of a journal folder to leave segments begun before now. Raises OSError."""
    new = folder / f"{ROLL_FILE}.new"
    new.write_text(str(now_us), "ascii")
    new.replace(folder / ROLL_FILE)


def roll_requested_us(folder: Path) -> int:
    """When it was last asked; 0 where it never was, or cannot be read."""
    try:
        return int((folder / ROLL_FILE).read_text("ascii"))
    except (OSError, ValueError):
        return 0


def roll_due(folder: Path, begun_us: int, now_us: int, age_max_s: float) -> bool:
    """Whether a segment begun then should be left now; a clock set back does not matter."""
    if abs(now_us - begun_us) >= age_max_s * 1_000_000:
        return True
    return roll_requested_us(folder) >= begun_us

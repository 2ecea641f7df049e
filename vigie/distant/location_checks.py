"""What the settings of locations must hold between each other, and with their monitors."""

from collections.abc import Iterator, Sequence

from vigie.settings_lines import KeyPath
from vigie.settings_mistakes import Problem

HEARTBEATS = "heartbeats"
"""The location of the results of heartbeat monitors: jobs call from anywhere."""


def location_problems(own: str, names: Sequence[str]) -> Iterator[Problem]:
    """`own` is the name of the prober of this installation, `names` those of [[locations]]."""
    for number, name in enumerate(names):
        if name == own:
            yield Problem(
                path=("locations", number, "name"),
                wrong=f'is "{name}", the location of the prober that runs here',
                right="give it a name of its own, or [prober] another location",
            )
        elif name == HEARTBEATS:
            yield Problem(
                path=("locations", number, "name"),
                wrong=f'is "{HEARTBEATS}", which stands for jobs that call',
                right="take another name",
            )


def unknown_locations(
    wanted: Sequence[str], own: str, names: Sequence[str], path: KeyPath
) -> Iterator[Problem]:
    """Those a monitor names that do not exist."""
    known = [own, *names]
    for number, name in enumerate(wanted):
        if name not in known:
            listed = ", ".join(f'"{each}"' for each in known)
            yield Problem(
                path=(*path, "locations", number),
                wrong=f'"{name}" is no location',
                right=f"known are {listed}; others stand in [[locations]]",
            )

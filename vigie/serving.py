"""What `vigie serve` runs: the plan of its processes, and the sockets they serve on."""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from vigie.child import ChildPlan
from vigie.folders import DataFolder, address_of
from vigie.process import listen
from vigie.settings import Settings

COLLECTORS_MAX = 64


class Sockets(Struct, frozen=True):
    """The listening sockets of an installation, held by the supervisor.

    Its children inherit them, so connections made while one is restarted wait instead of being
    refused.
    """

    collector: socket.socket
    console: socket.socket

    def close(self) -> None:
        self.collector.close()
        self.console.close()


def open_sockets(settings: Settings, folder: DataFolder) -> Sockets:
    """Listen on both addresses and note them in the data folder. Raises OSError."""
    collector = listen(settings.collector.host, settings.collector.port)
    try:
        console = listen(settings.console.host, settings.console.port)
    except OSError:
        collector.close()
        raise
    folder.record_address("collector", address_of(collector))
    folder.record_address("console", address_of(console))
    return Sockets(collector, console)


def child_plans(
    config: Path, data: Path, sockets: Sockets, *, collectors: int = 1, log: str = "plain"
) -> list[ChildPlan]:
    """Collectors, prober and console of one installation; the console ends last, so that it
    loads what the others wrote."""
    common = ("--config", str(config), "--data", str(data), "--log", log, "--supervised")
    names = (
        ["collector"]
        if collectors == 1
        else [f"collector-{number}" for number in range(1, collectors + 1)]
    )
    return [
        *(
            _plan(name, ("collector", "--name", name, *common), [sockets.collector])
            for name in names
        ),
        _plan("prober", ("prober", *common), []),
        _plan("console", ("console", *common), [sockets.console], stops_last=True),
    ]


def _plan(
    name: str,
    arguments: tuple[str, ...],
    sockets: Sequence[socket.socket],
    *,
    stops_last: bool = False,
) -> ChildPlan:
    descriptors = tuple(each.fileno() for each in sockets)
    listen_on = tuple(word for each in descriptors for word in ("--listen-on", str(each)))
    return ChildPlan(
        name=name,
        command=(sys.executable, "-m", "vigie", *arguments, *listen_on),
        descriptors=descriptors,
        stops_last=stops_last,
        holds_signals=True,
    )

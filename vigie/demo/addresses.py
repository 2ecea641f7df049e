"""Where the demo listens: its usual ports, or free ones where those are taken."""

import errno
import socket

from msgspec import Struct

from vigie.folders import Address, address_of
from vigie.process import listen

HOST = "127.0.0.1"
PORT_BASE = 8600


class DemoSockets(Struct, frozen=True, kw_only=True):
    """The listening sockets of collector, console and demo site. `moved` names the ports that
    were taken, in words."""

    collector: socket.socket
    console: socket.socket
    site: socket.socket
    moved: tuple[str, ...]

    def addresses(self) -> tuple[Address, Address, Address]:
        """Of collector, console and site."""
        return address_of(self.collector), address_of(self.console), address_of(self.site)

    def close(self) -> None:
        for each in (self.collector, self.console, self.site):
            each.close()


def open_demo_sockets(port_base: int = PORT_BASE) -> DemoSockets:
    """Listen on three ports from `port_base`; 0: any free ones. Raises OSError."""
    opened: list[socket.socket] = []
    moved = []
    try:
        for offset, name in enumerate(("collector", "console", "demo site")):
            port = port_base + offset if port_base else 0
            listening, taken = _listen_near(port)
            opened.append(listening)
            if taken:
                moved.append(
                    f"port {port} is taken: the {name} listens on {address_of(listening).port}"
                )
    except OSError:
        for each in opened:
            each.close()
        raise
    collector, console, site = opened
    return DemoSockets(collector=collector, console=console, site=site, moved=tuple(moved))


def _listen_near(port: int) -> tuple[socket.socket, bool]:
    """A socket on `port`, or on a free one when it is taken; and whether it was."""
    try:
        return listen(HOST, port), False
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        return listen(HOST, 0), True

"""Free ports of the loopback interface."""

import secrets
import socket

LOWEST, BEYOND = 20_000, 32_768
"""Below the ports that kernels give to whoever wants any: each connection takes one of those."""


def free_port() -> int:
    """A port nobody listened on a moment ago, and that nobody gets by chance until it is used."""
    while True:
        port = LOWEST + secrets.randbelow(BEYOND - LOWEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port

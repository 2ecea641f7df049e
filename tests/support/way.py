"""The way between a prober elsewhere and its collector, which may be cut, or lose answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Way:
    """Forwards connections made to `port` to another port of this machine.

    While not `up`, new connections are closed at once and those there are cut. While `deaf`, what
    is asked arrives, and its answer is lost with the connection.
    """

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.up = True
        self.deaf = False
        self.lost = 0
        """Answers."""
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        self.up = False
        with self._lock:
            cut = list(self._open)
        for each in cut:
            _end(each)

    def mend(self) -> None:
        self.up = True

    def close(self) -> None:
        self.cut()
        _end(self._listening)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                if not self.up:
                    _end(near)
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self._to_port), 5)
                except OSError:
                    _end(near)
                    continue
                far.settimeout(None)
                with self._lock:
                    self._open |= {near, far}
                for source, target, answers in ((near, far, False), (far, near, True)):
                    threading.Thread(
                        target=self._carry, args=(source, target, answers), daemon=True
                    ).start()

    def _carry(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if answers and self.deaf:
                    self.lost += 1
                    break
                target.sendall(data)
        for each in (source, target):
            _end(each)
        with self._lock:
            self._open -= {source, target}


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def way_to(port: int) -> Iterator[Way]:
    way = Way(port)
    try:
        yield way
    finally:
        way.close()

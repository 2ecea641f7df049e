"""The data folder: where one installation keeps everything it remembers."""

import fcntl
import os
import secrets
import socket
import tempfile
from pathlib import Path

import msgspec

SECRET_BYTES = 32
STATIC = Path(__file__).resolve().parent.parent / "static"
"""What browsers load; stands beside the packages, in a checkout and when installed."""


class Address(msgspec.Struct, frozen=True):
    """Where a process really listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """An address a client on this machine can use, also when it listens everywhere."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(self.host, self.host)
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        return f"http://{host}:{self.port}"


def address_of(listening: socket.socket) -> Address:
    host, port = listening.getsockname()[:2]
    return Address(host, port)


class DataFolder:
    """The folders below `root`, made when missing. Raises OSError when they cannot be."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.journal = root / "journal"
        self.store = root / "store"
        self.run = root / "run"
        root.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds personal data
        for folder in (self.journal, self.store, self.run):  # root may be another's, and open
            folder.mkdir(mode=0o700, exist_ok=True)

    def secret(self) -> bytes:
        """The 32 bytes that key user hashes and cookies, made at the first call.

        Two processes may ask first at once; they get the same. Raises ValueError when the file
        holds anything but 64 hex digits.
        """
        path = self.root / "secret"
        if not path.exists():
            _create_whole(path, secrets.token_hex(SECRET_BYTES) + "\n")
        try:
            secret = bytes.fromhex(path.read_text("ascii").strip())
        except (ValueError, UnicodeDecodeError):
            secret = b""
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"{path} should hold {2 * SECRET_BYTES} hex digits; restore it")
        return secret

    def addresses(self) -> dict[str, Address]:
        """Where each process listens or last listened, by its name; `run/ports.json`."""
        try:
            return msgspec.json.decode(self._ports.read_bytes(), type=dict[str, Address])
        except (FileNotFoundError, msgspec.DecodeError):
            return {}

    def record_address(self, name: str, address: Address) -> None:
        with (self.run / "ports.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            addresses = {**self.addresses(), name: address}
            write_atomically(self._ports, msgspec.json.format(msgspec.json.encode(addresses)))

    @property
    def _ports(self) -> Path:
        return self.run / "ports.json"


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Replace `path`: a reader sees the old content or the new, whole, also after a crash."""
    temporary = _write_beside(path, content, mode)
    try:
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _create_whole(path: Path, content: str) -> None:
    """Create `path` with its whole content, for its owner only, unless another was quicker."""
    temporary = _write_beside(path, content.encode("ascii"), 0o600)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)


def _write_beside(path: Path, content: bytes, mode: int) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    return Path(name)

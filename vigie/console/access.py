"""Who may read the console: one-time sign-in links, signed sessions, and the token of programs."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer

from vigie.folders import write_atomically

LINK_LIVES = timedelta(hours=24)
SESSION_LIVES = timedelta(days=14)
SESSIONS_MAX = 200
"""Sessions signed in at a time; past it the oldest is signed out."""
LINKS_FOLDER = "sign-in-links"
SESSIONS_FOLDER = "sessions"
TOKEN_FILE = "console-token"
TOKEN_CHARACTERS_MIN = 32


def write_one_time_token(run: Path, now: datetime) -> str:
    """A new token that signs in once, within LINK_LIVES, on the console that runs over `run`.

    Any process of this installation may write one. Only its hash is kept, in a file that redeeming
    removes, so that two requests can never both use it.
    """
    folder = _private_folder(run / LINKS_FOLDER)
    token = secrets.token_urlsafe(32)
    _write_expiry(folder / _digest(token), now + LINK_LIVES)
    return token


def one_time_link(run: Path, base_url: str, now: datetime) -> str:
    """A link that opens the console at `base_url` signed in; see write_one_time_token."""
    return f"{base_url.rstrip('/')}/sign-in?token={write_one_time_token(run, now)}"


def program_token(run: Path) -> str:
    """The token by which programs of this machine ask the console; made at first use."""
    path = _private_folder(run) / TOKEN_FILE
    token = path.read_text("ascii").strip() if path.exists() else ""
    if len(token) < TOKEN_CHARACTERS_MIN:
        token = secrets.token_urlsafe(32)
        write_atomically(path, token.encode("ascii"), mode=0o600)
    return token


class Access:
    """Redeems one-time tokens into sessions, and knows a session or a program when it sees one.

    `secret` keys the cookie's signature; a session also has a file in `run`, whose removal signs
    it out everywhere.
    """

    def __init__(self, secret: bytes, run: Path) -> None:
        self._signer = URLSafeSerializer(secret, salt="vigie console session")
        self._links = _private_folder(run / LINKS_FOLDER)
        self._sessions = _private_folder(run / SESSIONS_FOLDER)
        self._program_token = program_token(run)
        # Cookies ignore ports: two installations on one host must not sign each other out.
        self.cookie = "vigie_" + hashlib.sha256(b"cookie" + secret).hexdigest()[:8]

    def redeem(self, token: str, now: datetime) -> str | None:
        """The cookie of a new session; None when the token is unknown, used or expired."""
        path = self._links / _digest(token)
        try:
            expires = float(path.read_text("ascii"))
            path.unlink()  # of two requests at once, one finds the file gone
        except (FileNotFoundError, ValueError):
            return None
        self._sweep(now)
        if now.timestamp() >= expires:
            return None
        session = secrets.token_urlsafe(24)
        _write_expiry(self._sessions / _digest(session), now + SESSION_LIVES)
        return self._signer.dumps(session)

    def signed_in(self, cookie: str, now: datetime) -> bool:
        path = self._session_file(cookie)
        try:
            return path is not None and now.timestamp() < float(path.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return False

    def sign_out(self, cookie: str) -> None:
        if path := self._session_file(cookie):
            path.unlink(missing_ok=True)

    def is_program(self, authorization: str) -> bool:
        """Whether an Authorization header carries this installation's token."""
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            token.strip().encode(), self._program_token.encode()
        )

    def _session_file(self, cookie: str) -> Path | None:
        try:
            session = self._signer.loads(cookie)
        except BadSignature:
            return None
        return self._sessions / _digest(session) if isinstance(session, str) else None

    def _sweep(self, now: datetime) -> None:
        """Removes what has expired, and the oldest sessions past SESSIONS_MAX."""
        for folder in (self._links, self._sessions):
            living: list[tuple[float, Path]] = []
            for path in folder.glob("[!.]*"):
                try:
                    expires = float(path.read_text("ascii"))
                except (FileNotFoundError, ValueError):
                    expires = 0.0
                if expires <= now.timestamp():
                    path.unlink(missing_ok=True)
                else:
                    living.append((expires, path))
            for _, path in sorted(living, reverse=True)[SESSIONS_MAX - 1 :]:
                path.unlink(missing_ok=True)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _private_folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _write_expiry(path: Path, expires: datetime) -> None:
    write_atomically(path, str(expires.timestamp()).encode("ascii"), mode=0o600)

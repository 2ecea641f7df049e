"""Secrets: read where they are kept when they are needed, and masked in all that is written."""

import base64
import os
import re
import stat
from pathlib import Path
from urllib.parse import quote, quote_plus

import httpx
import msgspec

from probes.failure import CheckFailedError
from probes.outcome import Outcome
from probes.request import Auth, RequestStep

SECRET_CHARACTERS_MAX = 4_096
MASKED_CHARACTERS_MIN = 4
"""Shorter texts stand everywhere by chance; masking them would hide nothing but the sense."""
MASK = "***"

_IN_A_HEADER = re.compile(r"[\x20-\x7e]+")
_NAMED = re.compile(
    r"""((?:pass(?:word|wd|phrase)?|secret|[a-z_]{0,32}token|api[_-]?key|authorization|session_?id)"""
    r"""["']?\s{0,8}[:=]\s{0,8}["']?)(?:(?:Bearer|Basic)\s)?[^\s"'&<>,;]{3,4096}""",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|api[_-]?key|authorization|cookie|session", re.IGNORECASE
)
_BEARER = re.compile(r"\b(Bearer|Basic)\s[A-Za-z0-9._~+/=-]{8,4096}", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{0,4096}\.?[A-Za-z0-9_-]{0,4096}")


def read_secret(auth: Auth) -> str:
    """The password or token. Raises CheckFailedError with `secret_missing`, never naming it."""
    if auth.secret_file:
        where = f"the file {auth.secret_file}"
        found = _of_file(Path(auth.secret_file), where)
    else:
        where = f"the environment variable {auth.secret_env}"
        found = os.environ.get(auth.secret_env, "")
        if not found:
            raise _missing(f"{where} is not set")
    if len(found) > SECRET_CHARACTERS_MAX or not _IN_A_HEADER.fullmatch(found):
        if auth.kind == "basic" and found.isprintable() and len(found) <= SECRET_CHARACTERS_MAX:
            return found
        raise _missing(f"what {where} holds cannot stand in a header")
    return found


def authorization(auth: Auth, secret: str) -> str:
    """The value of the Authorization header."""
    if auth.kind == "basic":
        return f"Basic {_basic(auth.username, secret)}"
    return f"Bearer {secret}"


class Mask:
    """Takes secrets out of texts: those it was told, and whatever is named like one."""

    def __init__(self) -> None:
        self._forms: dict[str, str] = {}

    def hide(self, secret: str, shown: str = MASK) -> None:
        """From now on `secret` is written as `shown`, in whatever form it is likely to stand."""
        if len(secret) < MASKED_CHARACTERS_MIN:
            return
        for form in (
            secret,
            quote(secret, safe=""),
            quote_plus(secret),
            msgspec.json.encode(secret).decode()[1:-1],
            base64.b64encode(secret.encode()).decode(),
        ):
            self._forms.setdefault(form, shown)

    def hide_auth(self, auth: Auth, secret: str) -> None:
        self.hide(secret)
        if auth.kind == "basic":
            self.hide(_basic(auth.username, secret))

    def text(self, text: str) -> str:
        """The text without the secrets it was told of."""
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, self._forms[form])
        return text

    def part(self, text: str) -> str:
        """The first part of some longer text without secrets: one cut off at the end as well, and
        those it was not told of where their name or form gives them away."""
        text = self.text(text)
        cut = max((_begun(text, form) for form in self._forms), default=0)
        text = text[: len(text) - cut] + MASK if cut else text
        text = _NAMED.sub(rf"\1{MASK}", text)
        return _JWT.sub(MASK, _BEARER.sub(rf"\1 {MASK}", text))


def hide_known(mask: Mask, step: RequestStep, secret: str) -> None:
    """Hide what a step is known to carry: its secret, a password in its URL, and the values of
    headers and fields whose names say that they are none of anybody's business."""
    if step.auth is not None and secret:
        mask.hide_auth(step.auth, secret)
    if "@" in step.url:
        mask.hide(httpx.URL(step.url).password)
    for table in (step.headers, step.query, step.body_form):
        for name, value in table.items():
            if _SECRET_NAME.search(name):
                mask.hide(value)


def _begun(text: str, secret: str) -> int:
    """How many characters of the secret the text ends with."""
    for length in range(min(len(secret) - 1, len(text)), MASKED_CHARACTERS_MIN - 1, -1):
        if text.endswith(secret[:length]):
            return length
    return 0


def _of_file(path: Path, where: str) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _missing(f"{where} is no file")
        with path.open(encoding="utf-8") as file:
            text = file.read(SECRET_CHARACTERS_MAX + 2).rstrip("\r\n")
    except OSError as error:
        raise _missing(f"{where} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise _missing(f"{where} is not UTF-8") from None
    if not text:
        raise _missing(f"{where} is empty")
    return text


def _missing(detail: str) -> CheckFailedError:
    return CheckFailedError(Outcome.SECRET_MISSING, detail)


def _basic(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()

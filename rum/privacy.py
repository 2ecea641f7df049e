"""What is hidden before anything is written: users behind hashes, addresses and tokens masked.

Masks err on the side of hiding: they know nothing of a text but its shape.
"""

import hmac
import re
from functools import lru_cache

from rum.controls import without_controls

USER_KEY_DIGITS = 32
TOKEN_CHARS_MIN = 20
USERS_CACHED_MAX = 4_096
"""Users whose key is remembered: each sends some batches, one soon after the other."""

_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")
# This one and _QUERY begin where a run of their characters does, and look ahead once for what must
# end it: sought from each of the run's characters, "eyJeyJeyJ..." takes the square of its length.
_JWT = re.compile(
    r"(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]++\.[A-Za-z0-9_-])(?P<before>[A-Za-z0-9_-]*?)"
    r"eyJ[A-Za-z0-9_-]++\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"
)
_RUN = re.compile(rf"[A-Za-z0-9_]{{{TOKEN_CHARS_MIN},}}")
# Up to what ends an address in a message or stack frame, but sparing its ":line:column".
_QUERY = re.compile(
    r"(?P<address>(?<![^\s?#\"'<>()])(?=[^\s?#\"'<>()]++[?#])"
    r"[^\s?#\"'<>()]*?https?://[^\s?#\"'<>()]++)"
    r"[?#][^\s\"'<>()]*?(?=(?::\d+){1,2}(?:[\s\"'<>()]|\Z)|[\s\"'<>()]|\Z)"
)
_USER_FIELD = re.compile(r'("user"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[^",}\s]+)')


def site_secret(secret: bytes, site: str) -> bytes:
    """The key that a site's users are hashed with, so that two sites' hashes cannot be joined."""
    return hmac.digest(secret, b"user of " + site.encode(), "sha256")


@lru_cache(maxsize=USERS_CACHED_MAX)
def user_key(secret_of_site: bytes, user: str) -> str:
    """The keyed hash (HMAC-SHA256, 32 hex digits) that stands for a user from here on."""
    digest = hmac.digest(secret_of_site, user.encode("utf-8", "surrogatepass"), "sha256")
    return digest.hex()[:USER_KEY_DIGITS]


def masked(text: str) -> str:
    """The text without e-mail addresses, tokens, and queries of addresses."""
    text = _without_queries_and_emails(text)
    return _without_tokens(text) if len(text) >= TOKEN_CHARS_MIN else text


def masked_stack(text: str) -> str:
    """A stack without the same; but hashes in the addresses of its frames, which are names of
    files, stay."""
    lines = _without_queries_and_emails(text).split("\n")
    return "\n".join([line if "://" in line else _without_tokens(line) for line in lines])


def masked_part(body: bytes, chars_max: int) -> str:
    """The start of a refused body or event, to show what it was; the user in it masked too."""
    text = without_controls(body[: 4 * chars_max].decode("utf-8", "replace"), "\ufffd")
    return masked(_USER_FIELD.sub(r'\1"[user]"', text))[:chars_max]


def _without_queries_and_emails(text: str) -> str:
    if "?" in text or "#" in text:
        text = _QUERY.sub(r"\g<address>", text)
    if "@" in text or "%40" in text:
        text = _EMAIL.sub("[email]", text)
    return text


def _without_tokens(text: str) -> str:
    if "eyJ" in text:
        text = _JWT.sub(r"\g<before>[token]", text)
    return _RUN.sub(_mask_run, text)


def _mask_run(match: re.Match[str]) -> str:
    run = match[0]
    digits = sum(map(str.isdigit, run))
    return "[token]" if 0 < digits < len(run) else run

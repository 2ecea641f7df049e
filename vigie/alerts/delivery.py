"""What came of one attempt to deliver a message."""

from enum import StrEnum

from msgspec import Struct

SAID_CHARACTERS_MAX = 300


class Result(StrEnum):
    SENT = "sent"
    RETRY = "retry"
    """Not delivered; trying again can help."""
    REFUSED = "refused"
    """Not delivered; the same message would be refused again."""


class Delivery(Struct, frozen=True, kw_only=True):
    """`said` is what the receiver or the network said, in one line without secrets."""

    result: Result
    said: str
    retry_after_s: float | None = None
    """How long the receiver asked to be left alone."""


def sent(said: str) -> Delivery:
    return Delivery(result=Result.SENT, said=one_line(said))


def retry(said: str, after_s: float | None = None) -> Delivery:
    return Delivery(result=Result.RETRY, said=one_line(said), retry_after_s=after_s)


def refused(said: str) -> Delivery:
    return Delivery(result=Result.REFUSED, said=one_line(said))


def one_line(text: str) -> str:
    """White space made single blanks, unprintable letters left out, cut to a length."""
    words = " ".join(text.split())
    return "".join(letter for letter in words if letter.isprintable())[:SAID_CHARACTERS_MAX]


def masked(text: str, *secrets: str) -> str:
    """`text` with every secret in it replaced."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text

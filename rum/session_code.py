"""The short form of a session's id, to read out over the telephone: 8 letters and figures.

It says the first 40 bits of the id in Crockford's base 32 (https://www.crockford.com/base32.html),
which has no I, L, O or U: "7K2M-Q4XF". Among a million sessions one pair or none shares a code.
"""

from msgspec import Struct

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARS = 8
CODE_CHARS_MIN = 6
"""Fewer would fit too many sessions."""
ID_DIGITS = 32
ID_DIGITS_MIN = 8
_ID_BITS = 128
_HEARD = str.maketrans("ILO", "110", " -–—.")
"""What is read or typed for something else."""


class Range(Struct, frozen=True):
    """Session ids from `low` to `high`, both included; 32 hex digits each."""

    low: str
    high: str


def code_of(session: str) -> str:
    """The code of a session id of 32 hex digits."""
    first = int(session[:10], 16)
    letters = [ALPHABET[first >> 5 * place & 31] for place in range(CODE_CHARS - 1, -1, -1)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def ranges_of(text: str) -> tuple[Range, ...]:
    """The ids that a text may mean: as a code or its beginning, and as the beginning of an id, for
    a text can be both. Empty when it is neither."""
    heard = text.upper().translate(_HEARD)
    found = []
    if CODE_CHARS_MIN <= len(heard) <= CODE_CHARS and set(heard) <= set(ALPHABET):
        value = 0
        for letter in heard:
            value = value * 32 + ALPHABET.index(letter)
        found.append(_range(value, _ID_BITS - 5 * len(heard)))
    digits = text.strip().lower()
    if ID_DIGITS_MIN <= len(digits) <= ID_DIGITS and set(digits) <= set("0123456789abcdef"):
        found.append(_range(int(digits, 16), _ID_BITS - 4 * len(digits)))
    return tuple(found)


def _range(value: int, below_bits: int) -> Range:
    low = value << below_bits
    return Range(f"{low:032x}", f"{low + (1 << below_bits) - 1:032x}")

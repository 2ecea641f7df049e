"""Values from browsers as bounded text: cut to length, numbers as a person would write them."""

from functools import lru_cache

from rum.controls import without_controls
from rum.privacy import masked
from rum.wire import Scalar

INTEGER_BITS_MAX = 63
CACHED_CHARS_MAX = 100


def cut(text: str | None, chars_max: int) -> str:
    """At most `chars_max` characters, without those that steer databases and terminals."""
    return without_controls(text[:chars_max]) if text else ""


def masked_name(text: str | None, chars_max: int) -> str:
    """A text of at most `chars_max` characters, masked before it is cut: half an address no longer
    looks like one."""
    if not text:
        return ""
    if len(text) > CACHED_CHARS_MAX:
        return masked(cut(text, 4 * chars_max))[:chars_max]
    return _masked_short(text, chars_max)


@lru_cache(maxsize=8_192)
def _masked_short(text: str, chars_max: int) -> str:
    """Names of events and attributes, and most values, are the same few again and again."""
    return masked(cut(text, 4 * chars_max))[:chars_max]


def scalar_text(value: Scalar) -> str:
    """The text of a JSON value; "" for null, and for integers no 64 bits can hold."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int) and value.bit_length() > INTEGER_BITS_MAX:
        return ""
    return str(value)


def short_pairs(
    pairs: dict[str, Scalar] | None, pairs_max: int, key_chars_max: int, value_chars_max: int
) -> dict[str, str]:
    """The first `pairs_max` pairs that have a key and a value, cut, and masked."""
    if not pairs:
        return {}
    kept: dict[str, str] = {}
    for key, value in pairs.items():
        if len(kept) == pairs_max:
            break
        name = masked_name(key, key_chars_max)
        text = value if isinstance(value, str) else scalar_text(value)
        text = masked_name(text, value_chars_max)
        if name and text:
            kept[name] = text
    return kept

"""The sampling bucket of a session: browser, server and store agree on it without talking."""

BUCKETS = 2**32

_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193


def bucket_of(session: str) -> int:
    """The bucket of a session id made by us: its last 8 hex digits as an unsigned integer."""
    return int(session[-8:], 16)


def bucket_of_key(key: str) -> int:
    """The bucket of an id not made by us, such as a user's key: FNV-1a 32 of its UTF-8 bytes, whose
    bits murmur's fmix32 then mixes; alone it is not uniform on ids that count up.

    http://www.isthe.com/chongo/tech/comp/fnv/, https://github.com/aappleby/smhasher
    """
    mixed = _FNV_OFFSET
    for byte in key.encode("utf-8", "surrogatepass"):
        mixed = (mixed ^ byte) * _FNV_PRIME % BUCKETS
    mixed = (mixed ^ mixed >> 16) * 0x85EBCA6B % BUCKETS
    mixed = (mixed ^ mixed >> 13) * 0xC2B2AE35 % BUCKETS
    return mixed ^ mixed >> 16


def bucket_end(rate: float) -> int:
    """The first bucket outside a sample of `rate` (0..1); a bucket below it is in the sample."""
    if not 0 <= rate <= 1:
        raise ValueError(f"a sampling rate lies between 0 and 1, not {rate}")
    return int(rate * BUCKETS)

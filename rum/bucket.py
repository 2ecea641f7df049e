"""The sampling bucket of a session: browser, server and store agree on it without talking."""

SESSION_ID_DIGITS = 32
BUCKETS = 2**32


def bucket_of(session: str) -> int:
    """The bucket of a session id made by us: its last 8 hex digits as an unsigned integer."""
    return int(session[-8:], 16)


def bucket_end(rate: float) -> int:
    """The first bucket outside a sample of `rate` (0..1); a bucket below it is in the sample."""
    if not 0 <= rate <= 1:
        raise ValueError(f"a sampling rate lies between 0 and 1, not {rate}")
    return int(rate * BUCKETS)

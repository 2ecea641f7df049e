"""Times at the edges: aware UTC in Python, naive UTC in DuckDB, microseconds in records."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def naive(time: datetime) -> datetime:
    """As DuckDB keeps it. Raises ValueError for a time without a zone."""
    if time.tzinfo is None:
        raise ValueError("a time needs its zone")
    return time.astimezone(UTC).replace(tzinfo=None)


def microseconds(time: datetime) -> int:
    """Since the epoch, exactly. Raises TypeError for a time without a zone."""
    return (time - _EPOCH) // timedelta(microseconds=1)

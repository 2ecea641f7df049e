"""Instants at the seams: aware datetimes in Python, microseconds inside, naive UTC in DuckDB."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Span = tuple[int, int]
"""From and to, in microseconds since the epoch."""


def to_us(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exactly."""
    return (moment - EPOCH) // MICROSECOND


def from_us(moment_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=moment_us)


def naive(moment: datetime) -> datetime:
    """As DuckDB's TIMESTAMP wants it: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def aware(moment: datetime) -> datetime:
    """A TIMESTAMP out of DuckDB, as Python should carry it."""
    return moment.replace(tzinfo=UTC)

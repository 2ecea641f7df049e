"""Sessions that were erased: nothing that names one may reach the journal again.

Whoever runs the collector says which those are; rum only asks. An id may also come back as a text:
a release, a part of a stack. So the accepted batch is looked through as it would be written.
"""

import re
from collections.abc import Iterator
from typing import Protocol

import msgspec

from rum.records import Batch

IDS_MAX = 256
"""Looked up in one batch; who sends more is hiding something, and gains nothing for long."""
ID_CHARS = 32
ERASED_DETAIL = "its session was erased, or another erased session is named in it"

# With dashes or without, as it is searched for when an erasure ends.
_RUNS = re.compile(rb"[0-9a-f]{32,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_encoder = msgspec.msgpack.Encoder()


class ErasedSessions(Protocol):
    def any(self) -> bool:
        """Whether any is known; asked for each beacon."""

    def covers_session(self, site: str, session: str) -> bool:
        """Whether the session, 32 hex digits, was erased of the site."""


class NoneErased:
    """Where nobody says."""

    def any(self) -> bool:
        return False

    def covers_session(self, site: str, session: str) -> bool:
        return False


def names_erased(erased: ErasedSessions, batch: Batch) -> bool:
    """Whether the batch is an erased session's, or holds the id of one in any text."""
    if not erased.any():
        return False
    return any(
        erased.covers_session(batch.site, session)
        for session in (batch.session, *_ids(_encoder.encode(batch)))
    )


def _ids(payload: bytes) -> Iterator[str]:
    left = IDS_MAX
    for match in _RUNS.finditer(payload):
        run = match[0].replace(b"-", b"").decode()
        for start in range(len(run) - ID_CHARS + 1):
            if not left:
                return
            left -= 1
            yield run[start : start + ID_CHARS]

"""What one beacon may hold and how long it may take; over a limit is refused, cut, or counted."""

from msgspec import Struct


class Limits(Struct, frozen=True, kw_only=True):
    """Strings over their length are cut; the other limits refuse what is over them."""

    body_bytes_max: int = 65_536
    body_timeout_s: float = 10.0
    """For the whole body, from the end of the headers."""
    headers_timeout_s: float = 10.0
    """For the headers of a connection's first request."""
    connections_max: int = 2_000
    events_max: int = 50
    late_h: float = 24.0
    attributes_max: int = 20
    """Of one event; also segments of one batch. More are left out, and counted."""
    key_chars_max: int = 64
    value_chars_max: int = 256
    name_chars_max: int = 100
    page_chars_max: int = 200
    message_chars_max: int = 500
    stack_chars_max: int = 4_000
    part_chars_max: int = 200
    """Of what was refused, kept to show what it was."""

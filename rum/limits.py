"""What one beacon may hold and how long it may take; over a limit is refused, cut, or counted."""

from msgspec import Struct


class Limits(Struct, frozen=True, kw_only=True):
    """Strings over their length are cut; the other limits refuse what is over them."""

    body_bytes_max: int = 65_536
    inflated_bytes_max: int = 262_144
    """Of a body sent compressed."""
    body_timeout_s: float = 10.0
    """For the whole body, from the end of the headers."""
    headers_timeout_s: float = 10.0
    """For the headers of a connection's first request."""
    connections_max: int = 2_000
    trusted_proxies: tuple[str, ...] = ("127.0.0.0/8", "::1")
    """Networks whose X-Forwarded-For is believed."""
    events_max: int = 50
    late_h: float = 24.0
    site_beacons_per_s: float = 1_000.0
    """This and the next three: 0 is no limit; rum/rate_limit.py says what a burst may be."""
    address_beacons_per_s: float = 50.0
    site_sessions_per_s: float = 500.0
    """Sessions not seen lately."""
    address_sessions_per_s: float = 10.0
    server_requests_per_s: float = 100.0
    """To /events/v1, of one site's servers; 0 is no limit."""
    pages_a_day_max: int = 1_000
    """Page templates of one site; as many addresses of requests. See rum/cardinality.py."""
    names_a_day_max: int = 500
    """Of a site's events; as many of its errors."""
    attribute_keys_a_day_max: int = 200
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

"""What an answer must hold to be good."""

from msgspec import Struct


class Assertion(Struct, frozen=True, kw_only=True):
    """One thing that must be true of an answer: what, which, how compared, with what.

    `kind` is "status", "header", "body", "json", "latency", "certificate" or "size". `name` is the
    header's name, the JSON path, or the phase of a latency ("" is the total); the other kinds have
    none. `value` is a text: a status as "200-299, 304", a latency in milliseconds, a certificate in
    days left, a size in bytes, a JSON value as JSON or as the plain text.
    """

    kind: str
    name: str = ""
    op: str = "equals"
    value: str = ""

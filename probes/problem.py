"""A mistake in what is to be watched, said so that it can be mended."""

from msgspec import Struct


class Problem(Struct, frozen=True):
    """A mistake in a monitor: which field, what is wrong, and what would be right.

    The field of something nested is a path such as "steps.0.url".
    """

    field: str
    what: str
    right: str

"""The named queries of analytics/queries, one file a query or a fragment of one."""

from functools import cache
from importlib import resources


@cache
def query(name: str) -> str:
    """The text of queries/NAME.sql."""
    return resources.files("analytics.queries").joinpath(f"{name}.sql").read_text("utf-8")


def with_read(read: str, name: str, *parts: str) -> str:
    """Query NAME over the rows of fragment `read`, with what the further parts define between.

    Parts are texts of our own files: what a user says enters queries as bound parameters only.
    """
    return with_fragments(name, query(read), *parts)


def with_fragments(name: str, *parts: str) -> str:
    """Query NAME over what the parts define."""
    return "WITH " + ",\n".join(part.rstrip() for part in parts) + "\n" + query(name)

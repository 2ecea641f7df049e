"""The named queries of analytics/queries, one file a query."""

from functools import cache
from importlib import resources


@cache
def query(name: str) -> str:
    """The text of queries/NAME.sql."""
    return resources.files("analytics.queries").joinpath(f"{name}.sql").read_text("utf-8")

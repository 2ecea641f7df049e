"""Understand: sampling, estimates, the timeline, reports and their charts.

`from analytics import open_store` is for notebooks. It is looked up when it is asked for: a
collector, which knows of steps and levels from here, starts without DuckDB and pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.notebook import open_store

__all__ = ["open_store"]


def __getattr__(name: str) -> Any:
    if name != "open_store":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("analytics.notebook").open_store

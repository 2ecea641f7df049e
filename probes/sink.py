"""Where a prober's records go; whoever runs the prober gives it one."""

from typing import Protocol

from probes.result import CheckResult, MonitorDefinition


class ResultSink(Protocol):
    async def write(self, record: CheckResult | MonitorDefinition) -> None:
        """Return once the record is durable. Raises OSError when it cannot be."""

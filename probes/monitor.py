"""A monitor: what is watched, and how."""

from msgspec import Struct, field


class Monitor(Struct, frozen=True, kw_only=True):
    """What to request, how often, and what counts as good.

    `expected_status` holds single codes ("301") and ranges ("200-299"). `latency_max_ms` bounds
    the total of the check; over it the result is `slow`, which is degraded, not down.
    `confirm_after` bad results in a row make an outage, `recover_after` good ones end it.
    """

    id: str
    url: str
    name: str = ""
    site: str = ""
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    interval_s: float = 60.0
    timeout_s: float = 10.0
    expected_status: tuple[str, ...] = ("200-299",)
    text: str = ""
    """Must stand in the body; empty: anything will do."""
    latency_max_ms: float | None = None
    redirects_max: int = 5
    confirm_after: int = 2
    recover_after: int = 1
    paused: bool = False

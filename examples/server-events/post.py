"""An event from Python, with nothing but its standard library: python post.py ORDER.

VIGIE_URL is where the collector is reached, VIGIE_EVENT_TOKEN the token of `vigie event-token`.
"""

import json
import os
import sys
import urllib.request


def post_event(key: str, **event: object) -> None:
    """Post one event; `key` names it, so that a retry is stored once. Raises OSError."""
    request = urllib.request.Request(
        os.environ["VIGIE_URL"] + "/events/v1",
        data=json.dumps(event).encode(),
        headers={
            "Authorization": "Bearer " + os.environ["VIGIE_EVENT_TOKEN"],
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        print(answer.read().decode())


order = sys.argv[1] if len(sys.argv) > 1 else "1001"
post_event(
    f"order-{order}", name="order_paid", value=49.9, currency="EUR", attributes={"plan": "yearly"}
)

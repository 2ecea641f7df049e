"""One HTTP request of a channel: bounded in time and size, and what its answer means."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from vigie.alerts.delivery import Delivery, refused, retry, sent

OPERATION_S = 10.0
"""For connecting, and for each part of the answer."""
WHOLE_S = 20.0
ANSWER_BYTES_MAX = 4_096
RETRY_AFTER_S_MAX = 3_600.0
WORTH_A_RETRY = frozenset({408, 425, 429})


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Delivery:
    """POST `body`. Follows no redirect, and takes no proxy from the environment."""
    return _asked("POST", url, body, headers)


def get(url: str) -> Delivery:
    return _asked("GET", url, b"", {})


def _asked(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Delivery:
    begun = time.monotonic()
    try:
        with (
            httpx.Client(timeout=OPERATION_S, trust_env=False) as client,
            client.stream(method, url, content=body, headers=dict(headers)) as answer,
        ):
            said = b""
            for part in answer.iter_bytes():
                said += part
                if len(said) >= ANSWER_BYTES_MAX or time.monotonic() - begun > WHOLE_S:
                    break
    except httpx.InvalidURL:
        return refused("the address is not a URL")
    except httpx.UnsupportedProtocol:
        return refused("the address is neither http nor https")
    except httpx.TimeoutException as error:
        return retry(f"no answer within {OPERATION_S:g} s ({type(error).__name__})")
    except httpx.TransportError as error:
        return retry(f"{type(error).__name__}: {error}")
    return meaning(answer, said[:ANSWER_BYTES_MAX].decode("utf-8", "replace"))


def meaning(answer: httpx.Response, body: str) -> Delivery:
    """2xx: sent. 408, 425, 429 and 5xx: again later, as late as asked. The rest: refused."""
    status = answer.status_code
    said = f"answered {status} {answer.reason_phrase}"
    if answer.is_success:
        return sent(said)
    said = f"{said}: {body}" if body.strip() else said
    if status >= 500 or status in WORTH_A_RETRY:
        return retry(said, retry_after_s(answer.headers.get("retry-after", "")))
    if answer.is_redirect:
        return refused(f"answered {status}, a redirect; give the address it leads to")
    return refused(said)


def retry_after_s(value: str, now: datetime | None = None) -> float | None:
    """Seconds of a Retry-After header, which holds a number or a date; None without a usable one.

    At most an hour: a receiver cannot silence a channel.
    """
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), RETRY_AFTER_S_MAX) if seconds == seconds else None

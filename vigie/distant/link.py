"""The way from a prober elsewhere to its collector: what is to be checked, what was found."""

import time
from collections.abc import Callable
from enum import StrEnum

import httpx
import msgspec
from msgspec import Struct

from probes.delivery import Delivery
from vigie.distant.clock import Offset, Offsets, offset_of
from vigie.distant.wire import (
    MONITORS_PATH,
    RECEIVED_HEADER,
    RESULTS_PATH,
    SENT_HEADER,
    MonitorsAnswer,
)

TIMEOUT_S = 20.0


class Fault(StrEnum):
    """Why something did not come across."""

    DOWN = "down"
    """No answer, or one that says to try again."""
    REFUSED = "refused"
    """The token is not taken."""
    TOO_LARGE = "too_large"
    WRONG = "wrong"
    """An answer that no collector of this version gives to this prober."""


class Problem(Struct, frozen=True):
    """`detail` says it in plain words."""

    fault: Fault
    detail: str
    retry_after_s: float = 0.0


class Fetched(Struct, frozen=True):
    """What is to be checked; `tag` asks the next time whether it changed."""

    answer: MonitorsAnswer
    tag: str


class Unchanged(Struct, frozen=True):
    """It is as it was under the tag that was asked with."""


def _now_us() -> int:
    return time.time_ns() // 1000


class Link:
    """Speaks to the collector at `to` in the name of `location`. Close it at the end."""

    def __init__(
        self, to: str, location: str, token: str, clock_us: Callable[[], int] = _now_us
    ) -> None:
        self._location = location
        self._clock_us = clock_us
        self._offsets = Offsets()
        self._client = httpx.AsyncClient(
            base_url=to,
            headers={"authorization": f"Bearer {token}", "user-agent": "vigie-probe"},
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    def clock(self) -> Offset | None:
        """How far our clock is off the collector's; None before it ever answered."""
        return self._offsets.best()

    async def monitors(self, tag: str) -> Fetched | Unchanged | Problem:
        """What is to be checked from here, unless it is still as it was under `tag`."""
        headers = {"if-none-match": tag} if tag else {}
        request = self._client.build_request(
            "GET", MONITORS_PATH, params={"location": self._location}, headers=headers
        )
        answer = await self._ask(request)
        if isinstance(answer, Problem):
            return answer
        if answer.status_code == 304:
            return Unchanged()
        try:
            listed = msgspec.json.decode(answer.content, type=MonitorsAnswer)
        except msgspec.DecodeError as error:
            return Problem(Fault.WRONG, f"the collector's list of monitors is not one: {error}")
        return Fetched(listed, answer.headers.get("etag", ""))

    async def deliver(self, delivery: Delivery) -> Problem | None:
        """None once the collector has it for good."""
        body = msgspec.msgpack.encode(delivery)
        answer = await self._ask(self._client.build_request("POST", RESULTS_PATH, content=body))
        return answer if isinstance(answer, Problem) else None

    async def _ask(self, request: httpx.Request) -> httpx.Response | Problem:
        sent_us = self._clock_us()
        try:
            answer = await self._client.send(request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = str(error) or type(error).__name__
            return Problem(Fault.DOWN, f"{request.url.host} does not answer: {said}")
        heard_us = self._clock_us()
        received, answered = (
            answer.headers.get(name, "") for name in (RECEIVED_HEADER, SENT_HEADER)
        )
        if received.isdigit() and answered.isdigit():
            self._offsets.take(offset_of(sent_us, int(received), int(answered), heard_us))
        elif answer.status_code < 500:
            detail = f"{request.url} is no collector: it answered {answer.status_code}"
            return Problem(Fault.WRONG, detail)
        return answer if answer.status_code in (200, 304) else _problem(answer)


def _problem(answer: httpx.Response) -> Problem:
    try:
        detail = msgspec.json.decode(answer.content)["error"]["detail"]
    except (msgspec.DecodeError, KeyError, TypeError):
        detail = ""
    said = f"the collector answered {answer.status_code}" + (f": {detail}" if detail else "")
    if answer.status_code in (401, 403):
        return Problem(Fault.REFUSED, said)
    if answer.status_code == 413:
        return Problem(Fault.TOO_LARGE, said)
    if answer.status_code in (408, 429) or answer.status_code >= 500:
        after = answer.headers.get("retry-after", "")
        return Problem(Fault.DOWN, said, float(after) if after.isdigit() else 0.0)
    return Problem(Fault.WRONG, said)

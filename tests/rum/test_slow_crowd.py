"""A crowd of slow connections costs normal clients nothing."""

import asyncio
import contextlib
import json

import httpx

from rum.limits import Limits
from tests.support.collector import ORIGIN, Collect, beacon

CROWD = 500
HEAD = (
    b"POST /rum/v1/beacon HTTP/1.1\r\nhost: x\r\norigin: https://shop.test\r\n"
    b"content-length: 500\r\n"
)


async def beside_a_crowd(port: int, base: str, beacons: int) -> list[int]:
    """The statuses of `beacons` sent one after another while 500 others have begun a request, half
    of them within the headers and half within the body, and do not go on."""
    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CROWD)]
    try:
        for number, (_, writer) in enumerate(crowd):
            writer.write(HEAD if number % 2 else HEAD + b"\r\n{")
            await writer.drain()
        async with httpx.AsyncClient(timeout=30) as client:
            statuses = []
            for _ in range(beacons):
                answer = await client.post(
                    f"{base}/rum/v1/beacon",
                    content=json.dumps(beacon()),
                    headers={"origin": ORIGIN},
                )
                statuses.append(answer.status_code)
            return statuses
    finally:
        for _, writer in crowd:
            writer.close()
        await asyncio.gather(*(_closed(writer) for _, writer in crowd))


async def _closed(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def test_beacons_are_taken_beside_500_connections_that_do_not_go_on(collect: Collect) -> None:
    # So slow that not one of them is given up while the beacons come.
    with collect(Limits(headers_timeout_s=300, body_timeout_s=300)) as collecting:
        statuses = asyncio.run(beside_a_crowd(collecting.port, collecting.base, 40))
        assert statuses == [204] * 40
        assert len(collecting.batches()) == 40


def test_connections_over_the_limit_are_turned_away(collect: Collect) -> None:
    limits = Limits(headers_timeout_s=300, body_timeout_s=300, connections_max=100)
    with collect(limits) as collecting:
        statuses = asyncio.run(beside_a_crowd(collecting.port, collecting.base, 2))
        assert statuses == [503, 503]

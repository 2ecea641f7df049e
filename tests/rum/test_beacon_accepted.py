"""A beacon that got a 204 is in the journal, synced, exactly as it was judged."""

import asyncio
import json
import os
import threading

import httpx

from rum.bucket import bucket_of
from rum.records import Click, EventKind, Frame, Leave, PageRequest
from tests.support.collector import ORIGIN, Collect, beacon, many, view


def test_an_accepted_beacon_is_in_the_journal(collect: Collect) -> None:
    sent = beacon(
        view("/listings/8412345/photos"),
        view("/form", kind="vitals", lcp=1200.5, cls=0.05),
        view("/form", kind="error", name="TypeError", message="x is null", stack="at f"),
        view("/form", kind="event", name="mandate_signed", value=12, currency="EUR"),
        view("/form", kind="click", target="#sign", x=0.5, y=0.25, rage=3),
        view("/form", kind="request", url="/api/user/7", status=204, duration=31.5),
        view("/form", kind="frame", duration=120, blocking=70),
        view("/form", kind="leave", scroll=0.75, engaged=4200),
        level="novice",
        user="jean",
        release="2.14",
    )
    with collect() as collecting:
        agent = (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/6"
        )
        answer = collecting.post(json.dumps(sent).encode(), **{"user-agent": agent})
        assert (answer.status_code, answer.content) == (204, b"")
        (batch,) = collecting.batches()
    assert (batch.site, batch.session, batch.batch) == ("shop", sent["session"], sent["batch"])
    assert [event.kind for event in batch.events] == list(EventKind)
    assert [event.position for event in batch.events] == list(range(8))
    assert batch.events[0].page == "/listings/?/photos"
    assert (batch.events[1].lcp_ms, batch.events[1].inp_ms) == (1200.5, None)
    assert batch.events[2].message == "x is null"
    assert (batch.events[3].name, batch.events[3].value) == ("mandate_signed", 12.0)
    assert batch.events[4].click == Click(target="#sign", x=0.5, y=0.25, rage=3)
    assert batch.events[5].request == PageRequest(url="/api/user/?", status=204, duration_ms=31.5)
    assert batch.events[6].frame == Frame(duration_ms=120, blocking_ms=70)
    assert batch.events[7].leave == Leave(scroll=0.75, engaged_ms=4200)
    assert (batch.level, batch.release, batch.device) == ("novice", "2.14", "phone")
    assert (batch.browser, batch.os, batch.bot) == ("Safari", "iOS", False)
    assert len(batch.user) == 32
    assert "jean" not in batch.user
    assert 0 <= bucket_of(batch.session) < 2**32


def test_the_answer_comes_after_the_sync_and_not_before(collect: Collect) -> None:
    may_sync = threading.Event()
    syncing = threading.Event()

    def sync(descriptor: int) -> None:
        syncing.set()
        assert may_sync.wait(30)
        os.fdatasync(descriptor)

    async def send_and_watch(url: str) -> tuple[bool, int]:
        async with httpx.AsyncClient(timeout=30) as client:
            content = json.dumps(beacon()).encode()
            posted = asyncio.create_task(
                client.post(url, content=content, headers={"origin": ORIGIN})
            )
            await asyncio.to_thread(syncing.wait, 30)
            # A whole other request goes through while the beacon's sync has not returned.
            await client.get(url.replace("/rum/v1/beacon", "/health"))
            answered_before = posted.done()
            may_sync.set()
            return answered_before, (await posted).status_code

    with collect(sync=sync) as collecting:
        answered_before, status = asyncio.run(send_and_watch(f"{collecting.base}/rum/v1/beacon"))
    assert not answered_before
    assert status == 204


def test_many_at_once_all_arrive_and_share_syncs(collect: Collect) -> None:
    async def send(url: str, bodies: list[bytes]) -> list[int]:
        async with httpx.AsyncClient(timeout=30) as client:
            return await many(client, url, bodies)

    sent = [beacon() for _ in range(200)]
    with collect() as collecting:
        url = f"{collecting.base}/rum/v1/beacon"
        statuses = asyncio.run(send(url, [json.dumps(body).encode() for body in sent]))
        stored = {(batch.session, batch.batch) for batch in collecting.batches()}
    assert statuses == [204] * 200
    assert stored == {(body["session"], body["batch"]) for body in sent}

"""Refusals are written in full while few, counted when many, and lost at no normal end."""

import asyncio

from rum.records import Batch, Reason, Refusal
from rum.refusals import IN_FULL_A_MINUTE, RefusalTally, RefusalWriter

MINUTE_US = 60_000_000


def refusal(reason: Reason = Reason.MALFORMED, at_us: int = 0, **more: object) -> Refusal:
    return Refusal(received_us=at_us, reason=reason, detail="why", **more)  # type: ignore[arg-type]


def test_the_first_of_a_minute_are_kept_in_full_and_the_rest_counted() -> None:
    tally = RefusalTally()
    for _ in range(1_000):
        tally.add(refusal(count=2))
    in_full = tally.take_in_full()
    (counted,) = tally.take_counts(99)
    assert len(in_full) == IN_FULL_A_MINUTE
    assert counted.count == 2 * (1_000 - IN_FULL_A_MINUTE)
    assert (counted.received_us, counted.reason, counted.detail) == (99, Reason.MALFORMED, "")
    assert tally.totals[Reason.MALFORMED] == 2_000
    assert tally.take_in_full() == tally.take_counts(99) == []


def test_each_reason_site_and_minute_has_its_own() -> None:
    tally = RefusalTally(in_full_a_minute=1)
    for at_us in (0, 1, MINUTE_US):
        tally.add(refusal(at_us=at_us))
        tally.add(refusal(Reason.TOO_OLD, at_us, site="shop"))
        tally.add(refusal(Reason.TOO_OLD, at_us, site="blog"))
    assert len(tally.take_in_full()) == 6
    counts = {(r.reason, r.site): r.count for r in tally.take_counts(0)}
    assert counts == {
        (Reason.MALFORMED, ""): 1,
        (Reason.TOO_OLD, "shop"): 1,
        (Reason.TOO_OLD, "blog"): 1,
    }


class Sink:
    def __init__(self) -> None:
        self.broken = False
        self.written: list[Refusal] = []

    async def write(self, record: Batch | Refusal) -> None:
        if self.broken:
            raise OSError("no room")
        assert isinstance(record, Refusal)
        self.written.append(record)

    def healthy(self) -> bool:
        return not self.broken


def total(sink: Sink) -> int:
    return sum(record.count for record in sink.written)


def test_all_that_waits_is_written_at_the_end() -> None:
    sink = Sink()

    async def refuse_and_stop() -> None:
        writer = RefusalWriter(sink, lambda: 5)
        writer.start()
        writer.add(refusal() for _ in range(100))
        await writer.stop()

    asyncio.run(refuse_and_stop())
    assert total(sink) == 100
    assert len(sink.written) == IN_FULL_A_MINUTE + 1


def test_what_could_not_be_written_is_written_as_a_count_later() -> None:
    sink = Sink()

    async def refuse_twice() -> None:
        writer = RefusalWriter(sink, lambda: 5)
        sink.broken = True
        writer.add(refusal() for _ in range(4))
        await writer.write(counts=True)
        sink.broken = False
        await writer.write(counts=True)

    asyncio.run(refuse_twice())
    assert [record.count for record in sink.written] == [4]


def test_what_a_sender_wrote_into_a_refusal_is_masked_whichever_route_refused() -> None:
    tally = RefusalTally()
    tally.add(
        Refusal(
            received_us=0,
            reason=Reason.UNKNOWN_SITE,
            detail="no site has the key 'jane.doe@example.org'\x9b31m",
            origin="https://jane.doe@example.org/?token=abc",
        )
    )
    (written,) = tally.take_in_full()
    assert "jane" not in written.detail + written.origin
    assert "\x9b" not in written.detail
    assert "token" not in written.origin

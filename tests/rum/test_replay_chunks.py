"""A chunk that got a 204 is in its file, once, with its record in the journal; others say why."""

import asyncio
import gzip
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from rum.bucket import bucket_end
from rum.records import Reason, ReplayChunk
from rum.replay_intake import ReplayLimits, content_problem
from store.replay_writer import REPLAYS_FOLDER, chunk_name
from tests.support.collector import ORIGIN, SITE, Collect, Collecting
from tests.support.recordings import body, chunk, header, packed, page_events, session_at

RECORDED = replace(SITE, replay_rate=0.2, replay_error_rate=0.5, replay_chunks_max=3)
IN_BOTH, IN_ERRORS, OUTSIDE = 0, bucket_end(0.2), bucket_end(0.5)


def files(folder: Path) -> list[str]:
    root = folder / "store" / REPLAYS_FOLDER
    return [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]


def file_of(record: ReplayChunk) -> str:
    return chunk_name(record.site, record.day, record.session, record.load, record.number)


def refused_for(collecting: Collecting, sent: bytes, **headers: str) -> tuple[int, str]:
    answer = collecting.post_replay(sent, **headers)
    return answer.status_code, answer.json()["error"]["reason"] if answer.content else ""


def test_an_acknowledged_chunk_is_on_disk_and_in_the_journal(
    collect: Collect, tmp_path: Path
) -> None:
    events = page_events("* *", time.time() * 1000 - 60_000)
    first = header(events, load=2**32 - 1, number=9)
    with collect(sites=(RECORDED,)) as collecting:
        answer = collecting.post_replay(body(first, packed(events)))
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        (record,) = collecting.chunks()
    assert (record.site, record.session) == ("shop", first["session"])
    assert (record.load, record.number, record.events) == (2**32 - 1, 9, len(events))
    assert abs(record.start_us - events[0]["timestamp"] * 1000) < 1000
    assert files(tmp_path) == [file_of(record)]
    content = (tmp_path / "store" / REPLAYS_FOLDER / file_of(record)).read_bytes()
    assert len(content) == record.bytes
    assert json.loads(gzip.decompress(content)) == events


def test_a_repeat_is_harmless_and_the_first_content_stays(collect: Collect, tmp_path: Path) -> None:
    session = session_at(IN_BOTH)
    with collect(sites=(RECORDED,)) as collecting:
        for text in ("first", "first", "second, of the same number"):
            assert collecting.post_replay(chunk(text, session=session)).status_code == 204
        records = collecting.chunks()
    assert len({(record.session, record.load, record.number) for record in records}) == 1
    assert files(tmp_path) == [file_of(records[0])]
    content = (tmp_path / "store" / REPLAYS_FOLDER / file_of(records[0])).read_bytes()
    assert b"first" in gzip.decompress(content)
    assert {record.bytes for record in records} == {len(content)}


def test_many_at_once_are_all_kept(collect: Collect, tmp_path: Path) -> None:
    sent = [chunk(lines=True) for _ in range(40)]

    async def post_all(url: str) -> list[int]:
        async with httpx.AsyncClient(timeout=30) as client:
            posts = (client.post(url, content=each, headers={"origin": ORIGIN}) for each in sent)
            return [answer.status_code for answer in await asyncio.gather(*posts)]

    with collect(sites=(RECORDED,)) as collecting:
        statuses = asyncio.run(post_all(f"{collecting.base}/rum/v1/replay"))
        records = collecting.chunks()
    assert statuses == [204] * 40
    assert sorted(files(tmp_path)) == sorted(file_of(record) for record in records)


@pytest.mark.parametrize(
    ("bucket", "reason", "status"),
    [
        (IN_BOTH, "sample", 204),
        (IN_ERRORS - 1, "sample", 204),
        (IN_ERRORS, "sample", 403),
        (IN_BOTH, "error", 204),
        (OUTSIDE - 1, "error", 204),
        (OUTSIDE, "error", 403),
    ],
)
def test_only_sessions_of_the_sample_are_recorded(
    collect: Collect, bucket: int, reason: str, status: int
) -> None:
    sent = chunk(session=session_at(bucket), reason=reason)
    with collect(sites=(RECORDED,)) as collecting:
        answer = collecting.post_replay(sent)
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["error"]["reason"] == Reason.NOT_IN_REPLAY_SAMPLE


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"v": 2}, 400, Reason.UNSUPPORTED_VERSION),
        ({"site": "another"}, 403, Reason.UNKNOWN_SITE),
        ({"session": "g" * 32}, 400, Reason.INVALID_SESSION),
        ({"session": "../../../../etc/passwd"}, 400, Reason.INVALID_SESSION),
        ({"load": 2**32}, 400, Reason.INVALID_CHUNK),
        ({"number": -1}, 400, Reason.INVALID_CHUNK),
        ({"number": "7"}, 400, Reason.MALFORMED),
        ({"events": 0}, 400, Reason.INVALID_CHUNK),
        ({"reason": "curiosity"}, 400, Reason.INVALID_CHUNK),
        ({"start": 2e12, "end": 1e12}, 400, Reason.INVALID_CHUNK),
        ({"end": 2e14}, 400, Reason.INVALID_CHUNK),
        ({"start": 1e12}, 400, Reason.INVALID_CHUNK),
        ({"start": 1e12, "end": 1e12}, 400, Reason.TOO_OLD),
        ({"sent": -1}, 400, Reason.INVALID_CHUNK),
    ],
)
def test_a_header_out_of_range_is_refused_and_counted(
    collect: Collect, tmp_path: Path, fields: dict[str, Any], status: int, reason: Reason
) -> None:
    with collect(sites=(RECORDED,)) as collecting:
        assert refused_for(collecting, chunk(**fields)) == (status, reason)
    assert [refusal.reason for refusal in collecting.refusals()] == [reason]
    assert files(tmp_path) == []


def test_content_that_is_not_a_recording_is_refused(collect: Collect, tmp_path: Path) -> None:
    events = page_events("x", time.time() * 1000 - 10_000)
    whole = packed(events)
    bomb = gzip.compress(b"[" + b" " * ReplayLimits().inflated_bytes_max)
    assert len(bomb) < 20_000
    wrong = {
        b"": Reason.INVALID_CHUNK,
        b"[]": Reason.INVALID_CHUNK,
        gzip.compress(b""): Reason.INVALID_CHUNK,
        gzip.compress(b"<html>"): Reason.INVALID_CHUNK,
        whole[:-9]: Reason.INVALID_CHUNK,
        whole[:-8] + bytes(8): Reason.INVALID_CHUNK,
        whole + whole: Reason.INVALID_CHUNK,
        bomb: Reason.REPLAY_TOO_LARGE,
    }
    with collect(sites=(RECORDED,)) as collecting:
        for content, reason in wrong.items():
            answer = collecting.post_replay(body(header(events), content))
            assert (answer.status_code // 100, answer.json()["error"]["reason"]) == (4, reason)
        assert refused_for(collecting, b"\x1f\x8b no header") == (400, Reason.MALFORMED)
        large = body(header(events), b"x" * ReplayLimits().body_bytes_max)
        assert refused_for(collecting, large) == (413, Reason.BODY_TOO_LARGE)
    assert files(tmp_path) == []


def test_the_last_byte_within_the_cap_is_taken() -> None:
    assert content_problem(gzip.compress(b"[" + b" " * 99), 100) is None
    problem = content_problem(gzip.compress(b"[" + b" " * 100), 100)
    assert problem is not None
    assert problem[0] is Reason.REPLAY_TOO_LARGE


def test_a_site_that_is_not_recorded_takes_none(collect: Collect) -> None:
    with collect() as collecting:
        assert refused_for(collecting, chunk()) == (403, Reason.REPLAY_OFF)
    (refusal,) = collecting.refusals()
    assert (refusal.site, refusal.reason) == ("shop", Reason.REPLAY_OFF)


def test_pages_of_other_origins_cannot_send(collect: Collect) -> None:
    with collect(sites=(RECORDED,)) as collecting:
        answer = refused_for(collecting, chunk(), origin="https://evil.test")
    assert answer == (403, Reason.ORIGIN_NOT_ALLOWED)


def test_a_session_ends_at_its_limits_and_others_go_on(collect: Collect) -> None:
    session = session_at(IN_BOTH)
    with collect(sites=(RECORDED,)) as collecting:
        for number in (0, 1, 2, 2):
            taken = collecting.post_replay(chunk(session=session, number=number))
            assert taken.status_code == 204
        more = chunk(session=session, number=3)
        assert refused_for(collecting, more) == (403, Reason.REPLAY_LIMIT)
        assert collecting.post_replay(chunk()).status_code == 204
    with collect(sites=(RECORDED,)) as started_anew:
        assert refused_for(started_anew, more) == (403, Reason.REPLAY_LIMIT)
        again = started_anew.post_replay(chunk(session=session, number=2))
        assert again.status_code == 204, "a repeat is none too many"
    small = replace(RECORDED, replay_bytes_max=100)
    with collect(sites=(small,)) as collecting:
        assert refused_for(collecting, chunk()) == (403, Reason.REPLAY_LIMIT)


def test_a_wrong_clock_is_corrected_and_by_how_much_is_kept(collect: Collect) -> None:
    day_ms = 86_400_000
    events = page_events("x", time.time() * 1000 - 10_000 + 3 * day_ms)
    with collect(sites=(RECORDED,)) as collecting:
        sent = header(events, sent=time.time() * 1000 + 3 * day_ms)
        assert collecting.post_replay(body(sent, packed(events))).status_code == 204
        (record,) = collecting.chunks()
    assert abs(record.skew_us / 1000 + 3 * day_ms) < 5_000
    assert abs(record.start_us / 1000 - (events[0]["timestamp"] + record.skew_us / 1000)) < 2
    assert record.start_us <= record.end_us <= record.received_us


class FailingReplays:
    def held(self, chunk: ReplayChunk) -> dict[tuple[int, int], int]:
        return {}

    async def write_replay(self, record: ReplayChunk, packed: bytes) -> None:
        raise OSError("no room")


def test_what_cannot_be_kept_is_asked_for_again(collect: Collect) -> None:
    with collect(sites=(RECORDED,), replays=FailingReplays()) as collecting:
        answer = collecting.post_replay(chunk())
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_only_posts_are_answered(collect: Collect) -> None:
    with collect(sites=(RECORDED,)) as collecting, collecting.client() as client:
        url = f"{collecting.base}/rum/v1/replay"
        assert client.get(url).status_code == 405
        allowed = client.options(url, headers={"origin": ORIGIN})
        assert allowed.headers["access-control-allow-methods"] == "POST"
        strange = client.options(url, headers={"origin": "https://evil.test"})
        assert "access-control-allow-origin" not in strange.headers

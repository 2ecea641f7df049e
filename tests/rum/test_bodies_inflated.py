"""Bodies sent compressed are inflated, but no further than the limit; nonsense is refused."""

import gzip
import json
import zlib

import httpx
import pytest

from rum.body import BodyProblem
from rum.inflate import inflated
from rum.limits import Limits
from tests.support.collector import Collect, beacon, view

PLAIN = b'{"a":1}' * 20


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"", PLAIN),
        (b"identity", PLAIN),
        (b"gzip", gzip.compress(PLAIN, mtime=0)),
        (b" GZip ", gzip.compress(PLAIN, mtime=0)),
        (b"deflate", zlib.compress(PLAIN)),
        (b"deflate", raw_deflate(PLAIN)),
    ],
)
def test_what_is_inflated_is_what_was_sent(encoding: bytes, body: bytes) -> None:
    assert inflated(body, encoding, len(PLAIN)) == PLAIN


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        (b"br", PLAIN, 415),
        (b"gzip, gzip", PLAIN, 415),
        (b"gzip", PLAIN, 400),
        (b"gzip", b"", 400),
        (b"gzip", gzip.compress(PLAIN, mtime=0)[:-1], 400),
        (b"gzip", gzip.compress(PLAIN, mtime=0) + b"more", 400),
        (b"deflate", b"\x78\x9c rubbish", 400),
        (b"gzip", gzip.compress(PLAIN + b"x", mtime=0), 413),
    ],
)
def test_what_cannot_be_inflated_is_refused(encoding: bytes, body: bytes, status: int) -> None:
    problem = inflated(body, encoding, len(PLAIN))
    assert isinstance(problem, BodyProblem)
    assert problem.status == status


def test_a_bomb_stops_at_the_limit(collect: Collect) -> None:
    bomb = gzip.compress(bytes(60_000_000), 9)  # 58 kB of zeros that are 60 MB
    with collect() as collecting:
        assert len(bomb) < Limits().body_bytes_max
        answer = collecting.post(bomb, **{"content-encoding": "gzip"})
        assert answer.status_code == 413
        assert answer.json()["error"]["reason"] == "body_too_large"
        sent = json.dumps(beacon(view("/a"))).encode()
        for encoding, packed in (("gzip", gzip.compress(sent)), ("deflate", zlib.compress(sent))):
            assert collecting.post(packed, **{"content-encoding": encoding}).status_code == 204
        assert collecting.post(sent, **{"content-encoding": "br"}).status_code == 415
        assert [batch.events[0].page for batch in collecting.batches()] == ["/a", "/a"]


def test_a_page_may_send_compressed(collect: Collect) -> None:
    with collect() as collecting:
        answer = httpx.options(
            f"{collecting.base}/rum/v1/beacon",
            headers={
                "origin": "https://shop.test",
                "access-control-request-method": "POST",
                "access-control-request-headers": "content-encoding",
            },
            timeout=60,
        )
    assert "content-encoding" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers

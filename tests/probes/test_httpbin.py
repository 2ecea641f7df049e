"""httpbin as the target: a server nobody here wrote, whose answers are all documented."""

import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpbin  # type: ignore[import-untyped]
import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from probes.outcome import Outcome
from probes.result import CheckResult

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]

BASIC = "Basic dXNlcjpwYXNz"  # user:pass


class Quiet(WSGIRequestHandler):
    """Says nothing of each request; HTTP/1.1, as servers that matter speak."""

    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def bin_url() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, httpbin.app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


ANSWERS: dict[str, tuple[str, dict[str, Any], Outcome, int | None]] = {
    "200": ("/status/200", {}, Outcome.OK, 200),
    "204": ("/status/204", {}, Outcome.OK, 204),
    "404": ("/status/404", {}, Outcome.WRONG_STATUS, 404),
    "418, expected": ("/status/418", {"expected_status": ("418",)}, Outcome.OK, 418),
    "503": ("/status/503", {}, Outcome.WRONG_STATUS, 503),
    "503, in an expected range": (
        "/status/503",
        {"expected_status": ("200", "500-599")},
        Outcome.OK,
        503,
    ),
    "a page": ("/html", {"text": "Herman Melville"}, Outcome.OK, 200),
    "a page without the text": ("/html", {"text": "Vigie"}, Outcome.WRONG_CONTENT, 200),
    "UTF-8": ("/encoding/utf8", {"text": "ði ıntəˈnæʃənəl"}, Outcome.OK, 200),
    "an image": ("/image/png", {}, Outcome.OK, 200),
    "gzip": ("/gzip", {"text": '"gzipped": true'}, Outcome.OK, 200),
    "deflate": ("/deflate", {"text": '"deflated": true'}, Outcome.OK, 200),
    "chunks": ("/stream/20", {"text": '"id": 19'}, Outcome.OK, 200),
    "chunks of bytes": ("/stream-bytes/5000?chunk_size=100", {}, Outcome.OK, 200),
    "a delay": ("/delay/1", {}, Outcome.OK, 200),
    "a delay beyond the deadline": ("/delay/3", {"timeout_s": 0.5}, Outcome.WAIT_TIMEOUT, None),
    "slow by its limit": ("/delay/1", {"latency_max_ms": 500.0}, Outcome.SLOW, 200),
    "a drip": ("/drip?duration=1&numbytes=5&delay=0", {"text": "*****"}, Outcome.OK, 200),
    "a drip beyond the deadline": (
        "/drip?duration=10&numbytes=100&delay=0",
        {"timeout_s": 3.0},
        Outcome.TRANSFER_TIMEOUT,
        200,
    ),
    "basic, without a password": ("/basic-auth/user/pass", {}, Outcome.WRONG_STATUS, 401),
    "basic": (
        "/basic-auth/user/pass",
        {"headers": {"Authorization": BASIC}, "text": '"authenticated": true'},
        Outcome.OK,
        200,
    ),
    "basic, hidden": (
        "/hidden-basic-auth/user/pass",
        {"expected_status": ("404",)},
        Outcome.OK,
        404,
    ),
    "bearer, without a token": ("/bearer", {}, Outcome.WRONG_STATUS, 401),
    "bearer": (
        "/bearer",
        {"headers": {"Authorization": "Bearer abc"}, "text": '"token": "abc"'},
        Outcome.OK,
        200,
    ),
    "a header sent": (
        "/headers",
        {"headers": {"X-Id": "7"}, "text": '"X-Id": "7"'},
        Outcome.OK,
        200,
    ),
    "a body posted": (
        "/anything",
        {"method": "POST", "body": "a=1", "text": '"data": "a=1"'},
        Outcome.OK,
        200,
    ),
    "a method not allowed": ("/get", {"method": "DELETE"}, Outcome.WRONG_STATUS, 405),
    "HEAD": ("/get", {"method": "HEAD"}, Outcome.OK, 200),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_is_understood(name: str, check: Check, bin_url: str) -> None:
    path, fields, outcome, status = ANSWERS[name]
    result = await check(bin_url + path, **fields)
    assert (result.outcome, result.status) == (outcome, status), result


REDIRECTS: dict[str, tuple[str, dict[str, Any], Outcome, int]] = {
    "relative": ("/relative-redirect/3", {}, Outcome.OK, 3),
    "absolute": ("/absolute-redirect/3", {}, Outcome.OK, 3),
    "as many as allowed": ("/redirect/5", {}, Outcome.OK, 5),
    "more than allowed": ("/redirect/6", {}, Outcome.REDIRECT_LIMIT, 5),
    "none allowed, though expected": (
        "/redirect/1",
        {"redirects_max": 0, "expected_status": ("302",)},
        Outcome.OK,
        0,
    ),
    "to an error": ("/redirect-to?url=/status/500", {}, Outcome.WRONG_STATUS, 1),
    "with a status of its own": ("/redirect-to?url=/get&status_code=307", {}, Outcome.OK, 1),
    "setting a cookie on the way": (
        "/cookies/set?flavour=vanilla",
        {"text": '"flavour": "vanilla"'},
        Outcome.OK,
        1,
    ),
    "deleting it on the way": (
        "/cookies/delete?flavour",
        {"headers": {"Cookie": "other=kept"}},
        Outcome.OK,
        1,
    ),
}


@pytest.mark.parametrize("name", REDIRECTS)
async def test_redirects_are_followed_and_counted(name: str, check: Check, bin_url: str) -> None:
    path, fields, outcome, redirects = REDIRECTS[name]
    result = await check(bin_url + path, **fields)
    assert (result.outcome, result.redirects) == (outcome, redirects), result


async def test_a_redirect_that_is_refused(check: Check, bin_url: str) -> None:
    result = await check(f"{bin_url}/redirect/1", redirects="refuse")
    assert result.outcome is Outcome.REDIRECT_REFUSED, result


async def test_no_cookie_is_kept_from_one_check_to_the_next(check: Check, bin_url: str) -> None:
    await check(f"{bin_url}/cookies/set?flavour=vanilla")
    result = await check(f"{bin_url}/cookies", text="vanilla")
    assert result.outcome is Outcome.WRONG_CONTENT


async def test_time_falls_into_the_phase_it_was_spent_in(check: Check, bin_url: str) -> None:
    waited = await check(f"{bin_url}/delay/1")
    assert waited.wait_ms is not None
    assert waited.wait_ms >= 990
    # What a busy machine is late to begin to read is missing from the transfer, which is 2,250 ms.
    dripped = await check(f"{bin_url}/drip?duration=3&numbytes=4&delay=0")
    assert dripped.transfer_ms is not None
    assert dripped.transfer_ms >= 700
    assert dripped.body_bytes == 4
    assert waited.dns_ms is waited.tls_ms is None


async def test_bytes_are_counted_as_they_were_received(check: Check, bin_url: str) -> None:
    assert (await check(f"{bin_url}/bytes/4321")).body_bytes == 4321
    packed, plain = await check(f"{bin_url}/gzip"), await check(f"{bin_url}/get")
    assert packed.body_bytes is not None
    assert plain.body_bytes is not None
    assert packed.body_bytes < plain.body_bytes

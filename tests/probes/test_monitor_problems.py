"""Every mistake in a monitor is found at once, and says what would be right."""

from typing import Any

import pytest

from probes.monitor import Monitor, monitor_problems


def monitor(**fields: Any) -> Monitor:
    return Monitor(**{"id": "shop", "url": "https://shop.example/", **fields})


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080/a?b=c",
        "https://bücher.example/",
        "http://127.0.0.1/",
        "http://[::1]:80/",
        "https://user:secret@a_b.example/",
        "https://shop.example.:443/",
    ],
)
def test_urls_that_are_fine(url: str) -> None:
    assert monitor_problems(monitor(url=url)) == []


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("", "is missing"),
        ("shop.example", "neither http nor https"),
        ("ftp://shop.example/", "neither http nor https"),
        ("http://", "no host name"),
        ("http:///path", "no host name"),
        ("http://a..b/", "no host name"),
        (f"http://{'a' * 64}.example/", "no host name"),
        ("http://shop example/", "white space"),
        ("http://shop.example/a\n", "white space"),
        ("http://shop.example:port/", "does not parse"),
        ("http://shop.example:0/", "no port 0"),
        ("http://shop.example:99999/", "no port 99999"),
    ],
)
def test_urls_that_do_not_parse(url: str, what: str) -> None:
    (problem,) = monitor_problems(monitor(url=url))
    assert problem.field == "url"
    assert what in problem.what
    assert problem.right


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "a/b"}, "id"),
        ({"id": "a" * 65}, "id"),
        ({"method": "get"}, "method"),
        ({"method": "BREW"}, "method"),
        ({"headers": {"X Y": "1"}}, "headers"),
        ({"headers": {"": "1"}}, "headers"),
        ({"headers": {"X": "a\r\nb"}}, "headers"),
        ({"headers": {"X": "€"}}, "headers"),
        ({"headers": {"content-length": "3"}}, "headers"),
        ({"interval_s": 0.5, "timeout_s": 0.1}, "interval_s"),
        ({"interval_s": 100_000.0}, "interval_s"),
        ({"interval_s": float("nan")}, "interval_s"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"timeout_s": 60.0}, "timeout_s"),
        ({"expected_status": ()}, "expected_status"),
        ({"expected_status": ("2xx",)}, "expected_status"),
        ({"text": "a" * 1_001}, "text"),
        ({"text": "a", "method": "HEAD"}, "text"),
        ({"latency_max_ms": 0.0}, "latency_max_ms"),
        ({"latency_max_ms": 10_000.0}, "latency_max_ms"),
        ({"redirects_max": -1}, "redirects_max"),
        ({"confirm_after": 0}, "confirm_after"),
        ({"recover_after": 0}, "recover_after"),
    ],
)
def test_each_field_has_its_bounds(fields: dict[str, Any], field: str) -> None:
    found = monitor_problems(monitor(**fields))
    assert field in {problem.field for problem in found}
    assert all(problem.what and problem.right for problem in found)


def test_all_mistakes_are_told_at_once() -> None:
    found = monitor_problems(monitor(url="nowhere", timeout_s=90.0, expected_status=("a", "b")))
    assert [problem.field for problem in found] == [
        "url",
        "expected_status",
        "expected_status",
        "timeout_s",
    ]

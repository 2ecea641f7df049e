"""The console shows each monitor's certificate, and flags those near their end in words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import structs

from probes.outcome import Outcome
from probes.result import CheckResult
from store.times import microseconds
from tests.support.console import check, history, running_console
from tests.vigie.test_console_pages import assert_sound


def shown(monitor: str, at: datetime, days: float, problem: str = "") -> CheckResult:
    return structs.replace(
        check(monitor, at, Outcome.OK),
        certificate_expires_us=microseconds(at + timedelta(days=days)),
        certificate_issuer="R11 <b>",
        certificate_names=("shop.test", "www.shop.test"),
        certificate_problem=problem,
    )


def test_a_certificate_near_its_end_is_flagged_and_one_far_from_it_only_shown(
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    with running_console(tmp_path) as console:
        console.load(history(now - timedelta(minutes=1)))
        console.load(
            [
                shown("front", now, 90.5),
                shown("pay", now, 6.5, "certificate is self-signed"),
            ]
        )
        with console.reader() as client:
            home, monitors, pay, front = (
                assert_sound(client.get(address)).text
                for address in ("/", "/monitors", "/monitors/pay", "/monitors/front")
            )
    for page in (home, monitors):
        assert "Certificates near their end" in page
        assert "Payment <b> : the certificate expires in 6 days" in page
        assert "Front page : the certificate" not in page
    assert "certificate expires in 6 days" in monitors
    for words in ("In 6 days", "R11 <b>", "shop.test, www.shop.test", "certificate is self-signed"):
        assert words in pay
    assert "In 90 days" in front
    assert "Nothing seen" in front


def test_an_expired_certificate_is_said_to_be(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with running_console(tmp_path) as console:
        console.load([*history(now - timedelta(minutes=1)), shown("pay", now, -1)])
        with console.reader() as client:
            assert "the certificate has expired" in assert_sound(client.get("/")).text
            assert "Has expired" in assert_sound(client.get("/monitors/pay")).text

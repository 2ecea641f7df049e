"""The console's page Data shows what channels were sent, and what is stuck or was given up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import structs

from tests.support.alerts import incident_row
from tests.support.console import SETTINGS, running_console
from vigie.alerts.ledger import Change, Ledger
from vigie.alerts.outbox import OutboxState
from vigie.settings import ChannelSettings


def test_a_stuck_message_and_one_given_up_are_shown_with_the_reason(tmp_path: Path) -> None:
    channels = tuple(
        ChannelSettings(id=id_, kind="webhook", default=True) for id_ in ("good", "stuck", "wrong")
    )
    now = datetime.now(UTC)
    with running_console(tmp_path, structs.replace(SETTINGS, channels=channels)) as console:
        ledger = Ledger(console.database)
        row = incident_row(start=now - timedelta(minutes=9), confirmed_at=now)
        ledger.write([Change(row=row, new=True, tell=("good", "stuck", "wrong"))], now)
        for id_ in ("good", "stuck", "wrong"):
            owed = ledger.next_due(id_, now)
            assert owed
            assert ledger.claim(owed)
        assert ledger.mark_sent(f"{row.id}/good/open", now)
        later = now + timedelta(hours=1)
        assert ledger.mark_due(f"{row.id}/stuck/open", later, "answered 503 <b>")
        assert ledger.mark_ended(f"{row.id}/wrong/open", OutboxState.FAILED, "answered 404")
        with console.reader() as client:
            page = client.get("/data").text
    assert "answered 503 &lt;b&gt;" in page
    assert "answered 404" in page
    assert "Given up" in page
    assert page.count(row.id) == 2, "what was sent is not listed as undelivered"


def test_without_a_channel_the_page_says_that_nobody_is_told(tmp_path: Path) -> None:
    with running_console(tmp_path) as console, console.reader() as client:
        assert "nobody is told" in client.get("/data").text

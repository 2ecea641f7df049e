"""Sessions and one session, hot and sealed: merged over midnight, and their detail where kept."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.question import SiteScope, Window
from analytics.reports import sessions as sessions_report
from analytics.reports.session import session
from analytics.reports.sessions import LOOKED_BACK, ROWS_MAX, SessionFilter, sessions
from rum.records import Batch
from store.database import Database
from store.loader import Loader
from store.sealing import SealPolicy, days_due, seal_day
from tests.support.stored import NOON, Journal, Maker, load_all

SCOPE = SiteScope(site="shop", levels=("novice",), sample=0.2)
WINDOW = Window(NOON - timedelta(days=20), NOON)
DAYS = (WINDOW.start.date(), WINDOW.end.date())
MIDNIGHT = (NOON - timedelta(days=4)).replace(hour=0)
KEPT, DROPPED = 5, 2**32 - 5
"""Buckets within and without the keeping rate."""


@pytest.fixture
def lived() -> list[Batch]:
    """One session over midnight, and one whose detail a seal does not keep; and a bot's."""
    make = Maker()
    over, dropped = make.session(KEPT), make.session(DROPPED)
    before = MIDNIGHT - timedelta(seconds=2)
    kinds = ("view", "error")
    return [
        make.batch(session=over, time=before, kinds=kinds, device="phone"),
        make.batch(session=over, time=MIDNIGHT, number=1, kinds=kinds, level="novice"),
        make.batch(session=dropped, time=MIDNIGHT, kinds=("view",)),
        make.batch(session=make.session(KEPT + 1), time=MIDNIGHT, kinds=("view",), bot=True),
    ]


@pytest.mark.parametrize("sealed", [False, True])
def test_sessions_are_whole_before_and_after_sealing(
    tmp_path: Path, lived: list[Batch], sealed: bool
) -> None:
    database = Database(tmp_path / "store")
    Journal(tmp_path / "journal").write(*lived)
    load_all(Loader(database, tmp_path / "journal"))
    if sealed:
        for site, day in days_due(database, NOON, hot_days=0):
            seal_day(database, SealPolicy(site=site, sample=0.2, keep=0.2), day, NOON)
    over, dropped = lived[0].session, lived[2].session
    with database.snapshot() as snapshot:
        listed = sessions(snapshot, SCOPE, WINDOW, SessionFilter())
        failed = sessions(snapshot, SCOPE, WINDOW, SessionFilter(errors=True, level="novice"))
        other = sessions(snapshot, SiteScope(site="other", levels=()), WINDOW, SessionFilter())
        whole = session(snapshot, "shop", over, DAYS, NOON)
        summed = session(snapshot, "shop", dropped, DAYS, NOON)
        unknown = session(snapshot, "shop", "f" * 32, DAYS, NOON)
    database.close()
    assert [row.session for row in listed.rows] == [dropped, over]
    assert [row.session for row in failed.rows] == [over]
    assert (other.rows, unknown) == ((), None)
    assert whole is not None
    assert (whole.session.views, whole.session.errors) == (2, 2)
    assert (whole.session.level, whole.session.device) == ("novice", "phone")
    assert whole.session.first < MIDNIGHT <= whole.session.last
    assert [event.kind for event in whole.events] == ["view", "error", "view", "error"]
    assert whole.events[1].name == "TypeError"
    assert summed is not None
    assert summed.session.views == 1
    assert summed.total == (0 if sealed else 1)


def test_pages_of_a_crowd_hold_each_session_once_newest_first(tmp_path: Path) -> None:
    make = Maker()
    begun = [NOON - timedelta(minutes=2)] + [
        NOON - timedelta(milliseconds=100 * number) for number in range(130, 0, -1)
    ]
    batches = [make.batch(session=make.session(KEPT), time=time, kinds=("view",)) for time in begun]
    # Heard of just now, but not new.
    late = NOON - timedelta(milliseconds=50)
    again = make.batch(session=batches[0].session, time=late, number=1, kinds=("view",))
    Journal(tmp_path / "journal").write(*batches, again)
    database = Database(tmp_path / "store")
    load_all(Loader(database, tmp_path / "journal"))
    with database.snapshot() as snapshot:
        pages = [
            sessions(snapshot, SCOPE, WINDOW, SessionFilter(), after=after)
            for after in (0, 50, 100)
        ]
    database.close()
    assert [row.session for page in pages for row in page.rows] == [
        batch.session for batch in reversed(batches)
    ]
    assert [page.more for page in pages] == [True, True, False]


def test_the_newest_are_looked_for_from_when_a_site_was_last_heard_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a silence of eight hours, none that came before it is looked at in vain."""
    make, last = Maker(), NOON - timedelta(hours=8)
    crowd = [
        make.batch(
            session=make.session(KEPT),
            time=last - timedelta(milliseconds=10 * number),
            kinds=("view",),
        )
        for number in range(ROWS_MAX + 1)
    ]
    long_before = make.batch(session=make.session(KEPT), time=last - timedelta(days=1))
    database = Database(tmp_path / "store")
    Journal(tmp_path / "journal").write(*crowd, long_before)
    load_all(Loader(database, tmp_path / "journal"))
    looked: list[datetime | None] = []
    found = sessions_report._found

    def noted(*asked: Any) -> Any:
        looked.append(asked[3])
        return found(*asked)

    monkeypatch.setattr(sessions_report, "_found", noted)
    with database.snapshot() as snapshot:
        listed = sessions(snapshot, SCOPE, WINDOW, SessionFilter())
    database.close()
    assert [row.session for row in listed.rows] == [each.session for each in crowd[:ROWS_MAX]]
    assert listed.more
    assert looked == [last - LOOKED_BACK[0]]

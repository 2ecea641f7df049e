"""Events of servers are counted exactly and once, hot and sealed; nobody's are in no session."""

from datetime import UTC, date, timedelta
from typing import Any

import msgspec

from analytics.sql import query
from rum.bucket import bucket_end
from rum.intake import SiteRules
from rum.limits import Limits
from rum.records import Batch
from rum.server_events import TakenEvents, take_server_events
from rum.site import Site
from store.database import Database
from store.loader import Loader
from store.sealing import SealPolicy, seal_day
from store.times import microseconds
from tests.support.stored import NOON, TODAY, Journal, Maker, events_seen, load_all, summaries_seen

RULES = SiteRules(Site(id="shop", key="key"), b"secret", Limits())
COUNTED = (
    f"WITH {query('counted')} SELECT name, sum(count)::BIGINT FROM counted"
    " WHERE kind = 'event' GROUP BY name ORDER BY name"
)


def posted(key: str, *events: dict[str, Any]) -> list[Batch]:
    body = msgspec.json.encode({"events": events})
    taken = take_server_events(RULES, Limits(), body, key, microseconds(NOON))
    assert isinstance(taken, TakenEvents)
    return taken.batches


def counted(database: Database) -> list[tuple[Any, ...]]:
    with database.snapshot() as snapshot:
        moments = {"from": NOON - timedelta(days=1), "until": NOON + timedelta(days=1)}
        return snapshot.rows(
            COUNTED,
            {"site": "shop"}
            | {name: at.astimezone(UTC).replace(tzinfo=None) for name, at in moments.items()},
        )


def read(database: Database, *, whole: bool) -> list[tuple[Any, ...]]:
    """Sessions and events that a report of sessions reads."""
    name = "read_kept" if whole else "read_sampled"
    with database.snapshot() as snapshot:
        parameters: dict[str, Any] = {
            "site": "shop",
            "first_day": date(2000, 1, 1),
            "last_day": date(2100, 1, 1),
            "files": snapshot.detail_files(["shop"], TODAY, TODAY, rest=whole),
        }
        if whole:
            parameters["summary_files"] = snapshot.summary_files(["shop"], TODAY, TODAY)
        else:
            parameters["bucket_end"] = bucket_end(0.2)
        return snapshot.rows(
            f"WITH {query(name)} SELECT count(DISTINCT session), count(*) FROM read", parameters
        )


def test_they_are_counted_once_and_join_only_the_session_they_name(
    database: Database, journal: Journal, loader: Loader, make: Maker
) -> None:
    session, unsampled = make.session(7), make.session(2**32 - 1)
    retried = posted("order-1", {"name": "paid", "value": 5}, {"name": "paid", "session": session})
    journal.write(
        make.batch(session=session, kinds=("view",)),
        make.batch(session=unsampled, kinds=("view",)),
        *retried,
        *posted("order-2", {"name": "paid"}, {"name": "deploy", "release": "2.14"}),
    )
    journal.write(*retried)
    assert sum(loaded.repeats for loaded in load_all(loader)) == 2
    for _ in ("hot", "sealed"):
        assert counted(database) == [("deploy", 1), ("paid", 3)]
        # Of people: two sessions, of which the one in the sample has its view and its payment.
        assert read(database, whole=False) == [(1, 2)]
        # What is nobody's keeps its detail: a deploy is found however long ago.
        assert events_seen(database, "release", rest=False).count(("2.14",)) == 1
        people = [row for row in summaries_seen(database, "session, server") if not row[1]]
        assert len(people) == 2
        sealed = seal_day(
            database, SealPolicy(site="shop", sample=0.2, keep=0.2), TODAY, NOON + timedelta(days=3)
        )
    assert sealed.sessions == 0  # it was sealed in the first round


def test_a_small_site_stays_small_however_much_its_servers_post(
    database: Database, journal: Journal, loader: Loader, make: Maker, monkeypatch: Any
) -> None:
    monkeypatch.setattr("store.sealing.SMALL_SITE_SESSIONS", 3)
    journal.write(
        *(make.batch(kinds=("view",)) for _ in range(2)),
        *(batch for number in range(5) for batch in posted(str(number), {"name": "paid"})),
    )
    load_all(loader)
    sealed = seal_day(database, SealPolicy(site="shop"), TODAY, NOON + timedelta(days=3))
    assert (sealed.sessions, sealed.keep) == (7, 1.0)
    assert read(database, whole=True) == [(2, 2)]
    assert counted(database) == [("paid", 5)]

"""A store in which somebody is to be erased: hot rows, sealed days, recordings, a journal."""

import gzip
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from rum.records import Batch, Click, Reason, Refusal, ReplayChunk, ReplayReason
from store.database import Database
from store.erasure import Eraser, ErasureRequest, Waiting
from store.erasure_receipts import ErasureReceipt
from store.loader import Loader
from store.replay_writer import REPLAYS_FOLDER, chunk_name
from store.replays import erase_replays
from store.rewriting import rewrite_database
from store.sealing import SealPolicy, days_due, seal_day
from store.times import microseconds
from store.tombstones import FILE_NAME, Tombstones
from tests.support.stored import NOON, Journal, Maker, load_all

SECRET = b"s" * 32
ANNA = "a" * 32
BERT = "b" * 32
TRIES_MAX = 10
QUOTING = ("event", "error", "click")
QUOTED_IN_CHUNK = f"see {ANNA[:8]}-{ANNA[:4]}-{ANNA[:4]}-{ANNA[:4]}-{ANNA[:12]}"
CHUNKS_DAY = (NOON - timedelta(days=3)).date()


class Kept(Struct):
    """The batches of a filled store, by whose they are; `quoting` are somebody else's that quote
    Anna's ids, as `dashed` texts or not."""

    anna: list[Batch]
    bert: list[Batch]
    nobody: list[Batch]
    quoting: list[Batch]

    def of_anna(self) -> list[str]:
        return sorted({batch.session for batch in self.anna})


def fill(folder: Path) -> Kept:
    """Two sealed days and a hot one; in each, sessions of Anna, of Bert, and of nobody; and one
    of another site that quotes Anna's.

    Anna signs in amid a session, so its first batch does not name her.
    """
    journal, make = Journal(folder / "journal"), Maker()
    kept = Kept([], [], [], [])
    for days in (3, 2, 0):
        time = NOON - timedelta(days=days, hours=1)
        for _ in range(4):
            session = make.session()
            kept.anna += [
                make.batch(session=session, time=time),
                make.batch(session=session, time=time, number=1, user=ANNA),
            ]
            kept.bert.append(make.batch(time=time, user=BERT))
            kept.nobody.append(make.batch(time=time))
        kept.quoting.append(quoting(make.batch(site="blog", time=time, kinds=QUOTING), session))
    chunks = [a_chunk(folder, batch) for batch in (kept.anna[0], kept.bert[0])]
    refusal = Refusal(
        received_us=microseconds(NOON),
        reason=Reason.MALFORMED,
        site="shop",
        part=f'{{"session":"{kept.anna[0].session}"',
    )
    # Begun now, or the loader would remove it as an old one.
    journal.write(
        *kept.anna,
        *kept.bert,
        *kept.nobody,
        *kept.quoting,
        *chunks,
        refusal,
        start_us=microseconds(NOON),
    )
    journal.write(make.batch(time=NOON))  # so that the segment before it grows no more
    database = Database(folder / "store")
    load_all(Loader(database, folder / "journal"))
    for site, day in days_due(database, NOON, hot_days=1):
        seal_day(database, SealPolicy(site=site, sample=0.5, keep=1.0), day, NOON)
    database.close()
    return kept


def quoting(batch: Batch, session: str) -> Batch:
    """The batch with the session and Anna's key in its texts, in every way in which one can be."""
    dashed = str(UUID(session))
    event, error, click = batch.events
    event = replace(
        event,
        attributes={"of": f"x{session}y", dashed: "1", "plain": "stays"},
        path=f"/see/{dashed}",
    )
    error = replace(
        error,
        message=f"no session {session.upper()}",
        stack=f"at run (https://shop.test/{ANNA}.js:1:2)",
    )
    click = replace(click, click=Click(target=f"#row-{dashed}", x=0.25, page_x=7))
    return replace(
        batch,
        events=(event, error, click),
        release=session,
        segments={"asked": dashed},
        referrer=f"https://shop.test/{session}",
    )


def a_chunk(folder: Path, batch: Batch, day: date = CHUNKS_DAY) -> ReplayChunk:
    """A chunk of the batch's session, with its file."""
    path = folder / "store" / REPLAYS_FOLDER / chunk_name("shop", day, batch.session, 7, 0)
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(b'{"text":"%s"}' % QUOTED_IN_CHUNK.encode()))
    return ReplayChunk(
        site="shop",
        session=batch.session,
        load=7,
        number=0,
        day=day,
        bytes=8,
        events=1,
        start_us=batch.received_us,
        end_us=batch.received_us,
        skew_us=0,
        reason=ReplayReason.SAMPLE,
        received_us=batch.received_us,
    )


def eraser_of(database: Database, folder: Path, **hooks: object) -> Eraser:
    return Eraser(
        database,
        folder / "journal",
        Tombstones(folder / FILE_NAME, SECRET),
        erase_replays=lambda site, sessions: erase_replays(database, site, sessions),
        rewrite_database=lambda: rewrite_database(database, NOON),
        **hooks,  # type: ignore[arg-type]
    )


def finished(eraser: Eraser, request: ErasureRequest) -> ErasureReceipt:
    """Run the request until it is done, as the console's job does."""
    for _ in range(TRIES_MAX):
        answer = eraser.run(request, NOON)
        if not isinstance(answer, Waiting):
            return answer
        (request,) = eraser.waiting()
    raise AssertionError(f"not erased after {TRIES_MAX} runs: {answer}")

"""What saved funnels came to, a day each: written once a day is over, kept as aggregates are."""

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct, structs

from store.database import Database
from store.times import naive


class FunnelCount(Struct, frozen=True, kw_only=True):
    """Those of one level ("" for everyone) that came to a step: how many were read, the sum of
    their weights and of its squares."""

    level: str
    step: int
    label: str
    sessions: int
    reached: float
    squares: float


class FunnelDayTaken(Struct, frozen=True, kw_only=True):
    """One finished day of one funnel; without counts nobody entered on it."""

    funnel: str
    definition: str
    site: str
    day: date
    counts: tuple[FunnelCount, ...]
    generated: bool = False


def days_taken(database: Database, funnel: str, definition: str) -> set[date]:
    """The days of a funnel that are there already."""
    with database.reading() as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT day FROM funnel_days"
            " WHERE funnel = $funnel AND definition = $definition",
            {"funnel": funnel, "definition": definition},
        ).fetchall()
    return {day for (day,) in rows}


def keep_days(database: Database, taken: Sequence[FunnelDayTaken], now: datetime) -> None:
    """Write days in one transaction, in place of what was there of them."""
    with database.transaction() as cursor:
        for each in taken:
            named = {"funnel": each.funnel, "definition": each.definition, "day": each.day}
            cursor.execute(
                "DELETE FROM funnel_days WHERE funnel = $funnel AND definition = $definition"
                " AND day = $day",
                named,
            )
            for count in each.counts:
                cursor.execute(
                    "INSERT INTO funnel_days VALUES ($funnel, $definition, $site, $day, $level,"
                    " $step, $label, $sessions, $reached, $squares, $taken_at, $generated)",
                    {
                        **named,
                        **structs.asdict(count),
                        "site": each.site,
                        "taken_at": naive(now),
                        "generated": each.generated,
                    },
                )

"""The keeper's jobs about errors: they are put into groups, and old source maps go."""

from datetime import datetime

from store.database import Database
from store.error_groups import note_errors
from store.source_maps import retire_source_maps
from vigie.keeper import Job
from vigie.settings import Settings

LOOK_S = 60.0
DAY_S = 86_400.0


def error_jobs(database: Database, settings: Settings) -> tuple[Job, Job]:
    """The look at errors, before days are sealed, and what becomes of source maps."""

    def look(now: datetime) -> str:
        noted = note_errors(database, now)
        counts = [
            f"{number:,} {what}"
            for number, what in (
                (noted.new, "new"),
                (noted.regressed, "back after they were resolved"),
                (noted.counted_days, "days counted that were sealed before"),
            )
            if number
        ]
        return f"errors: {', '.join(counts)}" if counts else ""

    def retire_maps(now: datetime) -> str:
        gone = retire_source_maps(database, now, settings.source_maps.days)
        return f"removed {gone:,} source maps of old releases" if gone else ""

    return (
        Job(
            name="errors",
            description="Put errors into groups, and notice those that are new or came back",
            period_s=LOOK_S,
            run=look,
        ),
        Job(
            name="source maps",
            description="Remove source maps of releases that nobody has any more",
            period_s=DAY_S,
            run=retire_maps,
        ),
    )

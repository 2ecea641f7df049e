"""The keeper's hourly check of each site's sample, noted in the store."""

from datetime import datetime, timedelta

from analytics.skew import SkewCheck, skew_checks
from analytics.times import naive
from store.database import Database
from vigie.keeper import Job
from vigie.reporting.params import scope_of
from vigie.settings import Settings

KEPT = timedelta(days=400)
"""Of failures; of the rest only the latest check stays."""


def samples_job(database: Database, settings: Settings) -> Job:
    def check(now: datetime) -> str:
        return check_samples(database, settings, now)

    return Job(
        name="samples",
        description="Check that each site's sample is like its sessions",
        period_s=3600.0,
        run=check,
    )


def check_samples(database: Database, settings: Settings, now: datetime) -> str:
    """Check every site's sample up to the last full hour; says what it found to be skewed."""
    until = now.replace(minute=0, second=0, microsecond=0)
    found: list[SkewCheck] = []
    for site in settings.sites:
        with database.snapshot() as snapshot:
            checks = skew_checks(snapshot, scope_of(site), until)
        _note(database, site.id, until, checks)
        found += [check for check in checks if check.failed]
    return "; ".join(f"{check.site}: {check.sentence}" for check in found)


def _note(database: Database, site: str, until: datetime, checks: list[SkewCheck]) -> None:
    """In place of those of before that were passed, and of those of the same hour."""
    with database.transaction() as cursor:
        cursor.execute(
            "DELETE FROM sample_checks WHERE site = $site AND (NOT failed OR until = $until)"
            " OR until < $old",
            {"site": site, "until": naive(until), "old": naive(until - KEPT)},
        )
        for check in checks:
            cursor.execute(
                "INSERT INTO sample_checks VALUES"
                " ($site, $until, $window_h, $what, $of_all, $in_sample, $expected, $failed)",
                {
                    "site": check.site,
                    "until": naive(check.until),
                    "window_h": check.window_h,
                    "what": check.what.value,
                    "of_all": check.of_all,
                    "in_sample": check.in_sample,
                    "expected": check.expected,
                    "failed": check.failed,
                },
            )

"""The job that asks, of days just sealed, what pages ask by default: so that who opens one first
waits no longer than the next."""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from store.database import Database
from vigie.folders import DataFolder
from vigie.keeper import Job
from vigie.own_funnels import FUNNELS
from vigie.reporting.catalogue import run_report
from vigie.reporting.journeys import funnel_params
from vigie.reporting.params import DAYS_DEFAULT, BadRequestError
from vigie.settings import Settings

PERIOD_S = 30.0
OF_SITES = ("speed", "seen", "clicks", "perceived", "errors")
OF_JOURNEYS = ("journey", "perceived")
OF_FUNNELS = ("funnel", "funnel_why")

Question = tuple[str, tuple[tuple[str, str], ...]]

_log = logging.getLogger(__name__)


class PreparedAnswers:
    """Asks one question a run, where other days are closed than when it was asked last."""

    def __init__(
        self, settings: Callable[[], Settings], folder: DataFolder, database: Database
    ) -> None:
        """`settings` gives those with the console's journeys."""
        self._settings = settings
        self._folder = folder
        self._database = database
        self._asked: dict[Question, tuple[str, ...]] = {}
        """With the versions of the days that were closed then."""

    def job(self) -> Job:
        return Job(
            name="prepare",
            description="Keep what sealed days say to the questions that pages ask by default",
            period_s=PERIOD_S,
            run=self.run,
        )

    def run(self, now: datetime) -> str:
        settings = self._settings()
        versions = {site.id: self._versions(site.id, now) for site in settings.sites}
        for site, name, params in self._questions(settings):
            question = (name, tuple(sorted(params.items())))
            if self._asked.get(question, ()) == versions[site]:
                continue
            self._asked[question] = versions[site]
            with self._database.snapshot() as snapshot:
                try:
                    run_report(name, params, settings, snapshot, now)
                except BadRequestError as error:  # of a saved funnel that cannot be told any more
                    _log.info("%s is not prepared: %s", name, error)
                    continue
            return f"asked {name} of {site}"
        return ""

    def _versions(self, site: str, now: datetime) -> tuple[str, ...]:
        first = now.date() - timedelta(days=DAYS_DEFAULT)
        with self._database.snapshot() as snapshot:
            return tuple(day.version for day in snapshot.answers.closed(site, first, now.date()))

    def _questions(self, settings: Settings) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        """Site, report and parameters."""
        sites = [site.id for site in settings.sites]
        for site in sites:
            for name in OF_SITES:
                yield site, name, {"site": site}
        for journey in settings.journeys:
            for name in OF_JOURNEYS:
                yield journey.site, name, {"journey": journey.id}
            for name in OF_FUNNELS:
                yield journey.site, name, {"site": journey.site, **funnel_params(journey)}
        for each in FUNNELS.read(self._folder).things:
            if each.thing.site in sites:
                for name in OF_FUNNELS:
                    yield each.thing.site, name, each.thing.params()

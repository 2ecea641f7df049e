"""The job that asks, of closed days and cells that are new, what pages ask by default, and of the
pages of journeys' steps: so that who opens one first waits no longer than the next."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from analytics.by_day import kept_versions
from analytics.question import Window
from store.database import Database
from vigie.folders import DataFolder
from vigie.keeper import Job
from vigie.own_funnels import FUNNELS
from vigie.reporting.catalogue import run_report
from vigie.reporting.journeys import funnel_params
from vigie.reporting.params import DAYS_DEFAULT, BadRequestError
from vigie.settings import Settings

PERIOD_S = 30.0
RUN_S_MAX = 20.0
"""Then other jobs have their turn."""
AGAIN_AFTER = timedelta(minutes=2)
"""Late rows may change a cell every few seconds; its answers are asked for anew so often."""
AHEAD = timedelta(minutes=10)
"""Windows of the last days begin in the next hour so much later: what the later hours of their
first day say is there by then."""
OTHERS_FIRST_S_MAX = 5.0
"""How long a question of a person's, or anybody's, is waited for before each part is read."""
LOOK_S = 0.02
OF_SITES = ("speed", "seen", "clicks", "perceived", "errors", "paths")
OF_JOURNEYS = ("journey", "perceived")
OF_FUNNELS = ("funnel", "funnel_why")
OF_STEPS = ("clicks", "vital")
"""Of the pages of journeys' steps; and speed against conversion, of sites with an event."""

Question = tuple[str, tuple[tuple[str, str], ...]]

_log = logging.getLogger(__name__)


class PreparedAnswers:
    """Asks each question where other days and cells are closed than when it was asked last."""

    def __init__(
        self, settings: Callable[[], Settings], folder: DataFolder, database: Database
    ) -> None:
        """`settings` gives those with the console's journeys."""
        self._settings = settings
        self._folder = folder
        self._database = database
        self._asked: dict[Question, tuple[datetime, tuple[str, ...]]] = {}
        """When, and with the versions of what was closed then."""

    def job(self) -> Job:
        return Job(
            name="prepare",
            description="Keep what past days and hours say to what pages ask by default, and of"
            " the pages of journeys' steps",
            period_s=PERIOD_S,
            run=self.run,
        )

    def run(self, now: datetime) -> str:
        """Says what was asked; "" once nothing is left to ask."""
        settings, then = self._settings(), now + AHEAD
        versions = {site.id: self._versions(site.id, then) for site in settings.sites}
        until_s, asked = time.monotonic() + RUN_S_MAX, []
        for site, name, params in self._questions(settings):
            question = (name, tuple(sorted(params.items())))
            at, before = self._asked.get(question, (now - AGAIN_AFTER, ()))
            if before == versions[site] or now - at < AGAIN_AFTER:
                continue
            self._asked[question] = now, versions[site]
            asked.append(f"{name} of {site}")
            self._ask(name, params, settings, then)
            if time.monotonic() >= until_s:
                break
        return f"asked {', '.join(asked)}" if asked else ""

    def _ask(self, name: str, params: Mapping[str, str], settings: Settings, now: datetime) -> None:
        self._let_others_first(readers=0)
        with self._database.snapshot() as snapshot:
            snapshot.preparing = True
            snapshot.before_part = self._let_others_first
            try:
                run_report(name, params, settings, snapshot, now)
            except BadRequestError as error:  # of a saved funnel that cannot be told any more
                _log.info("%s is not prepared: %s", name, error)

    def _let_others_first(self, readers: int = 1) -> None:
        """Wait while others than these `readers` read, for processors are few."""
        until_s = time.monotonic() + OTHERS_FIRST_S_MAX
        while self._database.readers.count > readers and time.monotonic() < until_s:
            time.sleep(LOOK_S)

    def _versions(self, site: str, now: datetime) -> tuple[str, ...]:
        window = Window(now - timedelta(days=DAYS_DEFAULT), now)
        with self._database.snapshot() as snapshot:
            return kept_versions(snapshot, site, window)

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
        with_event = {journey.site for journey in settings.journeys if journey.event}
        for journey in settings.journeys:
            against = ("conversion_speed",) if journey.site in with_event else ()
            for page in dict.fromkeys(step.page for step in journey.steps if step.page):
                for name in (*OF_STEPS, *against):
                    yield journey.site, name, {"site": journey.site, "page": page}

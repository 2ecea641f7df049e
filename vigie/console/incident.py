"""One incident: what it was, and what it cost each journey whose monitor it was."""

from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from analytics.question import Window
from analytics.reports.cost import CostReport, cost
from analytics.reports.types import Incident
from analytics.reports.uptime import uptime
from store.snapshot import Snapshot
from vigie.console.console import Console, console_of
from vigie.maintenance import maintenance_of
from vigie.reporting.params import YEAR_MIN, BadRequestError
from vigie.reporting.people import journey_activity, of_journey
from vigie.settings import JourneySettings

FRESH_S = 30.0
AROUND = timedelta(days=2)
JOURNEYS_MAX = 10


def incident(request: Request) -> Response:
    """Raises BadRequestError."""
    console = console_of(request)
    scope = console.scope(request)
    found = incident_of(console, request.path_params["id"], scope.now)
    journeys = [
        journey for journey in console.settings.journeys if found.monitor in journey.monitors
    ]
    names = {monitor.id: monitor.name or monitor.id for monitor in console.settings.monitors}
    return console.page(
        request,
        "incident.html",
        scope,
        uses_dates=False,
        incident=found,
        name=names.get(found.monitor, found.monitor),
        names=names,
        costs=[cost_answer(console, each, found, scope.now) for each in journeys[:JOURNEYS_MAX]],
    )


def incident_of(console: Console, id_: str, now: datetime) -> Incident:
    """The incident of that id, as its monitor's results tell it now. Raises BadRequestError."""
    monitor, _, stamp = id_.rpartition("@")
    try:
        start = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        start = None
    known = monitor in {each.id for each in console.settings.monitors}
    if start is None or not known or not YEAR_MIN <= start.year <= now.year:
        raise BadRequestError(f"There is no incident {id_[:100]!r}.", "Incidents lists them.")
    window = Window(start - AROUND, max(start, min(now, start + AROUND)))

    def compute(snapshot: Snapshot) -> Incident | None:
        report = uptime(snapshot, [monitor], window, now, maintenance_of(console.settings))
        return next((each for each in report.monitors[0].incidents if each.id == id_), None)

    found = console.answers.ask(("incident", id_), compute, FRESH_S)
    if found is None:
        raise BadRequestError(
            f"There is no incident {id_[:100]!r}.", "Later results may have moved its start."
        )
    return found


def cost_answer(
    console: Console, journey: JourneySettings, incident: Incident, now: datetime
) -> CostReport:
    settings = console.settings
    window = Window(incident.start, incident.end or now)

    def compute(snapshot: Snapshot) -> CostReport:
        activity = journey_activity(settings, journey) if journey.event else None
        people = of_journey(settings, journey)
        return cost(snapshot, people, activity, window, now, maintenance_of(settings))

    return console.answers.ask(("cost", journey.id, incident.id), compute, FRESH_S)

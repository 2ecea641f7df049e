"""What pages share: the context, the answers, and how a page is rendered around its content."""

from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from analytics.reports.types import State
from store.resources import Sizes
from vigie import contract_words
from vigie.console import findings, formats, happenings, texts
from vigie.console.access import Access
from vigie.console.answers import Answers
from vigie.console.context import ConsoleContext
from vigie.console.monitor_trial import Trials
from vigie.console.remembered import Remembered
from vigie.console.scope import Scope, default_scope, scope_of
from vigie.console.static_files import StaticFiles
from vigie.own_settings import OwnSettings
from vigie.recordings import RecordingPage
from vigie.settings import Settings

SIZES_EVERY_S = 30.0
"""How often the disk is asked for the sizes of thousands of files, whoever looks."""


class Console:
    """One console: made once, used by every request from many threads."""

    def __init__(self, context: ConsoleContext) -> None:
        self.context = context
        self._own = OwnSettings(context.settings, context.folder)
        self.access = Access(context.folder.secret(), context.folder.run)
        self.trials = Trials(context.make_checker)
        self.answers = Answers(
            context.database, context.data_version, settings=self._own.signatures
        )
        self.sizes = Remembered[Sizes](SIZES_EVERY_S)
        self.static = StaticFiles(STATIC_FOLDER)
        self.recording_page = RecordingPage(STATIC_FOLDER)
        self._templates = _environment(self.static)

    @property
    def settings(self) -> Settings:
        """The settings file's, with the monitors and journeys of the console among its own."""
        return self._own.settings()

    @property
    def locked(self) -> frozenset[str]:
        """The monitors that stand in the settings file, and are changed there."""
        return frozenset(monitor.id for monitor in self.context.settings.monitors)

    @property
    def fixed_journeys(self) -> frozenset[str]:
        """The same of journeys."""
        return frozenset(journey.id for journey in self.context.settings.journeys)

    def scope(self, request: Request) -> Scope:
        """What the request's address asks for. Raises BadRequestError."""
        return scope_of(request.query_params, self.settings, self.context.clock())

    def page(
        self,
        request: Request,
        template: str,
        scope: Scope,
        *,
        status: int = 200,
        **values: Any,
    ) -> HTMLResponse:
        """`template` inside the console's frame: top bar, navigation, footer."""
        return self.plain(
            template,
            status=status,
            scope=scope,
            path=request.url.path,
            settings=self.settings,
            **values,
        )

    def plain(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """`template` with nothing around it that needs a signed-in reader."""
        text = self._templates.get_template(template).render(values)
        return HTMLResponse(text, status_code=status)

    def problem(self, request: Request, what: str, right: str, status: int) -> HTMLResponse:
        """A page that says what is wrong with a request, and what would be right."""
        scope = default_scope(self.settings, self.context.clock())
        return self.page(request, "problem.html", scope, status=status, what=what, right=right)


STATIC_FOLDER = Path(__file__).resolve().parent.parent.parent / "static"


def console_of(request: Request) -> Console:
    return cast(Console, request.app.state.console)


def _environment(static: StaticFiles) -> Environment:
    environment = Environment(
        loader=PackageLoader("vigie.console"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # an upgrade under way must not mix new pages with old code
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=formats.percent,
        uptime=formats.uptime_percent,
        interval=formats.interval,
        points=formats.points,
        count=formats.count,
        plural=formats.plural,
        vital=formats.vital,
        vital_interval=formats.vital_interval,
        ms=formats.milliseconds,
        duration=formats.duration,
        size=formats.size,
        breakable=formats.breakable,
        moment=formats.moment,
        zoned=formats.zoned,
        target=contract_words.target_words,
        combination=contract_words.combination_words,
        level=texts.level_name,
        ongoing=findings.ongoing,
        outcome=texts.outcome_name,
        reason=texts.reason_name,
        happening=happenings.words,
    )
    environment.globals.update(
        static=static.address,
        State=State,
        STATES=texts.STATES,
        WITHHELD=texts.WITHHELD,
        ACTIVITY=texts.ACTIVITY,
        VITALS=texts.VITALS,
        RATINGS=texts.RATINGS,
        UNCOUNTED=contract_words.UNCOUNTED,
        DEVICES=texts.DEVICES,
        PAGE_TABS=texts.PAGE_TABS,
        DEFINITIONS=texts.DEFINITIONS,
        rating=texts.rating,
    )
    return environment

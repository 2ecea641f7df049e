"""The form of a journey: add one or edit it; its buttons work without JavaScript.

A plain form; the gate has made sure that a page of this console sent it.
"""

from msgspec import structs
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from analytics.step_matching import STEPS_MAX
from vigie.console.console import Console, console_of
from vigie.console.forms import FORM_FIELDS_MAX, form_fields, version_of
from vigie.console.funnel_form import OPERATORS, Row, changed, properties
from vigie.console.funnels import seen_answer
from vigie.console.journey_actions import CHANGES, free_journey_id, gone_monitors, seen
from vigie.console.journey_form import (
    ALERT,
    LABELS,
    WHAT,
    Entered,
    JourneyForm,
    differing,
    entered,
    form_of,
    form_sent,
    ticks,
)
from vigie.own_journeys import JOURNEYS
from vigie.own_monitors import MONITORS_MAX
from vigie.own_things import Change, Own
from vigie.settings import JourneySettings

ADD = "/journeys/-/add"
FIELDS_MAX = FORM_FIELDS_MAX + 2 * MONITORS_MAX
FUNNEL_ONLY = ("order", "exclude", "unit")
LEFT_OUT = (
    "A journey counts sessions that go through its steps in order, whatever lies between.",
    "The funnel's own order, exclusions and users are left out: look whether its steps still say"
    " what you mean, and save.",
)
UNTOUCHED = Entered(journey=None, problems={}, wrong_steps={})


def add_form(request: Request) -> Response:
    """Empty, or with a funnel's steps."""
    form = form_sent(request.query_params)
    return form_page(request, _sited(console_of(request), request, form))


async def add(request: Request) -> Response:
    """Save a new journey, also a funnel's steps, or show the form after one of its buttons."""
    fields = await form_fields(request, FIELDS_MAX)
    return await run_in_threadpool(_add, request, fields)


def edit_form(request: Request) -> Response:
    console = console_of(request)
    own = CHANGES.own(console, request.path_params["id"])
    return form_page(request, form_of(own.thing), own, version=own.version)


async def edit(request: Request) -> Response:
    fields = await form_fields(request, FIELDS_MAX)
    return await run_in_threadpool(_edit, request, fields)


def form_page(
    request: Request,
    form: JourneyForm,
    own: Own[JourneySettings] | None = None,
    *,
    version: int = 0,
    found: Entered = UNTOUCHED,
    notice: tuple[str, ...] = (),
    status: int = 200,
) -> Response:
    """The form of a new journey, or of `own`, with what was found wrong or out."""
    console = console_of(request)
    scope, settings = console.scope(request), console.settings
    site = next((each for each in settings.sites if each.id == form.texts["site"]), scope.site)
    return console.page(
        request,
        "journey_form.html",
        scope,
        status=status,
        own=own,
        address=f"/journeys/{own.thing.id}/edit" if own else ADD,
        what=WHAT,
        alert=ALERT,
        labels=LABELS,
        texts=form.texts,
        rows=form.padded,
        words=form.words,
        steps_max=STEPS_MAX,
        seen=seen_answer(console, structs.replace(scope, site=site)),
        operators=OPERATORS,
        properties=properties(),
        monitors=ticks([(m.id, m.name or m.id) for m in settings.monitors], form.monitors),
        channels=ticks([(c.id, c.id) for c in settings.channels], form.channels),
        gone=list(gone_monitors(console, own).values()),
        version=version,
        problems=found.problems,
        wrong_steps=found.wrong_steps,
        notice=notice,
    )


def _add(request: Request, fields: QueryParams) -> Response:
    console = console_of(request)
    form = _sited(console, request, form_sent(fields))
    if fields.get("do", "save") != "save":
        return form_page(request, _after(form, fields["do"]))
    found = entered(form, free_journey_id(console, form.texts["name"]), console.settings)
    if found.journey is None:
        return form_page(request, form, found=found, status=422)
    if any(fields.get(name, "") not in ("", "ordered", "session") for name in FUNNEL_ONLY):
        return form_page(request, form, notice=LEFT_OUT)
    change = JOURNEYS.add(console.context.folder, found.journey, console.context.clock())
    if change is not Change.DONE:
        return form_page(request, form, notice=CHANGES.words[change], status=409)
    return seen(console, found.journey, "added")


def _edit(request: Request, fields: QueryParams) -> Response:
    console = console_of(request)
    own = CHANGES.own(console, request.path_params["id"])
    form, version = form_sent(fields, own.thing), version_of(fields)
    if fields.get("do", "save") != "save":
        return form_page(request, _after(form, fields["do"]), own, version=version)
    found = entered(form, own.thing.id, console.settings)
    if found.journey is None:
        return form_page(request, form, own, version=version, found=found, status=422)
    now = console.context.clock()
    change = JOURNEYS.edit(console.context.folder, found.journey, version, now)
    if change is Change.OUTDATED:
        return _conflict(request, form)
    if change is not Change.DONE:
        raise CHANGES.refused(change)
    return seen(console, found.journey, "saved", CHANGES.own(console, own.thing.id).version)


def _conflict(request: Request, mine: JourneyForm) -> Response:
    """What they have otherwise, in words; saving again is then a choice."""
    theirs = CHANGES.own(console_of(request), request.path_params["id"])
    differences = "; ".join(differing(mine, form_of(theirs.thing)))
    notice = (
        "Somebody changed this journey since you opened it.",
        "Your entries stand below. Saving again replaces theirs, which differ in: "
        + (differences or "nothing that is shown here")
        + ".",
    )
    return form_page(request, mine, theirs, version=theirs.version, notice=notice, status=409)


def _sited(console: Console, request: Request, form: JourneyForm) -> JourneyForm:
    """The form of a new journey, of the site that the page is of where it names none."""
    site = console.scope(request).site
    if form.texts["site"] or site is None:
        return form
    return structs.replace(form, texts={**form.texts, "site": site.id})


def _after(form: JourneyForm, action: str) -> JourneyForm:
    """The form after one of the buttons of its steps."""
    return structs.replace(form, rows=changed(form.padded, action, Row()))

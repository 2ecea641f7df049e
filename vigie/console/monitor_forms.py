"""The form of a monitor: add one or edit it, and try it before saving.

A plain form, which works without JavaScript; the gate has made sure that a page of this console
sent it.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from probes.monitor import Monitor, Problem
from vigie.console.assertion_rows import COMPARISONS, KINDS, rows_shown
from vigie.console.console import Console, console_of
from vigie.console.forms import Texts, form_texts, version_of
from vigie.console.monitor_actions import CHANGES, seen
from vigie.console.monitor_fields import FIELDS, GROUPS, Filled, filled, texts_of
from vigie.console.monitor_trial import Trial
from vigie.own_monitors import MONITORS
from vigie.own_things import Change, Own

ADD = "/monitors/-/add"
NEW = Monitor(id="", guarded=True)


def add_form(request: Request) -> Response:
    console = console_of(request)
    texts = texts_of(NEW) | {"url": request.query_params.get("url", "")}
    return form_page(console, request, NEW, texts)


async def add(request: Request) -> Response:
    """Save a new monitor, or try it and show the form again."""
    console = console_of(request)
    texts = await form_texts(request)
    form = filled(texts, NEW, taken_ids(console))
    if texts.get("do") == "try":
        return await tried(console, request, NEW, texts, form)
    return await run_in_threadpool(_add, console, request, texts, form)


def edit_form(request: Request) -> Response:
    console = console_of(request)
    own = CHANGES.own(console, request.path_params["id"])
    return form_page(console, request, own.thing, texts_of(own.thing), version=own.version)


async def edit(request: Request) -> Response:
    console = console_of(request)
    texts = await form_texts(request)
    own = await run_in_threadpool(CHANGES.own, console, request.path_params["id"])
    form = filled(texts, own.thing, ())
    if texts.get("do") == "try":
        return await tried(console, request, own.thing, texts, form)
    return await run_in_threadpool(_edit, console, request, texts, form, own)


def form_page(
    console: Console,
    request: Request,
    before: Monitor,
    texts: Texts,
    *,
    version: int = 0,
    problems: tuple[Problem, ...] = (),
    trial: Trial | None = None,
    notice: tuple[str, ...] = (),
    status: int = 200,
) -> Response:
    """The form of a new monitor, or of `before`, with what was found wrong or out."""
    by_field = {problem.field: problem for problem in problems}
    in_order = [name for name in FIELDS if name in by_field]
    in_order += [name for name in by_field if name not in FIELDS]
    return console.page(
        request,
        "monitor_form.html",
        console.scope(request),
        status=status,
        uses_dates=False,
        before=before,
        is_new=not before.id,
        address=f"/monitors/{before.id}/edit" if before.id else ADD,
        groups=GROUPS,
        labels={name: field.label for name, field in FIELDS.items()},
        texts=texts,
        rows=rows_shown(texts),
        kinds=KINDS,
        comparisons=COMPARISONS,
        version=version,
        problems={name: by_field[name] for name in in_order},
        trial=trial,
        notice=notice,
    )


async def tried(
    console: Console, request: Request, before: Monitor, texts: Texts, form: Filled
) -> Response:
    """The form again, with the result of one check made now, or the mistakes that prevent it."""
    trial = None if form.problems else await console.trials.run(form.monitor)
    return await run_in_threadpool(
        form_page,
        console,
        request,
        before,
        texts_of(before) | texts,
        version=version_of(texts),
        problems=form.problems,
        trial=trial,
        status=422 if form.problems else 200,
    )


def taken_ids(console: Console) -> set[str]:
    """Ids that a new monitor must not have: it would take over their history."""
    own = CHANGES.entered(console).names()
    return {*own, *(monitor.id for monitor in console.settings.monitors)}


def _add(console: Console, request: Request, texts: Texts, form: Filled) -> Response:
    refused = _refused(console, request, NEW, texts, form)
    if refused:
        return refused
    now = console.context.clock()
    change = MONITORS.add(console.context.folder, form.monitor, now)
    if change is not Change.DONE:
        words = CHANGES.words[change]
        return form_page(console, request, NEW, texts_of(NEW) | texts, notice=words, status=409)
    return seen(console, "added", form.monitor.id)


def _edit(
    console: Console, request: Request, texts: Texts, form: Filled, own: Own[Monitor]
) -> Response:
    refused = _refused(console, request, own.thing, texts, form)
    if refused:
        return refused
    now = console.context.clock()
    change = MONITORS.edit(console.context.folder, form.monitor, version_of(texts), now)
    if change is Change.OUTDATED:
        return _conflict(console, request, texts, form.monitor)
    if change is not Change.DONE:
        raise CHANGES.refused(change)
    return seen(console, "saved", form.monitor.id)


def _conflict(console: Console, request: Request, texts: Texts, wanted: Monitor) -> Response:
    """Both versions side by side in words; saving again is then a choice."""
    theirs = CHANGES.own(console, wanted.id)
    wanted_texts, their_texts = texts_of(wanted), texts_of(theirs.thing)
    differing = [
        f"{FIELDS[name].label}: {their_texts[name] or 'empty'}"
        for name in FIELDS
        if wanted_texts[name] != their_texts[name]
    ]
    if wanted.assertions != theirs.thing.assertions:
        differing.append(f"Assertions: {len(theirs.thing.assertions)}")
    notice = (
        "Somebody changed this monitor since you opened it.",
        "Your entries stand below. Saving again replaces theirs, which differ in: "
        + ("; ".join(differing) or "nothing that is shown here")
        + ".",
    )
    return form_page(
        console,
        request,
        theirs.thing,
        their_texts | texts,
        version=theirs.version,
        notice=notice,
        status=409,
    )


def _refused(
    console: Console, request: Request, before: Monitor, texts: Texts, form: Filled
) -> Response | None:
    if not form.problems:
        return None
    return form_page(
        console,
        request,
        before,
        texts_of(before) | texts,
        version=version_of(texts),
        problems=form.problems,
        status=422,
    )

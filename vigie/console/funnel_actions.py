"""What is done to saved funnels: save, change, rename, remove, have back; from pages and by API."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from vigie import own_funnels
from vigie.console.console import Console, console_of
from vigie.console.monitor_forms import form_texts, version_of
from vigie.own_funnels import NAME_CHARS_MAX, OwnFunnels, SavedFunnel
from vigie.own_monitors import RESTORABLE, Change, UnreadableError
from vigie.reporting.funnels import asked_funnel, by_of
from vigie.reporting.params import BadRequestError, site_of
from vigie.reporting.steps import steps_text

ASKED = ("site", "steps", "order", "exclude", "unit", "window_minutes", "by")
CHANGE_WORDS: Final = {
    Change.TAKEN: ("There is a funnel of this id already.", "Save it again."),
    Change.GONE: ("There is no such saved funnel.", "It may have been removed."),
    Change.OUTDATED: ("Somebody changed it meanwhile.", "Look at it again."),
    Change.TOO_MANY: (
        f"There are {own_funnels.FUNNELS_MAX} saved funnels already.",
        "Remove some.",
    ),
}
DONE_WORDS: Final = {
    "saved": "was saved. Each finished day of it is kept from now on.",
    "changed": "was changed.",
    "removed": f"was removed. It can be had back for {RESTORABLE.days} days.",
    "restored": "is back.",
}


class Said(Struct, frozen=True):
    """What was just done to which saved funnel."""

    did: str
    id: str
    name: str
    words: str


async def save(request: Request) -> Response:
    """POST /funnels/-/save: a new one, or `id` at `version` changed."""
    console = console_of(request)
    texts = await form_texts(request)
    funnel, did = await run_in_threadpool(_saved, console, texts)
    return _seen(console, funnel.site, did, funnel.id)


async def remove(request: Request) -> Response:
    console, id_ = console_of(request), request.path_params["id"]
    site = await run_in_threadpool(_removed, console, id_)
    return RedirectResponse(_home(console, site) + f"did=removed&to={id_}", status_code=303)


async def restore(request: Request) -> Response:
    console, id_ = console_of(request), request.path_params["id"]
    await run_in_threadpool(_restored, console, id_)
    return _seen(console, _known(console, id_).site, "restored", id_)


def listed(request: Request) -> Response:
    """GET /api/v1/funnels: the saved ones, and those that can be had back."""
    console = console_of(request)
    known = entered(console)
    removed = own_funnels.restorable(known, console.context.clock())
    return JSONResponse(
        {
            "funnels": [_told(known, each.funnel) for each in known.funnels],
            "removed": [msgspec.to_builtins(each) for each in removed],
        }
    )


async def add_one(request: Request) -> Response:
    """POST /api/v1/funnels: `name`, `owner` and what a funnel is asked by; 201."""
    console = console_of(request)
    texts = dict(await form_texts(request))
    texts.pop("id", "")
    funnel, _ = await run_in_threadpool(_saved, console, texts)
    return JSONResponse(_told(entered(console), funnel), status_code=201)


async def change_one(request: Request) -> Response:
    """POST /api/v1/funnels/ID: what is not given stays; `version` as it was read."""
    console, id_ = console_of(request), request.path_params["id"]
    before = _known(console, id_)
    texts = {**before.params(), "name": before.name, "owner": before.owner}
    texts |= {**(await form_texts(request)), "id": id_}
    funnel, _ = await run_in_threadpool(_saved, console, texts)
    return JSONResponse(_told(entered(console), funnel))


async def remove_one(request: Request) -> Response:
    """DELETE /api/v1/funnels/ID."""
    console = console_of(request)
    await run_in_threadpool(_removed, console, request.path_params["id"])
    return Response(status_code=204)


async def restore_one(request: Request) -> Response:
    """POST /api/v1/funnels/ID/restore."""
    console, id_ = console_of(request), request.path_params["id"]
    await run_in_threadpool(_restored, console, id_)
    return JSONResponse(_told(entered(console), _known(console, id_)))


def entered(console: Console) -> OwnFunnels:
    """The saved funnels. Raises BadRequestError when their file is damaged."""
    try:
        return own_funnels.own_funnels(console.context.folder)
    except UnreadableError as error:
        raise BadRequestError("The saved funnels cannot be read.", str(error)) from None


def said(console: Console, known: OwnFunnels, params: Mapping[str, str]) -> Said | None:
    """What the page should tell of what was just done."""
    did, id_ = params.get("did", ""), params.get("to", "")
    names = {each.funnel.id: each.funnel.name for each in known.removed}
    names |= {each.funnel.id: each.funnel.name for each in known.funnels}
    if did not in DONE_WORDS or id_ not in names:
        return None
    return Said(did, id_, names[id_], DONE_WORDS[did])


def _saved(console: Console, texts: Mapping[str, str]) -> tuple[SavedFunnel, str]:
    known, now = entered(console), console.context.clock()
    id_ = texts.get("id", "")
    funnel = _funnel(console, texts, id_ or known.free_id(texts.get("name", "")))
    if not id_:
        _check(own_funnels.add(console.context.folder, funnel, now))
        return funnel, "saved"
    before = known.get(id_)
    version = version_of(texts) if texts.get("version") else before.version if before else 0
    _check(own_funnels.edit(console.context.folder, funnel, version, now))
    return funnel, "changed"


def _funnel(console: Console, texts: Mapping[str, str], id_: str) -> SavedFunnel:
    """The funnel that was sent. Raises BadRequestError for one that cannot be asked."""
    name = " ".join(texts.get("name", "").split())
    if not 0 < len(name) <= NAME_CHARS_MAX:
        raise BadRequestError(
            "The funnel has no name." if not name else "The name is too long.",
            f"Give it one of 1 to {NAME_CHARS_MAX} characters.",
        )
    params = {each: texts[each] for each in ASKED if texts.get(each)}
    asked = asked_funnel(params, console.settings)
    return SavedFunnel(
        id=id_,
        name=name,
        owner=texts.get("owner", "").strip()[:NAME_CHARS_MAX],
        site=site_of(params, console.settings).id,
        steps=steps_text(asked.steps),
        order=asked.rules.order.value,
        exclude=steps_text(asked.rules.exclude),
        unit=asked.rules.unit.value,
        window_minutes=asked.within_s / 60,
        by=",".join(by_of(params)),
    )


def _removed(console: Console, id_: str) -> str:
    """Its site."""
    site = _known(console, id_).site
    _check(own_funnels.remove(console.context.folder, id_, console.context.clock()))
    return site


def _restored(console: Console, id_: str) -> None:
    _check(own_funnels.restore(console.context.folder, id_, console.context.clock()))


def _known(console: Console, id_: str) -> SavedFunnel:
    own = entered(console).get(id_)
    if own is None:
        raise BadRequestError(*CHANGE_WORDS[Change.GONE])
    return own.funnel


def _check(came: Change) -> None:
    if came is not Change.DONE:
        raise BadRequestError(*CHANGE_WORDS[came])


def _seen(console: Console, site: str, did: str, id_: str) -> Response:
    """To the funnel, which says what was done: reloading it does nothing again."""
    return RedirectResponse(f"{_home(console, site)}saved={id_}&did={did}&to={id_}", 303)


def _home(console: Console, site: str) -> str:
    first = console.settings.sites[0].id if console.settings.sites else ""
    return "/funnels?" + (f"site={site}&" if site != first else "")


def _told(known: OwnFunnels, funnel: SavedFunnel) -> dict[str, object]:
    own = known.get(funnel.id)
    return {**msgspec.to_builtins(funnel), "version": own.version if own else None}

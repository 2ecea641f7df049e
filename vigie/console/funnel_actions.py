"""What is done to saved funnels: save, change, rename, remove, have back; from pages and by API."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from vigie.console.console import Console, console_of
from vigie.console.forms import form_texts, version_of
from vigie.console.own_changes import UNDONE, ChangeRefusedError, Done, OwnChanges, site_href
from vigie.own_funnels import FUNNELS, NAME_CHARS_MAX, SavedFunnel
from vigie.own_things import RESTORABLE, Change, Own, free_id
from vigie.reporting.funnels import asked_funnel, by_of
from vigie.reporting.params import BadRequestError, site_of
from vigie.reporting.steps import steps_text

ASKED = ("site", "steps", "order", "exclude", "unit", "window_minutes", "by")
CHANGES = OwnChanges(
    FUNNELS,
    "saved funnel",
    {
        "saved": Done("was saved. Each finished day of it is kept from now on.", back="remove"),
        "changed": Done("was changed.", back="undo"),
        "undone": UNDONE,
        "removed": Done(
            f"was removed. It can be had back for {RESTORABLE.days} days.", back="restore"
        ),
        "restored": Done("is back.", back="remove"),
    },
)


async def save(request: Request) -> Response:
    """POST /funnels/-/save: a new one, or `id` at `version` changed."""
    console = console_of(request)
    texts = await form_texts(request)
    funnel, did = await run_in_threadpool(_saved, console, texts)
    return _seen(console, did, CHANGES.own(console, funnel.id))


async def remove(request: Request) -> Response:
    console, id_ = console_of(request), request.path_params["id"]
    own = await run_in_threadpool(_removed, console, id_)
    return _seen(console, "removed", own)


async def restore(request: Request) -> Response:
    console, id_ = console_of(request), request.path_params["id"]
    own = await run_in_threadpool(_changed, console, FUNNELS.restore, id_)
    return _seen(console, "restored", own)


async def undo(request: Request) -> Response:
    """POST /funnels/ID/undo: as it was before its last change, which `version` names."""
    console, id_ = console_of(request), request.path_params["id"]
    version = version_of(await form_texts(request))
    own = await run_in_threadpool(_changed, console, FUNNELS.undo, id_, version)
    return _seen(console, "undone", own)


def listed(request: Request) -> Response:
    """GET /api/v1/funnels: the saved ones, and those that can be had back."""
    console = console_of(request)
    known = CHANGES.entered(console)
    removed = known.restorable(console.context.clock())
    return JSONResponse(
        {
            "funnels": [_told(each) for each in known.things],
            "removed": [msgspec.to_builtins(each.thing) for each in removed],
        }
    )


async def add_one(request: Request) -> Response:
    """POST /api/v1/funnels: `name`, `owner` and what a funnel is asked by; 201."""
    console = console_of(request)
    texts = dict(await form_texts(request))
    texts.pop("id", "")
    funnel, _ = await run_in_threadpool(_saved, console, texts)
    return JSONResponse(_told(CHANGES.own(console, funnel.id)), status_code=201)


async def change_one(request: Request) -> Response:
    """POST /api/v1/funnels/ID: what is not given stays; `version` as it was read."""
    console, id_ = console_of(request), request.path_params["id"]
    before = CHANGES.own(console, id_).thing
    texts = {**before.params(), "name": before.name, "owner": before.owner}
    texts |= {**(await form_texts(request)), "id": id_}
    funnel, _ = await run_in_threadpool(_saved, console, texts)
    return JSONResponse(_told(CHANGES.own(console, funnel.id)))


async def remove_one(request: Request) -> Response:
    """DELETE /api/v1/funnels/ID."""
    console = console_of(request)
    await run_in_threadpool(_removed, console, request.path_params["id"])
    return Response(status_code=204)


async def restore_one(request: Request) -> Response:
    """POST /api/v1/funnels/ID/restore."""
    console, id_ = console_of(request), request.path_params["id"]
    own = await run_in_threadpool(_changed, console, FUNNELS.restore, id_)
    return JSONResponse(_told(own))


async def undo_one(request: Request) -> Response:
    """POST /api/v1/funnels/ID/undo, with the `version` of the change; without, the last one."""
    console, id_ = console_of(request), request.path_params["id"]
    texts = await form_texts(request)
    version = version_of(texts) if texts.get("version") else CHANGES.own(console, id_).version
    own = await run_in_threadpool(_changed, console, FUNNELS.undo, id_, version)
    return JSONResponse(_told(own))


def _saved(console: Console, texts: Mapping[str, str]) -> tuple[SavedFunnel, str]:
    known, id_ = CHANGES.entered(console), texts.get("id", "")
    name = texts.get("name", "")
    try:
        funnel = _funnel(console, texts, id_ or free_id(name, known.names(), "funnel"))
    except BadRequestError as error:
        raise ChangeRefusedError(error.what, error.right) from None
    if not id_:
        CHANGES.make(console, FUNNELS.add, funnel)
        return funnel, "saved"
    before = known.get(id_)
    version = version_of(texts) if texts.get("version") else before.version if before else 0
    CHANGES.make(console, FUNNELS.edit, funnel, version)
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


def _removed(console: Console, id_: str) -> Own[SavedFunnel]:
    """As it was."""
    own = CHANGES.own(console, id_)
    CHANGES.make(console, FUNNELS.remove, id_)
    return own


def _changed(
    console: Console, change: Callable[..., Change], id_: str, *arguments: Any
) -> Own[SavedFunnel]:
    CHANGES.make(console, change, id_, *arguments)
    return CHANGES.own(console, id_)


def _seen(console: Console, did: str, own: Own[SavedFunnel]) -> Response:
    """To the funnel, which says what was done: reloading it does nothing again."""
    id_ = own.thing.id
    shown = {} if did == "removed" else {"saved": id_}
    address = site_href(
        console, "/funnels", own.thing.site, **shown, did=did, to=id_, version=own.version
    )
    return RedirectResponse(address, status_code=303)


def _told(own: Own[SavedFunnel]) -> dict[str, object]:
    return {**msgspec.to_builtins(own.thing), "version": own.version}

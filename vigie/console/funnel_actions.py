"""What is done to saved funnels: save, change, rename, remove, have back; from pages and by API."""

from collections.abc import Mapping

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from vigie.console.console import Console, console_of
from vigie.console.forms import form_texts, version_of
from vigie.console.own_changes import ChangeRefusedError, OwnChanges, site_href
from vigie.own_funnels import FUNNELS, NAME_CHARS_MAX, SavedFunnel
from vigie.own_things import RESTORABLE, Own, free_id
from vigie.reporting.funnels import asked_funnel, by_of
from vigie.reporting.params import BadRequestError, site_of
from vigie.reporting.steps import steps_text

ASKED = ("site", "steps", "order", "exclude", "unit", "window_minutes", "by")
CHANGES = OwnChanges(
    FUNNELS,
    "saved funnel",
    {
        "saved": "was saved. Each finished day of it is kept from now on.",
        "changed": "was changed.",
        "removed": f"was removed. It can be had back for {RESTORABLE.days} days.",
        "restored": "is back.",
    },
)


async def save(request: Request) -> Response:
    """POST /funnels/-/save: a new one, or `id` at `version` changed."""
    console = console_of(request)
    texts = await form_texts(request)
    funnel, did = await run_in_threadpool(_saved, console, texts)
    return _seen(console, funnel.site, did, funnel.id)


async def remove(request: Request) -> Response:
    console, id_ = console_of(request), request.path_params["id"]
    site = await run_in_threadpool(_removed, console, id_)
    return _seen(console, site, "removed", id_)


async def restore(request: Request) -> Response:
    console, id_ = console_of(request), request.path_params["id"]
    own = await run_in_threadpool(_restored, console, id_)
    return _seen(console, own.thing.site, "restored", id_)


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
    return JSONResponse(_told(await run_in_threadpool(_restored, console, id_)))


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


def _removed(console: Console, id_: str) -> str:
    """Its site."""
    site = CHANGES.own(console, id_).thing.site
    CHANGES.make(console, FUNNELS.remove, id_)
    return site


def _restored(console: Console, id_: str) -> Own[SavedFunnel]:
    CHANGES.make(console, FUNNELS.restore, id_)
    return CHANGES.own(console, id_)


def _seen(console: Console, site: str, did: str, id_: str) -> Response:
    """To the funnel, which says what was done: reloading it does nothing again."""
    shown = {} if did == "removed" else {"saved": id_}
    address = site_href(console, "/funnels", site, **shown, did=did, to=id_)
    return RedirectResponse(address, status_code=303)


def _told(own: Own[SavedFunnel]) -> dict[str, object]:
    return {**msgspec.to_builtins(own.thing), "version": own.version}

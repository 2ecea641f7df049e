"""What is done to journeys of the console: removed, had back, undone; and all of it by API.

Those of the settings file are shown and left alone.
"""

from typing import Any

import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from vigie.console.console import Console, console_of
from vigie.console.forms import form_texts, json_table, version_of
from vigie.console.journey_form import place_of
from vigie.console.monitor_actions import CHANGES as MONITOR_CHANGES
from vigie.console.own_changes import (
    UNDONE,
    ChangeRefusedError,
    Done,
    OwnChanges,
    exported,
    site_href,
)
from vigie.own_journeys import JOURNEYS, entered_problems, name_taken, watched, why_aside
from vigie.own_things import RESTORABLE, Change, Own, free_id
from vigie.settings import JourneySettings
from vigie.settings_toml import set_fields, toml_table

EXPORT_HEAD = """\
# Journeys of the console, as they would stand in vigie.toml. Once they stand there, those of the
# same id in the console are left aside.
"""
CHANGES = OwnChanges(
    JOURNEYS,
    "journey in the console",
    {
        "added": Done("was added. Its report reads what was recorded before, too.", back="remove"),
        "saved": Done("was saved.", back="undo"),
        "undone": UNDONE,
        "removed": Done(
            f"was removed. It can be had back for {RESTORABLE.days} days.", back="restore"
        ),
        "restored": Done("is back.", back="remove"),
    },
    elsewhere=", or it stands in vigie.toml, which is changed there",
)


class AsideJourney(Struct, frozen=True):
    """A journey of the console that is left aside, and why."""

    journey: JourneySettings
    why: str


async def remove(request: Request) -> Response:
    console, id_ = console_of(request), request.path_params["id"]
    journey = CHANGES.own(console, id_).thing
    await run_in_threadpool(CHANGES.make, console, JOURNEYS.remove, id_)
    return seen(console, journey, "removed")


async def restore(request: Request) -> Response:
    console, id_ = console_of(request), request.path_params["id"]
    await run_in_threadpool(_restore, console, id_)
    return await run_in_threadpool(_seen_own, console, id_, "restored")


async def undo(request: Request) -> Response:
    """POST /journeys/ID/undo: as it was before its last edit, which `version` names."""
    console, id_ = console_of(request), request.path_params["id"]
    version = version_of(await form_texts(request))
    await run_in_threadpool(_undo, console, id_, version)
    return await run_in_threadpool(_seen_own, console, id_, "undone")


def export(request: Request) -> Response:
    return exported(request, CHANGES, EXPORT_HEAD, journey_toml)


def journey_toml(journey: JourneySettings) -> str:
    """A journey as it would stand in vigie.toml."""
    return toml_table("[[journeys]]", set_fields(journey))


def listed(request: Request) -> Response:
    """GET /api/v1/journeys: all of them, and those that can be had back."""
    console = console_of(request)
    kept = CHANGES.entered(console)
    fixed = [
        {**msgspec.to_builtins(each), "version": None} for each in console.context.settings.journeys
    ]
    removed = kept.restorable(console.context.clock())
    return JSONResponse(
        {
            "journeys": [*fixed, *(_told(console, each) for each in kept.things)],
            "removed": [msgspec.to_builtins(each.thing) for each in removed],
        }
    )


async def add_one(request: Request) -> Response:
    """POST /api/v1/journeys: a journey as [[journeys]] has it, without an id where it is to be made
    of its name; 201."""
    console, table = console_of(request), await json_table(request)
    return await run_in_threadpool(_add, console, table)


async def change_one(request: Request) -> Response:
    """POST /api/v1/journeys/ID: what is not given stays; `version` as it was read."""
    console, table = console_of(request), await json_table(request)
    return await run_in_threadpool(_edit, console, request.path_params["id"], table)


async def remove_one(request: Request) -> Response:
    """DELETE /api/v1/journeys/ID."""
    console, id_ = console_of(request), request.path_params["id"]
    await run_in_threadpool(CHANGES.make, console, JOURNEYS.remove, id_)
    return Response(status_code=204)


async def restore_one(request: Request) -> Response:
    """POST /api/v1/journeys/ID/restore."""
    console, id_ = console_of(request), request.path_params["id"]
    await run_in_threadpool(_restore, console, id_)
    return JSONResponse(_told(console, CHANGES.own(console, id_)))


async def undo_one(request: Request) -> Response:
    """POST /api/v1/journeys/ID/undo, with the `version` of the edit."""
    console, id_ = console_of(request), request.path_params["id"]
    version = _version(await json_table(request), CHANGES.own(console, id_))
    await run_in_threadpool(_undo, console, id_, version)
    return JSONResponse(_told(console, CHANGES.own(console, id_)))


def free_journey_id(console: Console, name: str) -> str:
    """An id that no journey has, or had of late: it would take over what is known of it."""
    return free_id(name, {*console.fixed_journeys, *CHANGES.entered(console).names()}, "journey")


def gone_monitors(console: Console, own: Own[JourneySettings] | None) -> dict[str, str]:
    """The monitors it names that there are no more, with what they were called."""
    if own is None:
        return {}
    left = watched(console.settings, own.thing)
    names = MONITOR_CHANGES.shown(console).names()
    return {each: names.get(each) or each for each in own.thing.monitors if each not in left}


def aside(console: Console) -> list[AsideJourney]:
    """Those of the console that cannot be used as things are."""
    plain = console.context.settings
    own = (each.thing for each in CHANGES.shown(console).things)
    return [AsideJourney(each, why) for each in own if (why := why_aside(plain, each))]


def seen(console: Console, journey: JourneySettings, did: str, version: int = 0) -> Response:
    """To a page that says what was done: reloading it does nothing again."""
    there = did != "removed" and not why_aside(console.context.settings, journey)
    path = f"/journeys/{journey.id}" if there else "/journeys"
    said: dict[str, str | int] = {"did": did, "to": journey.id}
    if version:
        said["version"] = version
    site = journey.site if journey.site in {each.id for each in console.settings.sites} else ""
    address = site_href(console, path, site, **said)
    return RedirectResponse(address, status_code=303)


def _restore(console: Console, id_: str) -> None:
    removed = CHANGES.entered(console).restorable(console.context.clock())
    _refuse_taken(console, *(each.thing for each in removed if each.thing.id == id_))
    CHANGES.make(console, JOURNEYS.restore, id_)


def _undo(console: Console, id_: str, version: int) -> None:
    if (before := CHANGES.own(console, id_).before) is not None:
        _refuse_taken(console, before)
    CHANGES.make(console, JOURNEYS.undo, id_, version)


def _refuse_taken(console: Console, *journeys: JourneySettings) -> None:
    """Before they come back: their names may have become another's."""
    for each in journeys:
        if name_taken(each, console.settings):
            raise ChangeRefusedError(
                f"Another journey of {each.site} is called {each.name} by now.",
                "Give that one another name first.",
                409,
            )


def _seen_own(console: Console, id_: str, did: str) -> Response:
    own = CHANGES.own(console, id_)
    return seen(console, own.thing, did, own.version)


def _add(console: Console, table: dict[str, Any]) -> Response:
    given = table.get("id")
    id_ = given if given else free_journey_id(console, str(table.get("name", "")))
    journey = _journey(console, {**table, "id": id_})
    if journey.id in console.fixed_journeys:
        raise CHANGES.refused(Change.TAKEN)
    CHANGES.make(console, JOURNEYS.add, journey)
    return JSONResponse(_told(console, CHANGES.own(console, journey.id)), status_code=201)


def _edit(console: Console, id_: str, table: dict[str, Any]) -> Response:
    own = CHANGES.own(console, id_)
    version = _version(table, own)
    given = {name: value for name, value in table.items() if name != "version"}
    journey = _journey(console, {**_table(own.thing), **given, "id": id_})
    CHANGES.make(console, JOURNEYS.edit, journey, version)
    return JSONResponse(_told(console, CHANGES.own(console, id_)))


def _version(table: dict[str, Any], own: Own[JourneySettings]) -> int:
    version = table.get("version", own.version)
    if isinstance(version, bool) or not isinstance(version, int):
        raise ChangeRefusedError(
            "version is no whole number.", "Give it as it was read, or leave it out."
        )
    return version


def _journey(console: Console, table: dict[str, Any]) -> JourneySettings:
    """The journey of a table that was sent. Raises ChangeRefusedError with every mistake."""
    table = {name: value for name, value in table.items() if value is not None}
    if problems := entered_problems(table, console.settings):
        what = "; ".join(f"{place_of(each)} {each.wrong}" for each in problems)
        right = "; ".join(dict.fromkeys(each.right for each in problems))
        raise ChangeRefusedError(f"{what}.", f"{right[:1].upper()}{right[1:]}.")
    return msgspec.convert(table, JourneySettings)


def _table(journey: JourneySettings) -> dict[str, Any]:
    """As a program would send it."""
    return msgspec.json.decode(msgspec.json.encode(journey), type=dict[str, Any])


def _told(console: Console, own: Own[JourneySettings]) -> dict[str, Any]:
    told: dict[str, Any] = {**msgspec.to_builtins(own.thing), "version": own.version}
    if gone := gone_monitors(console, own):
        told["gone_monitors"] = list(gone)
    if why := why_aside(console.context.settings, own.thing):
        told["left_aside"] = why
    return told

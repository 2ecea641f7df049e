"""What is done to a monitor of the console besides editing it: pause, remove, have back, export.

Those of the settings file are shown and left alone.
"""

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from probes.monitor import Monitor
from vigie import own_monitors
from vigie.console.console import Console, console_of
from vigie.own_monitors import Change, OwnMonitor, OwnMonitors, UnreadableError
from vigie.reporting.params import BadRequestError
from vigie.settings_toml import set_fields, toml_table

NOT_EXPORTED = frozenset({"guarded", "paused"})
EXPORT_HEAD = """\
# Monitors of the console, as they would stand in vigie.toml. There they may also watch addresses
# of your own network. Once they stand there, those of the same id in the console are left aside.
"""
CHANGE_WORDS: Final = {
    Change.TAKEN: ("There is a monitor of this id already.", "Add it under another name."),
    Change.GONE: (
        "There is no such monitor in the console.",
        "It may have been removed, or it stands in vigie.toml, which is changed there.",
    ),
    Change.OUTDATED: ("Somebody changed it meanwhile.", "Look at it again."),
    Change.TOO_MANY: (
        f"There are {own_monitors.MONITORS_MAX:,} monitors already.",
        "Put them in vigie.toml, or remove some.",
    ),
}
DONE_WORDS: Final = {
    "added": "was added. Its first result comes within one interval.",
    "saved": "was saved. It is checked like this from its next turn.",
    "paused": "is paused: nothing is checked, and the time is excluded from its uptime.",
    "resumed": "is checked again.",
    "removed": f"was removed. It can be had back for {own_monitors.RESTORABLE.days} days.",
    "restored": "is back, and checked again.",
}


def pause(request: Request) -> Response:
    return _changed(request, own_monitors.set_paused, True, did="paused")


def resume(request: Request) -> Response:
    return _changed(request, own_monitors.set_paused, False, did="resumed")


def remove(request: Request) -> Response:
    return _changed(request, own_monitors.remove, did="removed")


def restore(request: Request) -> Response:
    return _changed(request, own_monitors.restore, did="restored")


def export(request: Request) -> Response:
    """The console's monitors as TOML, or one of them."""
    console = console_of(request)
    id_ = request.path_params.get("id", "")
    chosen = [own_of(console, request)] if id_ else entered(console).monitors
    text = "\n".join([EXPORT_HEAD, *(monitor_toml(each.monitor) for each in chosen)])
    headers = {"Content-Disposition": f'attachment; filename="{id_ or "monitors"}.toml"'}
    return Response(text, media_type="application/toml; charset=utf-8", headers=headers)


def monitor_toml(monitor: Monitor) -> str:
    """A monitor as it would stand in vigie.toml."""
    values = set_fields(monitor)
    return toml_table(
        "[[monitors]]", {name: values[name] for name in values if name not in NOT_EXPORTED}
    )


def own_of(console: Console, request: Request) -> OwnMonitor:
    """The console's monitor that the address names. Raises BadRequestError."""
    own = entered(console).get(request.path_params["id"])
    if own is None:
        raise BadRequestError(*CHANGE_WORDS[Change.GONE])
    return own


def entered(console: Console) -> OwnMonitors:
    """What stands in the console's file. Raises BadRequestError when it is damaged."""
    try:
        return own_monitors.own_monitors(console.context.folder)
    except UnreadableError as error:
        raise BadRequestError("The monitors of the console cannot be read.", str(error)) from None


def page_values(console: Console, request: Request) -> dict[str, Any]:
    """What pages of monitors say of those of the console, and of what was just done to one."""
    try:
        own = own_monitors.own_monitors(console.context.folder)
    except UnreadableError:
        own = OwnMonitors()  # logged where the settings are put together
    now = console.context.clock()
    kept = [each for each in own.removed if now - each.removed <= own_monitors.RESTORABLE]
    names = own.names()
    did, to = request.query_params.get("did", ""), request.query_params.get("to", "")
    return {
        "own": {each.monitor.id: each for each in own.monitors},
        "locked": console.locked,
        "removed": sorted(kept, key=lambda each: each.removed, reverse=True),
        "restorable": {each.monitor.id for each in kept},
        "did": did,
        "did_to": to,
        "did_name": names.get(to, ""),
        "did_words": DONE_WORDS.get(did, "") if to in names else "",
    }


def seen(path: str, did: str, id_: str) -> Response:
    """To a page that says what was done: reloading it does nothing again."""
    return RedirectResponse(f"{path}?did={did}&to={id_}", status_code=303)


def _changed(
    request: Request, change: Callable[..., Change], *arguments: Any, did: str
) -> Response:
    console = console_of(request)
    id_ = request.path_params["id"]
    now = console.context.clock()
    try:
        came = change(console.context.folder, id_, *arguments, now)
    except UnreadableError as error:
        raise BadRequestError("The monitors of the console cannot be read.", str(error)) from None
    if came is not Change.DONE:
        raise BadRequestError(*CHANGE_WORDS[came])
    return seen("/monitors" if did == "removed" else f"/monitors/{id_}", did, id_)

"""What is done to a monitor of the console besides editing it: pause, remove, have back, export.

Those of the settings file are shown and left alone.
"""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from probes.monitor import Monitor
from vigie.console.console import Console, console_of
from vigie.console.forms import form_texts, version_of
from vigie.console.own_changes import UNDONE, Done, OwnChanges, exported
from vigie.own_monitors import MONITORS, set_paused
from vigie.own_things import RESTORABLE, Change
from vigie.settings_toml import set_fields, toml_table

NOT_EXPORTED = frozenset({"guarded", "paused"})
EXPORT_HEAD = """\
# Monitors of the console, as they would stand in vigie.toml. There they may also watch addresses
# of your own network. Once they stand there, those of the same id in the console are left aside.
"""
CHANGES = OwnChanges(
    MONITORS,
    "monitor in the console",
    {
        "added": Done("was added. Its first result comes within one interval.", back="remove"),
        "saved": Done("was saved. It is checked like this from its next turn.", back="undo"),
        "undone": UNDONE,
        "paused": Done(
            "is paused: nothing is checked, and the time is excluded from its uptime.",
            back="resume",
        ),
        "resumed": Done("is checked again.", back="pause"),
        "removed": Done(
            f"was removed. It can be had back for {RESTORABLE.days} days.", back="restore"
        ),
        "restored": Done("is back, and checked again.", back="remove"),
    },
    elsewhere=", or it stands in vigie.toml, which is changed there",
)


def pause(request: Request) -> Response:
    return _changed(request, set_paused, True, did="paused")


def resume(request: Request) -> Response:
    return _changed(request, set_paused, False, did="resumed")


def remove(request: Request) -> Response:
    return _changed(request, MONITORS.remove, did="removed")


def restore(request: Request) -> Response:
    return _changed(request, MONITORS.restore, did="restored")


async def undo(request: Request) -> Response:
    """POST /monitors/ID/undo: as it was before its last edit, which `version` names."""
    version = version_of(await form_texts(request))
    return await run_in_threadpool(_changed, request, MONITORS.undo, version, did="undone")


def export(request: Request) -> Response:
    return exported(request, CHANGES, EXPORT_HEAD, monitor_toml)


def monitor_toml(monitor: Monitor) -> str:
    """A monitor as it would stand in vigie.toml."""
    values = set_fields(monitor)
    return toml_table(
        "[[monitors]]", {name: values[name] for name in values if name not in NOT_EXPORTED}
    )


def page_values(console: Console, request: Request) -> dict[str, Any]:
    """What pages of monitors say of those of the console, and of what was just done to one."""
    kept = CHANGES.shown(console)
    return {
        "own": kept.things,
        "locked": console.locked,
        "removed": kept.restorable(console.context.clock()),
        "said": CHANGES.said(console, kept, request.query_params),
    }


def seen(console: Console, did: str, id_: str) -> Response:
    """To a page that says what was done: reloading it does nothing again."""
    path, version = "/monitors", ""
    if did != "removed":
        path, version = f"/monitors/{id_}", f"&version={CHANGES.own(console, id_).version}"
    return RedirectResponse(f"{path}?did={did}&to={id_}{version}", status_code=303)


def _changed(
    request: Request, change: Callable[..., Change], *arguments: Any, did: str
) -> Response:
    console, id_ = console_of(request), request.path_params["id"]
    CHANGES.make(console, change, id_, *arguments)
    return seen(console, did, id_)

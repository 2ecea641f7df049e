"""What is done to a monitor of the console besides editing it: pause, remove, have back, export.

Those of the settings file are shown and left alone.
"""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from probes.monitor import Monitor
from vigie.console.console import Console, console_of
from vigie.console.own_changes import OwnChanges
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
        "added": "was added. Its first result comes within one interval.",
        "saved": "was saved. It is checked like this from its next turn.",
        "paused": "is paused: nothing is checked, and the time is excluded from its uptime.",
        "resumed": "is checked again.",
        "removed": f"was removed. It can be had back for {RESTORABLE.days} days.",
        "restored": "is back, and checked again.",
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


def export(request: Request) -> Response:
    """The console's monitors as TOML, or one of them."""
    console = console_of(request)
    id_ = request.path_params.get("id", "")
    chosen = [CHANGES.own(console, id_)] if id_ else CHANGES.entered(console).things
    text = "\n".join([EXPORT_HEAD, *(monitor_toml(each.thing) for each in chosen)])
    headers = {"Content-Disposition": f'attachment; filename="{id_ or "monitors"}.toml"'}
    return Response(text, media_type="application/toml; charset=utf-8", headers=headers)


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


def seen(path: str, did: str, id_: str) -> Response:
    """To a page that says what was done: reloading it does nothing again."""
    return RedirectResponse(f"{path}?did={did}&to={id_}", status_code=303)


def _changed(
    request: Request, change: Callable[..., Change], *arguments: Any, did: str
) -> Response:
    id_ = request.path_params["id"]
    CHANGES.make(console_of(request), change, id_, *arguments)
    return seen("/monitors" if did == "removed" else f"/monitors/{id_}", did, id_)

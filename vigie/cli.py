"""The command `vigie`: its table of commands, and how it says that something went wrong."""

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from vigie.failures import CommandError
from vigie.settings_mistakes import SettingsError

COMMANDS = {
    "demo": "vigie.commands.demo",
    "serve": "vigie.commands.serve",
    "init": "vigie.commands.init",
    "sign-in": "vigie.commands.sign_in",
    "check-config": "vigie.commands.check_config",
    "check": "vigie.commands.check",
    "check-site": "vigie.commands.check_site",
    "report": "vigie.commands.report",
    "ready": "vigie.commands.ready",
    "refused": "vigie.commands.refused",
    "replay": "vigie.commands.replay",
    "sourcemaps": "vigie.commands.sourcemaps",
    "backup": "vigie.commands.backup",
    "restore": "vigie.commands.restore",
    "repair": "vigie.commands.repair",
    "erase": "vigie.commands.erase",
    "heartbeat": "vigie.commands.heartbeat",
    "event": "vigie.commands.event",
    "event-token": "vigie.commands.event_token",
    "location-token": "vigie.commands.location_token",
    "probe": "vigie.commands.probe",
    "alerts": "vigie.commands.alerts",
    "collector": "vigie.commands.collector",
    "prober": "vigie.commands.prober",
    "console": "vigie.commands.console",
}
"""In the order of `vigie --help`. Each module holds a function named as the command."""


def main() -> NoReturn:
    """Run the command that the arguments name."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    # Only the module of the command asked for is imported: a collector needs no pandas.
    app = build_app([asked] if asked in COMMANDS else COMMANDS)
    try:
        app(prog_name="vigie")
    except SettingsError as error:
        fail("\n".join(str(mistake) for mistake in error.mistakes), 1)
    except CommandError as error:
        fail(f"error: {error}", error.code)
    except OSError as error:
        fail(f"error: {os_error_text(error)}", 1)
    sys.exit(0)


def build_app(names: Iterable[str]) -> typer.Typer:
    # Without markup: rich would swallow the [brackets] of settings in help texts and messages.
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(vigie)
    for name in names:
        module = import_module(COMMANDS[name])
        app.command(name)(getattr(module, name.replace("-", "_")))
    return app


def show_version(on: bool) -> None:
    if on:
        print(f"vigie {version('vigie')}")
        raise typer.Exit


def vigie(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Vigie: is it up, what did people live, where do they give up.

    Start with `vigie demo`, or on a site of your own with `vigie init URL` and `vigie serve`.
    """


def fail(message: str, code: int) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)


def os_error_text(error: OSError) -> str:
    """What went wrong, and with which file."""
    text = error.strerror or str(error)
    return f"{error.filename}: {text}" if error.filename else text

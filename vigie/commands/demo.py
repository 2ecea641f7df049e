"""`vigie demo`: Vigie on a demo site of its own, with a history to look into."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vigie.commands.options import Data
from vigie.commands.serve import sole_supervisor
from vigie.demo import demo_folder
from vigie.demo.addresses import PORT_BASE, open_demo_sockets
from vigie.demo.run import Demo, prepare_history, run_demo, write_settings
from vigie.demo.stories import CHECK_DAYS, SESSION_DAYS
from vigie.demo.writing import HistoryPlan
from vigie.folders import DataFolder
from vigie.logs import set_up_logs

DEFAULT_DATA = Path("demo-data")
INTERRUPTED = 130


def demo(
    data: Data = DEFAULT_DATA,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Make a new history; the demo's old data goes.")
    ] = False,
    port_base: Annotated[
        int,
        typer.Option(
            min=0,
            max=65_533,
            help="Collector, console and demo site listen on this port and the next two; 0: any.",
        ),
    ] = PORT_BASE,
    days: Annotated[
        int, typer.Option(min=1, max=SESSION_DAYS, help="Of sessions.", hidden=True)
    ] = SESSION_DAYS,
) -> None:
    """Try Vigie on a demo site of its own.

    It has five stories in its past, and a button to break it. The history is generated once,
    in a data folder apart; later starts take seconds.
    """
    set_up_logs(level=logging.WARNING)
    screen = Console(highlight=False)
    plan = HistoryPlan(
        now=datetime.now(UTC), check_days=CHECK_DAYS * days // SESSION_DAYS, session_days=days
    )
    new = demo_folder.claim(data, plan)
    folder = DataFolder(data)
    with sole_supervisor(folder):
        sockets = open_demo_sockets(port_base)
        try:
            for words in sockets.moved:
                screen.print(words)
            settings = write_settings(folder, sockets)
            marker = prepare_history(folder, settings, plan, screen, new=new, fresh=fresh)
            asyncio.run(run_demo(Demo(folder=folder, sockets=sockets, marker=marker), screen))
        except KeyboardInterrupt:
            screen.print("Interrupted.")
            raise typer.Exit(INTERRUPTED) from None
        finally:
            sockets.close()
    screen.print("The demo has ended.")

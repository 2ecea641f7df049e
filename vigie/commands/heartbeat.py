"""`vigie heartbeat`: the address that a heartbeat monitor's job calls."""

from typing import Annotated

import typer

from vigie.commands.options import DEFAULT_CONFIG, DEFAULT_DATA, Config, Data
from vigie.distant.tokens import heartbeat_address
from vigie.failures import CommandError
from vigie.folders import Address, DataFolder
from vigie.own_monitors import all_monitors
from vigie.own_things import UnreadableError
from vigie.settings_file import load_settings


def heartbeat(
    monitor: Annotated[str, typer.Argument(help="The id of a heartbeat monitor.")],
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
) -> None:
    """Print the address that a heartbeat's job calls.

    It calls when it is done. The address is a secret: keep it as you would a password.
    """
    if not data.is_dir():
        raise CommandError(f"there is no data folder {data}; name it with --data", code=2)
    settings = load_settings(config)
    folder = DataFolder(data)
    try:
        monitors = all_monitors(settings, folder)
    except UnreadableError as error:
        raise CommandError(str(error)) from None
    waiting = [each.id for each in monitors if each.kind == "heartbeat"]
    if monitor not in waiting:
        known = ", ".join(waiting) or "none"
        raise CommandError(f'"{monitor}" is no heartbeat monitor; there are: {known}', code=2)
    collector = folder.addresses().get("collector") or Address(
        settings.collector.host, settings.collector.port
    )
    print(heartbeat_address(settings.public_url or collector.url, folder.secret(), monitor))

"""`vigie alerts test CHANNEL`: whether a message would arrive, before one must."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from vigie.alerts.delivery import Result
from vigie.alerts.message import trial_message
from vigie.alerts.transports import deliver
from vigie.commands.options import DEFAULT_CONFIG, Config
from vigie.failures import CommandError
from vigie.settings_file import load_settings

SAID = {
    Result.SENT: "sent",
    Result.RETRY: "not sent; an outage's message would be tried again",
    Result.REFUSED: "refused; an outage's message would be given up at once",
}


class Action(StrEnum):
    TEST = "test"


def alerts(
    action: Annotated[Action, typer.Argument(help="What to do: test sends a message now.")],
    channel: Annotated[str, typer.Argument(help="The id of a channel of the settings file.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Send a message to a channel that says it is a test.

    One attempt, now, from this process: it needs no running Vigie.
    Exit code 0: the receiver took it. 1: it did not. 2: asked wrongly.
    """
    settings = load_settings(config)
    channels = {each.id: each for each in settings.channels}
    if channel not in channels:
        known = ", ".join(f'"{each}"' for each in channels) or "none"
        raise CommandError(
            f'"{channel}" is no channel of {config}; its channels are {known}', code=2
        )
    trial = trial_message(channel, datetime.now(UTC), settings.console.url)
    delivery = deliver(channels[channel], trial)
    print(f"{channel} ({channels[channel].kind}): {SAID[delivery.result]}: {delivery.said}")
    sys.exit(0 if delivery.result is Result.SENT else 1)

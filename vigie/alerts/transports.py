"""The table of transports: how a message reaches a channel of each kind."""

from collections.abc import Callable
from typing import Final

from vigie.alerts import chat, pagerduty, smtp, webhook
from vigie.alerts.channel_checks import CHAT, EMAIL, PAGERDUTY, WEBHOOK
from vigie.alerts.delivery import Delivery, retry
from vigie.alerts.message import Message
from vigie.settings import ChannelSettings
from vigie.settings_secrets import SecretMissingError

Transport = Callable[[ChannelSettings, Message], Delivery]

TRANSPORTS: Final[dict[str, Transport]] = {
    EMAIL: smtp.deliver,
    WEBHOOK: webhook.deliver,
    PAGERDUTY: pagerduty.deliver,
    CHAT: chat.deliver,
}


def deliver(channel: ChannelSettings, message: Message) -> Delivery:
    """One attempt, bounded in time. A secret that is not there may be put there: tried again."""
    try:
        return TRANSPORTS[channel.kind](channel, message)
    except SecretMissingError as error:
        return retry(str(error))

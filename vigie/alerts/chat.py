"""The channel kind "chat": whatever apprise knows how to reach."""

import logging

import apprise

from vigie.alerts.delivery import Delivery, masked, refused, retry, sent
from vigie.alerts.message import Event, Message
from vigie.settings import ChannelSettings
from vigie.settings_secrets import read_secret

# Its own log entries may hold the address, which is a secret; what they say is kept masked.
logging.getLogger("apprise").propagate = False

TYPES = {
    Event.OPEN: apprise.NotifyType.FAILURE,
    Event.CLOSE: apprise.NotifyType.SUCCESS,
    Event.WARN: apprise.NotifyType.WARNING,
    Event.TEST: apprise.NotifyType.INFO,
}


def deliver(channel: ChannelSettings, message: Message) -> Delivery:
    """Apprise does not tell why it failed, so every failure but a bad address is tried again.

    Raises SecretMissingError.
    """
    url = read_secret(channel.url_env, channel.url_file)
    capture = apprise.LogCapture(level=logging.WARNING, fmt="%(message)s")  # type: ignore[no-untyped-call]
    with capture as log:
        room = apprise.Apprise()
        if not room.add(url):
            return refused("apprise does not know such an address")
        done = room.notify(title=message.title, body=message.text, notify_type=TYPES[message.event])
        said = log.getvalue()
    if done:
        return sent("taken")
    return retry(masked(said or "apprise could not deliver it, and does not say why", url))

"""The channel kind "pagerduty": Events API v2, one dedup_key an incident, or a certificate.

https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
"""

from typing import Any

import msgspec

from vigie.alerts.delivery import Delivery, Result, masked
from vigie.alerts.http_post import post
from vigie.alerts.message import Event, Message
from vigie.settings import ChannelSettings
from vigie.settings_secrets import read_secret

ADDRESS = "https://events.pagerduty.com/v2/enqueue"
SUMMARY_CHARACTERS_MAX = 1_024
SEVERITIES = {Event.TEST: "info", Event.WARN: "warning"}
"""Of everything else: critical."""


def deliver(channel: ChannelSettings, message: Message) -> Delivery:
    """A test triggers an event of severity info and resolves it at once.

    Raises SecretMissingError.
    """
    key = read_secret(channel.routing_key_env, channel.routing_key_file)
    actions = ["resolve"] if message.event is Event.CLOSE else ["trigger"]
    if message.event is Event.TEST:
        actions.append("resolve")
    for action in actions:
        body = msgspec.json.encode(event_of(message, action, key))
        delivery = post(channel.url or ADDRESS, body, {"content-type": "application/json"})
        if delivery.result is not Result.SENT:
            break
    return msgspec.structs.replace(delivery, said=masked(delivery.said, key))


def event_of(message: Message, action: str, routing_key: str) -> dict[str, Any]:
    """The event as PagerDuty documents it; a "resolve" needs the keys only."""
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(message),
    }
    if action != "trigger":
        return event
    incident = message.incident
    details: dict[str, Any] = {"text": message.text, "message": message.key}
    if incident:
        details |= {
            "since": incident.start.isoformat(),
            "outcome": incident.outcome,
            "detail": incident.detail,
            "seen_from": incident.locations,
        }
    certificate = message.certificate
    if certificate:
        details |= {"expires": certificate.expires.isoformat(), "issuer": certificate.issuer}
    about = incident or certificate
    event["payload"] = {
        "summary": message.title[:SUMMARY_CHARACTERS_MAX],
        "source": about.monitor if about else "vigie",
        "severity": SEVERITIES.get(message.event, "critical"),
        "timestamp": (incident.start if incident else message.at).isoformat(),
        "custom_details": details,
    }
    event["client"] = "Vigie"
    if message.link:
        event["client_url"] = message.link
        event["links"] = [{"href": message.link, "text": "Console of Vigie"}]
    return event


def dedup_key(message: Message) -> str:
    """Of the incident, not of the message; PagerDuty takes 255 characters."""
    return f"vigie/{message.thread}"

"""The channel kind "webhook": JSON, signed, with a key that tells a repeat from another."""

import hashlib
import hmac
import time
from datetime import datetime
from typing import Any

import msgspec

from vigie.alerts.delivery import Delivery, masked
from vigie.alerts.http_post import post
from vigie.alerts.message import Message
from vigie.settings import ChannelSettings
from vigie.settings_secrets import read_secret

BODY_VERSION = 1
SIGNATURE_VERSION = "v1"


def deliver(channel: ChannelSettings, message: Message) -> Delivery:
    """Raises SecretMissingError."""
    secret = read_secret(channel.secret_env, channel.secret_file)
    url = channel.url or read_secret(channel.url_env, channel.url_file)
    body = body_of(message)
    timestamp = str(int(time.time()))
    delivery = post(
        url,
        body,
        {
            "content-type": "application/json",
            "user-agent": "vigie",
            "idempotency-key": message.digest(message.key),
            "vigie-timestamp": timestamp,
            "vigie-signature": f"{SIGNATURE_VERSION}={signature(secret, timestamp, body)}",
        },
    )
    private = "" if channel.url else url
    return msgspec.structs.replace(delivery, said=masked(delivery.said, secret, private))


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256, in hex, of the timestamp, a dot and the body as it is sent."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def body_of(message: Message) -> bytes:
    """The same at every attempt, but for what is learnt of the incident meanwhile."""
    incident = message.incident
    value: dict[str, Any] = {
        "version": BODY_VERSION,
        "key": message.key,
        "event": message.event.value,
        "at": _stamp(message.at),
        "title": message.title,
        "text": message.text,
        "link": message.link or None,
        "incident": None,
        "certificate": None,
    }
    if certificate := message.certificate:
        value["certificate"] = {
            "id": certificate.id,
            "monitor": certificate.monitor,
            "name": message.name,
            "expires": _stamp(certificate.expires),
            "issuer": certificate.issuer,
            "problem": certificate.problem,
        }
    if incident:
        value["incident"] = {
            "id": incident.id,
            "monitor": incident.monitor,
            "name": message.name,
            "start": _stamp(incident.start),
            "end": _stamp(incident.end),
            "edge_s": incident.edge_s,
            "outcome": incident.outcome,
            "detail": incident.detail,
            "locations": incident.locations.split(", ") if incident.locations else [],
            "failed_checks": incident.failed_checks,
            "down_s": incident.down_s,
            "withdrawn": incident.withdrawn,
        }
    return msgspec.json.encode(value)


def _stamp(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None

"""The records a journal holds, and their encoding."""

import msgspec
from msgspec import Struct

from probes.delivery import Delivery
from probes.heartbeat import Ping, Presence
from probes.result import CheckResult, MonitorDefinition
from rum.records import Batch, Refusal, ReplayChunk


class Erased(Struct, frozen=True, array_like=True, tag="erased"):
    """What is left of a record that was erased: zeros, as long as it was."""

    padding: bytes = b""
    more: bytes = b""


Record = (
    Batch
    | Refusal
    | CheckResult
    | MonitorDefinition
    | Delivery
    | Ping
    | Presence
    | ReplayChunk
    | Erased
)

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


def encode(record: Record) -> bytes:
    return _encoder.encode(record)


def decode(payload: bytes | memoryview) -> Record:
    """The record in a frame's payload. Raises msgspec.DecodeError when there is none."""
    return _decoder.decode(payload)

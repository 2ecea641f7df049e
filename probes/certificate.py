"""What a certificate says of itself, read from its DER bytes (RFC 5280, section 4.1).

Python parses only certificates that verified; of one that was refused it gives the bytes.
"""

from datetime import UTC, datetime

_SEQUENCE = 0x30
_VERSION = 0xA0
_UTC_TIME = 0x17
_GENERALIZED_TIME = 0x18
_FIELDS_BEFORE_VALIDITY = 3  # serial number, signature algorithm, issuer


def validity(der: bytes) -> tuple[datetime, datetime]:
    """From when until when a certificate is valid. Raises ValueError for what is not one."""
    try:
        certificate, _ = _enter(der, _SEQUENCE)
        fields, _ = _enter(certificate, _SEQUENCE)
        if fields[0] == _VERSION:
            fields = _after(fields)
        for _ in range(_FIELDS_BEFORE_VALIDITY):
            fields = _after(fields)
        begin_and_end, _ = _enter(fields, _SEQUENCE)
        return _time(begin_and_end), _time(_after(begin_and_end))
    except IndexError:
        raise ValueError("the certificate's bytes end early") from None


def _enter(data: bytes, tag: int) -> tuple[bytes, int]:
    """The content of the first element, which must have this tag, and where it ends."""
    if data[0] != tag:
        raise ValueError(f"tag {data[0]:#x} where {tag:#x} was expected")
    length = data[1]
    begin = 2
    if length & 0x80:
        begin += length & 0x7F
        length = int.from_bytes(data[2:begin], "big")
    if len(data) < begin + length:
        raise IndexError
    return data[begin : begin + length], begin + length


def _after(data: bytes) -> bytes:
    """What follows the first element."""
    return data[_enter(data, data[0])[1] :]


def _time(data: bytes) -> datetime:
    if data[0] == _GENERALIZED_TIME:
        text = _enter(data, _GENERALIZED_TIME)[0].decode("ascii")
    else:
        short = _enter(data, _UTC_TIME)[0].decode("ascii")
        text = ("19" if short >= "50" else "20") + short
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)

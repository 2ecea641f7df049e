"""What a certificate says of itself, and when its end is worth a warning."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID
from msgspec import Struct

NAMES_MAX = 10
NAME_CHARACTERS_MAX = 253
WARN_DAYS = (30, 14, 7, 1)


class Certificate(Struct, frozen=True):
    """From when until when it is valid, who signed it, and the names it is for."""

    begins: datetime
    expires: datetime
    issuer: str
    names: tuple[str, ...]
    self_signed: bool

    def problem(self, host: str, now: datetime) -> str:
        """What is plainly wrong with it for a server of this name; empty when nothing is."""
        if now > self.expires:
            return f"certificate expired on {self.expires:%Y-%m-%d %H:%M} UTC"
        if now < self.begins:
            return f"certificate is not valid before {self.begins:%Y-%m-%d %H:%M} UTC"
        if not any(_matches(name, host.lower()) for name in self.names):
            return f"certificate is not valid for {host!r}"
        return "certificate is self-signed" if self.self_signed else ""


def certificate_warning(expires: datetime, now: datetime) -> int | None:
    """The smallest of 30, 14, 7 and 1 days that no more than is left until `expires`; 0 once it
    has passed, None while it is far off."""
    left = expires - now
    if left <= timedelta(0):
        return 0
    return min((days for days in WARN_DAYS if left <= timedelta(days=days)), default=None)


@lru_cache(maxsize=1024)
def read_certificate(der: bytes) -> Certificate:
    """A certificate from its DER bytes. Raises ValueError for what is not one."""
    read = x509.load_der_x509_certificate(der)
    return Certificate(
        read.not_valid_before_utc.astimezone(UTC),
        read.not_valid_after_utc.astimezone(UTC),
        _issuer(read.issuer),
        _names(read),
        read.issuer == read.subject,
    )


def _issuer(name: x509.Name) -> str:
    """Such as "R11 (Let's Encrypt)"."""
    common, organization = (
        next((str(each.value) for each in name.get_attributes_for_oid(oid)), "")
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    )
    if common and organization:
        return f"{common} ({organization})"[:NAME_CHARACTERS_MAX]
    return (common or organization or name.rfc4514_string())[:NAME_CHARACTERS_MAX]


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        ).value
    except x509.ExtensionNotFound:
        return ()
    if not isinstance(found, x509.SubjectAlternativeName):
        return ()
    names = [str(name) for name in found.get_values_for_type(x509.DNSName)]
    names += [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return tuple(name[:NAME_CHARACTERS_MAX].lower() for name in names)


def _matches(name: str, host: str) -> bool:
    """RFC 6125, section 6.4.3: a star stands for one label, the leftmost."""
    try:
        return ip_address(name) == ip_address(host)
    except ValueError:
        if name.startswith("*."):
            return host.partition(".")[2] == name[2:] and "." in name[2:]
        return name == host

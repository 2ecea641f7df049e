"""E-mail against a real SMTP server: threads, TLS, and what each refusal means."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.alerts import channel, message
from tests.support.ports import free_port
from tests.support.receivers import mail_server
from vigie.alerts.delivery import Result
from vigie.alerts.message import Event
from vigie.alerts.transports import deliver
from vigie.settings import ChannelSettings


def mail(port: int, **changes: Any) -> ChannelSettings:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "from_address": "vigie@shop.test",
        "to": ("ops@shop.test", "boss@shop.test"),
    }
    return channel("email", **{**values, **changes})


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


def test_the_closing_mail_is_in_the_thread_of_its_opening_and_a_repeat_can_be_told() -> None:
    with mail_server() as (mailbox, port):
        for event in (Event.OPEN, Event.OPEN, Event.CLOSE):
            assert deliver(mail(port), message(event)).result is Result.SENT
    opening, again, closing = mailbox.mails
    assert opening["Message-ID"] == again["Message-ID"] != closing["Message-ID"]
    assert closing["In-Reply-To"] == closing["References"] == opening["Message-ID"]
    assert opening["References"] is None
    assert opening["Message-ID"].endswith("@shop.test>")
    assert opening["Subject"] == "Down: Home page"
    assert opening["Auto-Submitted"] == "auto-generated"
    assert mailbox.recipients[0] == ["ops@shop.test", "boss@shop.test"]


@pytest.mark.parametrize(
    ("at_rcpt", "at_data", "result"),
    [
        (["550 no such user", "550 no such user"], [], Result.REFUSED),
        (["450 greylisted", "450 greylisted"], [], Result.RETRY),
        ([], ["451 try later"], Result.RETRY),
        ([], ["554 looks like spam"], Result.REFUSED),
        (["550 no such user"], [], Result.SENT),
    ],
)
def test_a_4xx_is_worth_another_try_and_a_5xx_is_not(
    at_rcpt: list[str], at_data: list[str], result: Result
) -> None:
    with mail_server() as (mailbox, port):
        mailbox.at_rcpt, mailbox.at_data = list(at_rcpt), list(at_data)
        delivery = deliver(mail(port), message())
    assert delivery.result is result
    if result is Result.SENT:
        assert "not for ops@shop.test" in delivery.said
    else:
        assert (at_rcpt + at_data)[0].split(" ", 1)[1] in delivery.said


def test_no_server_is_worth_another_try() -> None:
    assert deliver(mail(free_port()), message()).result is Result.RETRY


def test_starttls_is_asked_for_verified_and_carries_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert_file, key_file = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert_file, key_file)
    monkeypatch.setenv("VIGIE_TEST_PASSWORD", "right")

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    options: dict[str, Any] = {
        "tls_context": context,
        "require_starttls": True,
        "authenticator": authenticate,
        "auth_required": True,
    }
    with mail_server(**options) as (mailbox, port):
        plain = mail(
            port, security="starttls", username="vigie", password_env="VIGIE_TEST_PASSWORD"
        )
        unknown = deliver(plain, message())
        assert unknown.result is Result.RETRY
        assert "certificate" in unknown.said.lower()
        monkeypatch.setenv("SSL_CERT_FILE", str(cert_file))
        assert deliver(plain, message()).result is Result.SENT
        monkeypatch.setenv("VIGIE_TEST_PASSWORD", "not-right")
        wrong = deliver(plain, message())
    assert len(mailbox.mails) == 1
    assert wrong.result is Result.REFUSED
    assert "not-right" not in wrong.said
    assert "535" in wrong.said


def test_a_server_without_tls_gets_no_mail_from_a_channel_that_asks_for_it() -> None:
    with mail_server() as (mailbox, port):
        delivery = deliver(mail(port, security="starttls"), message())
    assert delivery.result is Result.REFUSED
    assert not mailbox.mails

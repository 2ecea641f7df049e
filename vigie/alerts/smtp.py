"""The channel kind "email": SMTP, the closing message in the thread of its opening."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime

from vigie.alerts.delivery import Delivery, masked, refused, retry, sent
from vigie.alerts.message import Event, Message
from vigie.settings import ChannelSettings
from vigie.settings_secrets import read_secret

OPERATION_S = 15.0


def deliver(channel: ChannelSettings, message: Message) -> Delivery:
    """Raises SecretMissingError."""
    password = read_secret(channel.password_env, channel.password_file)
    try:
        unreached = _send(channel, password, mail_of(channel, message))
    except smtplib.SMTPRecipientsRefused as error:
        said = "; ".join(f"{to}: {_words(*why)}" for to, why in error.recipients.items())
        for_now = any(400 <= code < 500 for code, _ in error.recipients.values())
        return retry(said) if for_now else refused(said)
    except smtplib.SMTPResponseException as error:
        said = masked(_words(error.smtp_code, error.smtp_error), password)
        return retry(said) if 400 <= error.smtp_code < 500 else refused(said)
    except smtplib.SMTPNotSupportedError as error:
        return refused(str(error))
    except (smtplib.SMTPException, OSError) as error:
        return retry(masked(f"{type(error).__name__}: {error}", password))
    if unreached:
        return sent("taken, but not for " + ", ".join(unreached))
    return sent(f"taken by {channel.host} for {', '.join(channel.to)}")


def _send(channel: ChannelSettings, password: str, mail: EmailMessage) -> list[str]:
    """The recipients that were refused, when others were not."""
    if channel.security == "tls":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            channel.host, channel.port, timeout=OPERATION_S, context=context
        )
    else:
        server = smtplib.SMTP(channel.host, channel.port, timeout=OPERATION_S)
    with server:
        if channel.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if channel.username:
            server.login(channel.username, password)
        return list(server.send_message(mail, channel.from_address, list(channel.to)))


def mail_of(channel: ChannelSettings, message: Message) -> EmailMessage:
    """The same Message-ID at every attempt, so that a repeat can be told for one."""
    mail = EmailMessage()
    mail["From"] = channel.from_address
    mail["To"] = ", ".join(channel.to)
    mail["Subject"] = " ".join(message.title.split())
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = _message_id(channel, message, message.event)
    if message.event is Event.CLOSE:
        opening = _message_id(channel, message, Event.OPEN)
        mail["In-Reply-To"] = opening
        mail["References"] = opening
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Vigie-Key"] = message.digest(message.key)
    mail.set_content(message.text + "\n")
    return mail


def _message_id(channel: ChannelSettings, message: Message, event: Event) -> str:
    """A certificate's warnings share a thread, but each is a message of its own."""
    domain = channel.from_address.rpartition("@")[2]
    of = message.key if event is Event.WARN else message.thread
    return f"<vigie.{message.digest(f'{of}/{channel.id}')}.{event.value}@{domain}>"


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"answered {code} {text}"

"""`vigie event`: one event of a site, posted from a server or a job."""

import os
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from rum.server_events_route import PATH
from vigie.commands.options import DEFAULT_CONFIG, DEFAULT_DATA, Config, Data
from vigie.failures import CommandError
from vigie.folders import Address, DataFolder
from vigie.settings_file import load_settings

TIMEOUT_S = 10.0


def event(
    name: Annotated[str, typer.Argument(help="The event's name, such as mandate_signed.")],
    value: Annotated[float | None, typer.Option(help="A number, such as a price.")] = None,
    currency: Annotated[str, typer.Option(help="Of the value: EUR.")] = "",
    attribute: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE; may be repeated.", metavar="NAME=VALUE")
    ] = None,
    time: Annotated[str, typer.Option(help="ISO 8601 with an offset; default: now.")] = "",
    session: Annotated[str, typer.Option(help="The page's session, to be in its journey.")] = "",
    user: Annotated[str, typer.Option(help="As the page gives it; it is hashed.")] = "",
    release: Annotated[str, typer.Option(help="The version, of a deploy.")] = "",
    key: Annotated[
        str, typer.Option("--id", help="Idempotency key: the same again is stored once.")
    ] = "",
    to: Annotated[str, typer.Option(help="Where the collector is reached.", metavar="URL")] = "",
    token_env: Annotated[
        str, typer.Option(help="The environment variable that holds the token.")
    ] = "VIGIE_EVENT_TOKEN",
    token_file: Annotated[
        Path | None, typer.Option(help="A file that holds the token, instead.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
) -> None:
    """Post one event of a site.

    Ends with 0 once the event is on the collector's disk.
    """
    texts = {"currency": currency, "time": time, "session": session, "user": user,
             "release": release, "id": key}  # fmt: skip
    sent: dict[str, Any] = {"name": name} | {k: text for k, text in texts.items() if text}
    if value is not None:
        sent["value"] = value
    if attribute:
        sent["attributes"] = dict(_pair(each) for each in attribute)
    answer = _post(to or _own_collector(config, data), _token(token_env, token_file), sent)
    if answer.status_code != 200:
        raise CommandError(_why(answer))
    print(f"{name} is on disk")


def _pair(text: str) -> tuple[str, str]:
    name, given, value = text.partition("=")
    if not given or not name:
        raise CommandError(f'"{text}" is no attribute; write NAME=VALUE', code=2)
    return name, value


def _token(variable: str, file: Path | None) -> str:
    token = file.read_text("utf-8").strip() if file else os.environ.get(variable, "").strip()
    if not token:
        where = str(file) if file else f"the environment variable {variable}"
        raise CommandError(f"there is no token in {where}; vigie event-token makes one", code=2)
    return token


def _own_collector(config: Path, data: Path) -> str:
    """The collector of this machine."""
    found = DataFolder(data).addresses().get("collector") if data.is_dir() else None
    if found is None:
        if not config.is_file():
            wrong = f"there is neither a data folder {data} nor a settings file {config}"
            raise CommandError(f"{wrong}; name the collector with --to URL", code=2)
        settings = load_settings(config)
        found = Address(settings.collector.host, settings.collector.port)
    return found.url


def _post(base: str, token: str, sent: dict[str, Any]) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    try:
        return httpx.post(
            base.rstrip("/") + PATH, json=sent, headers=headers, timeout=TIMEOUT_S, trust_env=False
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        wrong = str(error) or type(error).__name__
        raise CommandError(f"the collector at {base} cannot be reached: {wrong}") from None


def _why(answer: httpx.Response) -> str:
    """What the collector says is wrong."""
    try:
        said = answer.json()
        told = said["error"] if "error" in said else said["refused"][0]
        return f"not accepted ({told['reason']}): {told['detail']}"
    except (ValueError, LookupError, TypeError):
        return f"not accepted: the collector answered {answer.status_code}"

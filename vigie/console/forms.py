"""Forms: their fields, and what was sent with them or by programs, within limits."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from starlette.datastructures import QueryParams
from starlette.requests import Request

from vigie.reporting.params import BadRequestError

Texts = dict[str, str]

FORM_BYTES_MAX = 200_000
FORM_FIELDS_MAX = 100


class Field(Struct, frozen=True, kw_only=True):
    """One field of the form. `kind` is text, url, lines, area, number or choice."""

    name: str
    label: str
    help: str
    kind: str = "text"
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """Of a choice: value and words."""
    placeholder: str = ""
    wide: bool = False
    picked_from: str = ""
    """The list of the page whose values are offered."""


async def form_texts(request: Request) -> Texts:
    """The fields that were sent, the last of each name. Raises BadRequestError for too many."""
    return dict(await form_fields(request))


async def form_fields(request: Request, most: int = FORM_FIELDS_MAX) -> QueryParams:
    """The fields that were sent, several of one name too. Raises BadRequestError."""
    try:
        pairs = parse_qsl(
            (await _body(request)).decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=most,
        )
    except ValueError:
        raise BadRequestError("That is not a form of this console.", "Use its page.") from None
    return QueryParams(pairs)


async def json_table(request: Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises BadRequestError."""
    try:
        return msgspec.json.decode(await _body(request), type=dict[str, Any])
    except msgspec.DecodeError as error:
        what = f"What was sent is no JSON object: {error}."
        raise BadRequestError(what, 'Send one such as {"name": "Order"}.') from None


def version_of(texts: Mapping[str, str]) -> int:
    """The version that was sent; 0, which nothing has, when none was."""
    text = texts.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 18 else 0


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            raise BadRequestError("The form is too large.", f"Send {FORM_BYTES_MAX:,} bytes.")
    return body

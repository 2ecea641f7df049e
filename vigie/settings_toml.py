"""Settings written as TOML, the way a person would: what differs from its default, no more."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, structs


def set_fields(settings: Struct) -> dict[str, Any]:
    """The fields that differ from their defaults, or hold something."""
    return {
        field.name: value
        for field in structs.fields(settings)
        if (value := getattr(settings, field.name)) not in (field.default, {})
    }


def toml_table(head: str, values: Mapping[str, Any]) -> str:
    """A table under `head`, such as "[[monitors]]", a setting a line; unset ones are left out."""
    lines = [f"{name} = {toml_value(value)}" for name, value in values.items() if value is not None]
    return "\n".join([head, *lines, ""])


def toml_value(value: Any) -> str:
    """Texts, numbers, truths, lists, tables and structs of them."""
    if isinstance(value, Struct):
        value = set_fields(value)
    if isinstance(value, dict):
        inner = (
            f"{_text(key)} = {toml_value(item)}" for key, item in value.items() if item is not None
        )
        return _enclosed("{ ", inner, " }") if value else "{}"
    if isinstance(value, list | tuple):
        return _enclosed("[", map(toml_value, value), "]")
    if isinstance(value, str):
        return _text(value)
    return msgspec.json.encode(value).decode()


def _enclosed(begin: str, items: Iterable[str], end: str) -> str:
    return begin + ", ".join(items) + end


def _text(text: str) -> str:
    """JSON's texts are TOML's, but for the one control character that JSON lets stand."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

"""Whether a table of settings has the keys, types and ranges that its struct declares."""

import difflib
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from msgspec import inspect

from vigie.settings_lines import KeyPath
from vigie.settings_mistakes import Problem

_PATTERN_WORDS = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": (
        "use 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit"
    ),
    r"^[A-Za-z0-9._-]{1,64}$": "use 1 to 64 letters, digits, '.', '_' or '-'",
    r"^[0-9a-f]{64}$": "give it the hash that vigie location-token, or event-token, printed",
    r"^[0-9]+(\.[0-9]+)? ?([KMGT]i?)?B$": 'write a size such as "2GB" or "500MB"',
}


def shape_problems(value: object, kind: inspect.Type, path: KeyPath = ()) -> Iterator[Problem]:
    """Every way in which `value`, as tomllib read it, departs from `kind`."""
    if isinstance(kind, inspect.UnionType):
        # The only unions are "or unset", and TOML has no null.
        kind = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
    match kind:
        case inspect.StructType():
            yield from _struct_problems(value, kind, path)
        case inspect.VarTupleType() | inspect.ListType():
            yield from _array_problems(value, kind, path)
        case inspect.DictType():
            yield from _table_problems(value, kind, path)
        case inspect.BoolType():
            if not isinstance(value, bool):
                yield _wrong_type(path, value, "true or false")
        case inspect.IntType():
            if isinstance(value, bool) or not isinstance(value, int):
                yield _wrong_type(path, value, _described(kind))
            else:
                yield from _range_problems(value, kind, path)
        case inspect.FloatType():
            if isinstance(value, bool) or not isinstance(value, int | float):
                yield _wrong_type(path, value, _described(kind))
            else:
                yield from _range_problems(value, kind, path)
        case inspect.StrType():
            yield from _text_problems(value, kind, path)
        case _:
            raise TypeError(f"settings cannot be of the type {kind!r} ({path})")


def _struct_problems(value: object, kind: inspect.StructType, path: KeyPath) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield _wrong_type(path, value, "a table")
        return
    fields = {field.encode_name: field for field in kind.fields}
    for key, item in value.items():
        if key in fields:
            yield from shape_problems(item, fields[key].type, (*path, key))
        else:
            yield Problem(path=(*path, key), wrong="is unknown here", right=_nearest(key, fields))
    for key, field in fields.items():
        if field.required and key not in value:
            yield Problem(
                path=(*path, key), wrong="is missing", right=f"give it {_described(field.type)}"
            )


def _nearest(key: str, known: dict[str, Any]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return "known are " + ", ".join(known)


def _array_problems(
    value: object, kind: inspect.VarTupleType | inspect.ListType, path: KeyPath
) -> Iterator[Problem]:
    if not isinstance(value, list):
        if isinstance(kind.item_type, inspect.StructType):
            name = ".".join(part for part in path if isinstance(part, str))
            yield Problem(
                path=path,
                wrong=f"is {_named(value)}",
                right=f"begin each one with [[{name}]], in double brackets",
            )
        else:
            yield _wrong_type(path, value, "a list, such as [...]")
        return
    if len(value) < (kind.min_length or 0):
        yield Problem(path=path, wrong="is empty", right="give it at least one")
    for number, item in enumerate(value):
        yield from shape_problems(item, kind.item_type, (*path, number))


def _table_problems(value: object, kind: inspect.DictType, path: KeyPath) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield _wrong_type(path, value, "a table")
        return
    for key, item in value.items():
        yield from shape_problems(item, kind.value_type, (*path, key))


def _text_problems(value: object, kind: inspect.StrType, path: KeyPath) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield _wrong_type(path, value, "a text in quotes")
    elif len(value) < (kind.min_length or 0):
        yield Problem(path=path, wrong="is empty", right="give it a text")
    elif kind.pattern and not re.search(kind.pattern, value):
        wrong = f'is "{value}"' if value else "is empty"
        yield Problem(path=path, wrong=wrong, right=_PATTERN_WORDS[kind.pattern])


def _range_problems(
    value: float, kind: inspect.IntType | inspect.FloatType, path: KeyPath
) -> Iterator[Problem]:
    within = (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
    )
    if not within or value != value or abs(value) == float("inf"):
        yield Problem(path=path, wrong=f"is {value}", right=f"give it {_described(kind)}")


def _described(kind: inspect.Type) -> str:
    match kind:
        case inspect.IntType() | inspect.FloatType():
            number = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
            return f"{number} {_bounds(kind)}".rstrip()
        case inspect.VarTupleType() | inspect.ListType():
            return "a list, such as [...]"
        case inspect.StructType() | inspect.DictType():
            return "a table"
        case inspect.BoolType():
            return "true or false"
        case _:
            return "a text in quotes"


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.gt is not None:
        return f"above {kind.gt:,}" + (f" and up to {kind.le:,}" if kind.le is not None else "")
    if kind.ge is None:
        return ""
    return f"{kind.ge:,} or more" if kind.le is None else f"from {kind.ge:,} to {kind.le:,}"


def _wrong_type(path: KeyPath, value: object, right: str) -> Problem:
    return Problem(path=path, wrong=f"is {_named(value)}", right=f"give it {right}")


def _named(value: object) -> str:
    match value:
        case bool():
            return f"{str(value).lower()}, without quotes"
        case str():
            return f'the text "{value[:60]}"'
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case dict():
            return "a table"
        case datetime() | date() | time():
            return "a date or time"
        case _:
            return type(value).__name__

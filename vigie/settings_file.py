"""Reading vigie.toml: the settings, or every mistake in it at once."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from vigie.settings import Settings
from vigie.settings_checks import relation_problems
from vigie.settings_lines import KeyPath, lines_of, nearest_line
from vigie.settings_mistakes import Mistake, Problem, SettingsError
from vigie.settings_shape import shape_problems

FILE_BYTES_MAX = 4_000_000
_SETTINGS_TYPE = msgspec.inspect.type_info(Settings)


def load_settings(path: Path) -> Settings:
    """The settings in the file at `path`. Raises SettingsError with every mistake in it."""
    return parse_settings(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The text of a settings file. Raises SettingsError when it cannot be had."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise _file_error(path, "is larger than 4 MB", "name a settings file")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise _file_error(
            path, "there is no such file", "make one: vigie init https://www.example.com"
        ) from None
    except UnicodeDecodeError as error:
        raise _file_error(path, f"is not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    except OSError as error:
        raise _file_error(
            path, f"cannot be read ({error.strerror})", "name a file that can"
        ) from None


def parse_settings(text: str, file: str) -> Settings:
    """The settings in a TOML text; `file` is how mistakes call it. Raises SettingsError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_syntax_mistake(error, text, file)]) from None
    problems = [*shape_problems(document, _SETTINGS_TYPE), *relation_problems(document)]
    if problems:
        raise SettingsError(list(_placed(problems, document, text, file)))
    return msgspec.convert(document, Settings)


def _placed(
    problems: list[Problem], document: dict[str, Any], text: str, file: str
) -> Iterator[Mistake]:
    lines = lines_of(text)
    for problem in sorted(problems, key=lambda each: nearest_line(lines, each.path) or 0):
        yield Mistake(
            file=file,
            line=nearest_line(lines, problem.path),
            key=_key_text(problem.path, document),
            wrong=problem.wrong,
            right=problem.right,
        )


def _key_text(path: KeyPath, document: dict[str, Any]) -> str:
    """A path for people: the items of arrays by their id where they have one, else from 1."""
    text = ""
    value: Any = document
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            value = None
        if isinstance(part, int):
            name = value.get("id") if isinstance(value, dict) else None
            text += f"[{name if isinstance(name, str) and name else part + 1}]"
        else:
            text += f".{part}" if text else part
    return text


def _syntax_mistake(error: tomllib.TOMLDecodeError, text: str, file: str) -> Mistake:
    said = str(error)
    place = re.search(r" \(at line (\d+), column (\d+)\)$", said)
    at_end = said.endswith("(at end of document)")
    line = int(place[1]) if place else text.count("\n") + 1 if at_end else None
    said = said[: place.start()] if place else said.removesuffix(" (at end of document)")
    column = f", column {place[2]}" if place else ""
    return Mistake(
        file=file,
        line=line,
        key="",
        wrong=f"is not TOML{column}: {said[:1].lower()}{said[1:]}",
        right="mend the line; texts stand in quotes, lists in [ ], one setting a line",
    )


def _file_error(path: Path, wrong: str, right: str) -> SettingsError:
    return SettingsError([Mistake(file=str(path), line=None, key="", wrong=wrong, right=right)])

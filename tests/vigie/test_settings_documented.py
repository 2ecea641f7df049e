"""Every setting is documented with its type and default, and every example passes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from vigie.settings import Settings
from vigie.settings_file import load_settings, parse_settings

Row = tuple[str, str, str]
"""Section, setting, and what is said of it: type and default."""

KINDS = {
    inspect.BoolType: "true or false",
    inspect.IntType: "whole number",
    inspect.FloatType: "number",
    inspect.StrType: "text",
    inspect.LiteralType: "text",
    inspect.StructType: "table",
}


def kind_words(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.UnionType):
        kind = kind.types[0]
    if isinstance(kind, inspect.VarTupleType):
        inner = "tables" if isinstance(kind.item_type, inspect.StructType) else "texts"
        return f"list of {inner}"
    if isinstance(kind, inspect.DictType) and isinstance(kind.value_type, inspect.FloatType):
        return "table of numbers"
    if isinstance(kind, inspect.DictType):
        return f"table of {KINDS[type(kind.value_type)]}s"
    return KINDS[type(kind)]


def default_words(field: inspect.Field) -> str:
    if field.required:
        return "required"
    value: Any = field.default
    if field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    if value is None:
        return "unset"
    return f"`{msgspec.json.encode(value).decode().replace(',', ', ')}`"


def declared(
    kind: inspect.StructType, section: str, seen: set[type] | None = None
) -> Iterator[Row]:
    """What the types declare, a row a setting; the deeper sections come after, each type once."""
    seen = set() if seen is None else seen
    seen.add(kind.cls)
    deeper: list[tuple[inspect.StructType, str]] = []
    prefix = section.strip("[]`")
    for field in kind.fields:
        inner = field.type
        if isinstance(inner, inspect.UnionType):
            inner = next(each for each in inner.types if not isinstance(each, inspect.NoneType))
        if isinstance(inner, inspect.StructType):
            name = f"{prefix}.{field.name}" if prefix else field.name
            deeper.append((inner, f"`[{name}]`"))
            if not prefix:
                continue
        if isinstance(inner, inspect.VarTupleType) and isinstance(
            inner.item_type, inspect.StructType
        ):
            name = f"{prefix}.{field.name}" if prefix else field.name
            deeper.append((inner.item_type, f"`[[{name}]]`"))
            if not prefix:
                continue
        yield section, field.name, f"{kind_words(inner)} | {default_words(field)}"
    for inner, name in deeper:
        if inner.cls not in seen:
            yield from declared(inner, name, seen)


def documented(text: str) -> Iterator[Row]:
    section = ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| `"):
            name, kind, default, meaning = (cell.strip() for cell in line.strip("|").split(" | "))
            assert meaning.endswith("."), f"{name} has no meaning"
            yield section.replace("Top of the file", ""), name.strip("`"), f"{kind} | {default}"


@pytest.fixture(scope="module")
def page(project_root: Path) -> str:
    return (project_root / "docs" / "settings.md").read_text("utf-8")


def test_the_page_says_of_every_setting_what_the_code_declares(page: str) -> None:
    types = inspect.type_info(Settings)
    assert isinstance(types, inspect.StructType)
    wanted = {(section, name): words for section, name, words in declared(types, "")}
    found = {(section, name): words for section, name, words in documented(page)}
    assert len(wanted) > 50
    assert found == wanted


def test_the_pages_examples_pass_all_together(page: str) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    settings = parse_settings("\n".join(blocks), "docs/settings.md")
    assert len(blocks) == page.count("\n## ")
    assert settings.journeys[0].steps[-1].name == "Order paid"


def test_the_example_file_passes(project_root: Path) -> None:
    settings = load_settings(project_root / "examples" / "vigie.toml")
    assert settings.journeys[0].monitors == ("shop-home", "shop-api")

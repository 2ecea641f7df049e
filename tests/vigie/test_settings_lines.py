"""The line of every key is found, however the TOML around it is written."""

import json
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vigie.settings_lines import KeyPath, lines_of, nearest_line

AWKWARD = '''\
title = "a # b"  # [not.a.table]
"quoted key" = 1
dotted . key = { x = 1, "y" = [ 2,
  { z = 3 } ] }
text = """
[no] = "table"
\\""" still in it """""
raw = \'\'\'
a = 1\'\'\'
when = 1979-05-27 07:32:00 # a space in it
[ table . "with.dot" ]
items = [
  "]", # ]
  'a\\',
  [ [ 1 ], [] ],
]
[[many]]
id = 1
[[many.inner]]
a = 1
[[many.inner]]
a = 2
[many.inner.leaf]
b = 1
[[many]]
[[many.inner]]
a = 3
'''
PLACES: dict[KeyPath, int] = {
    ("title",): 1,
    ("quoted key",): 2,
    ("dotted", "key", "x"): 3,
    ("dotted", "key", "y", 1, "z"): 4,
    ("text",): 5,
    ("raw",): 8,
    ("when",): 10,
    ("table", "with.dot"): 11,
    ("table", "with.dot", "items", 0): 13,
    ("table", "with.dot", "items", 1): 14,
    ("table", "with.dot", "items", 2, 0, 0): 15,
    ("many", 0, "id"): 18,
    ("many", 0, "inner", 0, "a"): 20,
    ("many", 0, "inner", 1, "a"): 22,
    ("many", 0, "inner", 1, "leaf", "b"): 24,
    ("many", 1): 25,
    ("many", 1, "inner", 0, "a"): 27,
}


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return {path, *(deep for key, item in items for deep in paths(item, (*path, key)))}


def test_each_key_and_item_has_its_line() -> None:
    lines = lines_of(AWKWARD)
    assert {path: lines.get(path) for path in PLACES} == PLACES
    assert nearest_line(lines, ("many", 0, "missing", 3)) == 17
    assert nearest_line(lines, ("missing",)) is None


def test_nothing_that_tomllib_reads_is_without_a_line() -> None:
    read = paths(tomllib.loads(AWKWARD)) - {()}
    implied = {("dotted",), ("table",)}  # named only as part of a longer key
    assert read - lines_of(AWKWARD).keys() <= implied


WORDS = st.text(st.sampled_from('ab"\\#[]{}=,\n é'), max_size=6)
VALUES = st.recursive(
    WORDS.map(json.dumps) | st.integers(0, 99).map(str),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: "[" + ",\n".join(items) + "]"),
    max_leaves=5,
)


@given(st.lists(VALUES, max_size=6))
def test_a_key_stands_where_it_was_written(values: list[str]) -> None:
    text = ""
    expected: dict[KeyPath, int] = {}
    for number, value in enumerate(values):
        expected[(f"key{number}",)] = text.count("\n") + 1
        text += f"key{number} = {value}\n"
    lines = lines_of(text)
    assert {path: lines[path] for path in expected} == expected
    assert paths(tomllib.loads(text)) - {()} == lines.keys()

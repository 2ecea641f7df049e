"""Texts as numbers: which there are, joined, and looked up among others."""

import pyarrow as pa
import pytest

from analytics.coded import coded, joined

LEVELS = coded(["novice", "expert", "novice"])


def test_texts_come_back_as_they_were() -> None:
    assert LEVELS.texts() == ["novice", "expert", "novice"]
    assert coded([]).texts() == []


@pytest.mark.parametrize("kind", [pa.string(), pa.date32(), pa.dictionary(pa.int32(), pa.string())])
def test_of_nothing_there_is_nothing(kind: pa.DataType) -> None:
    for chunks in ([], [pa.array([], kind)]):
        found = coded(pa.chunked_array(chunks, kind))
        assert (found.texts(), found.found) == ([], [])


def test_chunks_that_are_coded_each_by_itself_are_coded_together() -> None:
    each = [pa.array(texts).dictionary_encode() for texts in (["a", "b"], ["b", "c", None])]
    assert coded(pa.chunked_array(each), "a").texts() == ["a", "b", "b", "c", "a"]


def test_what_is_missing_has_a_name() -> None:
    chunks = pa.chunked_array([["b", None], [None, "a"]], pa.string())
    assert coded(chunks, "undeclared").texts() == ["b", "undeclared", "undeclared", "a"]
    assert coded(chunks.dictionary_encode(), "none").texts() == ["b", "none", "none", "a"]


def test_joined_texts_have_the_names_of_both() -> None:
    both = joined(LEVELS, coded(["guest", "expert"]))
    assert both.texts() == ["novice", "expert", "novice", "guest", "expert"]
    assert joined(coded([]), LEVELS).texts() == LEVELS.texts()


def test_names_are_found_where_an_element_has_them() -> None:
    assert LEVELS.found == ["novice", "expert"]
    assert LEVELS[LEVELS.are("expert")].found == ["expert"]
    assert not LEVELS.are("guest").any()
    assert LEVELS.among(["expert", "guest"]).tolist() == [-1, 0, -1]
    assert coded([]).among(["expert"]).tolist() == []

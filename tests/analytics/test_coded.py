"""Texts as numbers: which there are, joined, and looked up among others."""

import pyarrow as pa

from analytics.coded import coded, joined

LEVELS = coded(["novice", "expert", "novice"])


def test_texts_come_back_as_they_were() -> None:
    assert LEVELS.texts() == ["novice", "expert", "novice"]
    assert coded([]).texts() == []


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

"""The code that a user reads out, and the sessions that it may mean."""

import re
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rum.session_code import ALPHABET, Range, code_of, ranges_of

IDS = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")


def within(session: str, ranges: tuple[Range, ...]) -> bool:
    return any(each.low <= session <= each.high for each in ranges)


def test_known_codes() -> None:
    assert code_of("0" * 32) == "0000-0000"
    assert code_of("f" * 32) == "ZZZZ-ZZZZ"
    assert code_of("0123456789abcdef" * 2) == "04HM-ASW9"


@given(IDS)
def test_a_session_is_within_what_its_code_and_its_id_mean(session: str) -> None:
    code = code_of(session)
    for said in (code, code.lower(), code.replace("-", ""), f" {code[:4]} {code[5:]}. ", code[:7]):
        assert within(session, ranges_of(said))
    for digits in (8, 20, 32):
        assert within(session, ranges_of(session[:digits]))


@given(IDS, IDS)
def test_another_code_means_other_sessions(session: str, other: str) -> None:
    if code_of(session) != code_of(other):
        (found, *_) = ranges_of(code_of(session))
        assert not found.low <= other <= found.high


def test_letters_that_are_taken_for_figures_are_heard_as_such() -> None:
    assert ranges_of("OIL0-1010") == ranges_of("0110-1010")


def test_what_is_no_code_means_nothing() -> None:
    for text in ("", "K7", "K7QM2F9X1", "jean@example.com", "K7QM-2F9U", "a" * 33):
        assert ranges_of(text) == ()


def test_the_documented_line_makes_the_same_code(project_root: Path) -> None:
    text = (project_root / "docs" / "rum.md").read_text("utf-8")
    found = re.search(r"```js\n(const code = .*?)\n```", text, re.DOTALL)
    assert found
    ids = ["0123456789abcdef" * 2, "f" * 32, "0" * 32, "a1b2c3d4e5" + "0" * 22]
    script = f"{found[1]}; console.log({ids!r}.map(code).join(' '))"
    said = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [code_of(session) for session in ids]
    assert set(ALPHABET) <= set(found[1])

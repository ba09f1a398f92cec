"""What is told steers no terminal, and fits into any message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.orchestration.execution.words import CUT, MOST_CHARACTERS, bounded, printable

ANY_TEXT = st.text(st.characters())


@pytest.mark.parametrize(
    "sign", ["\x00", "\x07", "\x08", "\n", "\r", "\x1b", "\x7f", "\x85", "\x9b", "\u202e", "\u2066"]
)
def test_what_a_terminal_acts_upon_is_replaced(sign: str) -> None:
    assert printable(f"a{sign}[2Jb") == "a\ufffd[2Jb"


def test_whatever_else_is_said_stays() -> None:
    text = "Ünïcode\t数据 — 1 % [red] {x} \u2028"
    assert printable(text) == text


def test_half_a_character_can_be_told() -> None:
    assert printable("a\ud800b").encode().decode() == "a\ufffdb"


@given(ANY_TEXT, st.integers(1, 2 * MOST_CHARACTERS))
def test_whatever_is_said_is_short_and_bounded_once(text: str, times: int) -> None:
    told = bounded(text * times)
    assert len(told) <= MOST_CHARACTERS
    assert bounded(told) == told
    assert told.endswith(CUT) == (len(text * times) > MOST_CHARACTERS or text.endswith(CUT))

"""A cursor leads back to its place, and to no other log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.errors import RequestError
from quantos.orchestration.logs.cursor import Place, cursor_text, place_of
from quantos.orchestration.protocol.rows import AttemptKey
from tests.support.runs import RUN

KEY = AttemptKey(RUN, "n", 1)
CURSOR = cursor_text(KEY, Place(3, 70))


@given(part=st.integers(0, 999_999), offset=st.integers(0, 2**20))
def test_a_cursor_leads_back(part: int, offset: int) -> None:
    assert place_of(KEY, cursor_text(KEY, Place(part, offset))) == Place(part, offset)


@given(place=st.integers(0, len(CURSOR) - 1), letter=st.sampled_from("AZaz09-_"))
def test_a_changed_cursor_is_refused(place: int, letter: str) -> None:
    changed = CURSOR[:place] + letter + CURSOR[place + 1 :]
    if changed != CURSOR:
        with pytest.raises(RequestError, match="the cursor is none of the log of alpha/x/1/n/1"):
            place_of(KEY, changed)


@pytest.mark.parametrize("text", ["", "x", "é", "a" * 500, CURSOR[:-1], CURSOR + "A", " " + CURSOR])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(RequestError):
        place_of(KEY, text)


def test_a_cursor_of_another_attempt_is_refused() -> None:
    for other in (AttemptKey(RUN, "n", 2), AttemptKey(RUN, "m", 1)):
        with pytest.raises(RequestError):
            place_of(other, CURSOR)


def test_a_place_that_no_part_has_is_refused() -> None:
    with pytest.raises(RequestError):
        place_of(KEY, cursor_text(KEY, Place(0, 999_999_999_999)))

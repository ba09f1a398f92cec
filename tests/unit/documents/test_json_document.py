"""JSON by its own grammar, with the places of YAML."""

import json

from hypothesis import given
from hypothesis import strategies as st

from quantos.documents.json_document import read_json
from quantos.faults import Position

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.lists(VALUES) | st.dictionaries(st.text(), VALUES), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_any_json_is_what_it_says(value: object, escaped: bool, indent: int | str | None) -> None:
    document = read_json(json.dumps(value, ensure_ascii=escaped, indent=indent))

    assert document is not None
    assert document.value == value
    assert not document.faults


def test_values_stand_where_they_begin_and_members_where_their_keys_do() -> None:
    document = read_json('{"a": [1,\n  {"b": null}]}')

    assert document is not None
    assert document.place(("a", 1, "b")) == Position(2, 4)
    assert document.place(("a", 0)) == Position(1, 8)
    assert document.place(("a", 7)) == Position(1, 2)


def test_what_is_no_json_is_not_read() -> None:
    assert all(read_json(text) is None for text in ("{a: 1}", "[1,]", "[NaN]", "a", "", '{"a": 1} x', "1"))

"""Whatever a value is, it is one literal where its name stood, and the statement means the same around it."""

import json
import math

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from quantos.errors import OrchestrationError
from quantos.orchestration.sql.binding import GREATEST, MOST_BYTES, bind, literal

AROUND = """SELECT ':v' AS a, ":v", 'it''s :v' || x -- :v
FROM m.t /* :v ' */ WHERE d >=:v AND a[1] = 2"""
NASTY = [
    "'",
    "''",
    "\\'",
    "'; DROP TABLE m.t --",
    "/*",
    "*/",
    "--",
    ":v",
    "\n",
    "\r",
    '"',
    "${x}",
    "é\U0001f600",
    "",
    "?",
    "$$",
]
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-GREATEST, max_value=GREATEST),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.lists(st.sampled_from(NASTY), max_size=4).map("".join),
)


def of_literal(node: exp.Expr) -> object:
    match node:
        case exp.Null():
            return None
        case exp.Boolean():
            return node.this
        case exp.Paren(this=exp.Neg(this=inner)):
            return -of_literal(inner)
        case exp.Literal(is_string=True):
            return node.name
        case exp.Literal():
            return float(node.name) if "E" in node.name else int(node.name)
    raise AssertionError(repr(node))


@given(values)
def test_only_the_place_of_a_parameter_changes(value: object) -> None:
    tree = sqlglot.parse_one(bind(AROUND, {"v": value}).text, dialect="trino")
    plain = sqlglot.parse_one(bind(AROUND, {"v": None}).text, dialect="trino")
    comparison = tree.find(exp.GTE)
    assert comparison is not None
    assert json.dumps(of_literal(comparison.expression)) == json.dumps(value)
    comparison.set("expression", exp.Null())
    assert tree == plain


@given(values, values)
def test_names_are_bound_each_with_its_own_value(first: object, second: object) -> None:
    tree = sqlglot.parse_one(bind("SELECT :a AS x, :b AS y, :a AS z", {"a": first, "b": second}).text, dialect="trino")
    assert json.dumps([of_literal(each.this) for each in tree.find_all(exp.Alias)]) == json.dumps(
        [first, second, first]
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, GREATEST + 1, -GREATEST - 1, "a\0b", "\ud800", [1], {"a": 1}])
def test_what_no_literal_has_is_refused(value: object) -> None:
    with pytest.raises(OrchestrationError, match="cannot be bound"):
        literal(value)


@pytest.mark.parametrize(
    ("text", "parameters", "expected"),
    [
        ("SELECT :a", {}, "line 1, column 8: :a has no value"),
        ("SELECT 1", {"a": 1}, "has no :a, for which there is a value"),
        ("SELECT ':a'", {"a": 1}, "has no :a, for which there is a value"),
        ("SELECT 1,\n  ?", {}, "line 2, column 3: [?] is no parameter here"),
        ("SELECT 'x", {}, "without an end"),
        ("-- only", {}, "is empty"),
        ("SELECT '" + "x" * MOST_BYTES + "'", {}, "has more than 65536 bytes"),
        ("SELECT a IN (" + "1," * 9000 + "1) AS b", {}, "has more than 16384 words and signs"),
    ],
)
def test_what_cannot_be_bound_says_where(text: str, parameters: dict[str, object], expected: str) -> None:
    with pytest.raises(OrchestrationError, match=expected):
        bind(text, parameters)


@pytest.mark.parametrize(
    ("stated", "run"),
    [
        ("SELECT 1; -- done", "SELECT 1"),
        ("SELECT /* /* */ 1", "SELECT 1"),
        ("SELECT 1 -- a\r, 2", "SELECT 1 , 2"),
        ("SELECT a--b\n,c", "SELECT a\n,c"),
        ("SELECT a/**/b", "SELECT a b"),
        ("SELECT '/*', \"--\"", "SELECT '/*', \"--\""),
        ("SELECT a.b||c, X'65'", "SELECT a.b||c, X'65'"),
    ],
)
def test_comments_are_left_out(stated: str, run: str) -> None:
    assert bind(stated, {}).text == run


def test_places_are_those_of_the_statement_as_it_was_written() -> None:
    stated = "-- a comment\nSELECT :long, /* x\n */ here"
    bound = bind(stated, {"long": "'" * 100})
    assert bound.place(bound.text.index("here")) == "line 3, column 5"

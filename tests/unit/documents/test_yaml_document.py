"""YAML has one reading: what two readers take for two things is refused where it stands."""

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from quantos.documents import yaml_document
from quantos.documents.yaml_document import read_yaml
from quantos.faults import Position


def told(text: str) -> list[str]:
    return [fault.line("f.yaml") for fault in read_yaml(text).faults]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 12", 12),
        ("a: -0.5", -0.5),
        ("a: 1e3", 1000.0),
        ("a: 0x1F", 31),
        ("a: true", True),
        ("a: ~", None),
        ("a:", None),
        ("a: 2026-12-31", "2026-12-31"),
        ('a: "16:00"', "16:00"),
        ("a: 'yes'", "yes"),
        ("a: 3.8.x", "3.8.x"),
        ("a: 10.20.0.0/16", "10.20.0.0/16"),
        ("a: .inf", math.inf),
        ('{"a": [1, {"b": null}]}', [1, {"b": None}]),
    ],
)
def test_a_value_is_what_it_looks_like(text: str, value: object) -> None:
    document = read_yaml(text)

    assert document.value == {"a": value}
    assert not document.faults


@pytest.mark.parametrize(
    "text", ["yes", "No", "on", "OFF", "y", "16:00", "9:30", "1:30:00", "0755", "012", "1_000", "0b11", "0o17"]
)
def test_what_two_readers_take_for_two_things_has_to_be_quoted(text: str) -> None:
    document = read_yaml(f"name: x\nfield: {text}\n")

    (fault,) = document.faults
    assert (fault.path, fault.place) == (("field",), Position(2, 8))
    assert "quote" in fault.message
    assert read_yaml(f'field: "{text}"').value == {"field": text}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: 1\nb: 2\na: 3", "line 3, column 1: a: key 'a' stands twice, first in line 1", id="key-twice"),
        pytest.param('{"a": 1, "a": 1}', "line 1, column 10: a: key 'a' stands twice", id="key-twice-in-json"),
        pytest.param('{99: 1, "99": 2}', "key '99' stands twice", id="one-key-in-two-forms"),
        pytest.param("a: &x 1\nb: *x", "line 1, column 4: &x is not read here", id="anchor"),
        pytest.param("a: *x", "line 1, column 4: *x is not read here", id="alias"),
        pytest.param("a: !!str 3", "line 1, column 4: a: a tag (tag:yaml.org,2002:str) is not read", id="tag"),
        pytest.param("a: !!python/object:os.system x", "a tag (tag:yaml.org,2002:python/object", id="object"),
        pytest.param("a: {<<: {b: 1}}", "a merge key (<<) is not read here", id="merge-key"),
        pytest.param("? [a]\n: 1", "a key must be a plain word", id="list-as-key"),
        pytest.param("a: 1\n---\nb: 2", "holds a second document", id="two-documents"),
        pytest.param("a: [1,\n", "line 2, column 1: is not YAML", id="cut-off"),
        pytest.param("a:\n\t- b", "line 2, column 1: is not YAML", id="tab"),
        pytest.param("a: \x00", "line 1, column 4: is not YAML", id="nul"),
        pytest.param("a: \ud800", "line 1, column 4: is not YAML", id="half-a-character"),
        pytest.param("? [a]\n: &x 1\nb: 2", "line 2, column 3: &x is not read here", id="anchor-below-a-list-as-key"),
        pytest.param("[" * 5000, "nested too deeply", id="deep"),
        pytest.param("{? " * 5000, "nested too deeply", id="deep-keys"),
        pytest.param("[" * 101 + "]" * 101, "nested too deeply", id="deep-json"),
        pytest.param('{"a": NaN}', "line 1, column 7: a: NaN is no number of JSON's", id="no-number"),
    ],
)
def test_what_nobody_can_have_meant_is_refused_where_it_stands(text: str, expected: str) -> None:
    assert any(expected in line for line in told(text)), told(text)


def test_everything_is_told_at_once() -> None:
    assert [fault.field for fault in read_yaml("a: yes\nb: {c: 0755, c: 1}\n'd.e': 9:30\n").faults] == [
        "a",
        "b.c",
        "b.c",
        '"d.e"',
    ]


@pytest.mark.parametrize("parser", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
@pytest.mark.parametrize(
    "written",
    [
        *('"\\UFFFFFFFF"', '"\\U00110000"', '"\\uD800"'),
        *("0x" + "f" * 3990, "0x" + "f" * 9000, "9" * 5000, "-" + "9" * 5000),
    ],
    ids=lambda written: written[:12],
)
def test_what_a_parser_cannot_hold_is_a_fault(
    parser: type[yaml.SafeLoader], written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_document, "_PARSER", parser)

    for text in (f"a: {written}", f"{written}: a", f"[{written}]"):
        assert read_yaml(text).faults


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    read_yaml(text)

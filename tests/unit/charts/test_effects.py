"""Values without effect: the chart renders the same without them, and with others."""

import itertools

import pytest

from quantos.charts.effects import literal_templates, stated, vain_values, without
from quantos.charts.values_file import values_file

SHOWN = values_file("size: 1\nmode: fast\nfree: {}\nlisted: []\nscaler: {enabled: false}\n", name="values.yaml")


def render(values) -> dict[str, str]:
    """A chart that reads `size` unless a scaler sets it, `mode`, the first items' `name`, and a name with a default."""
    if values.get("mode") == "wrong":
        return {}
    scaled = values.get("scaler", {}).get("enabled", False)
    names = [each.get("name", "") for each in values.get("listed", [])]
    lines = [
        f"size: {'' if scaled else values.get('size', 1)}",
        f"mode: {values.get('mode', 'fast')}",
        f"account: {values.get('account', 'web')}",
        *names,
    ]
    return {"a.yaml": "\n".join(lines)}


def vain(values, *, render=render, read=frozenset()) -> list[str]:
    return [each.path for each in vain_values(values, SHOWN, render, read=read)]


@pytest.mark.parametrize(
    ("values", "paths"),
    [
        ({"size": 3}, []),
        ({"size": 1}, []),
        ({"mode": "slow"}, []),
        ({"account": "web"}, []),
        ({"acount": "web"}, ["acount"]),
        ({"size": 3, "scaler": {"enabled": True}}, ["size"]),
        ({"free": {"a": {"b": 1}, "c": 2}}, ["free.a.b", "free.c"]),
        ({"free": {"empty": {}}}, ["free.empty"]),
        ({"listed": [{"name": "a", "label": "b"}]}, ["listed[0].label"]),
        ({"listed": [{"name": "a"}, {"nome": "b"}]}, ["listed[1].nome"]),
        ({"words": ["a"]}, ["words"]),
    ],
)
def test_a_value_that_the_chart_does_not_read_is_told(values, paths) -> None:
    assert vain(values) == paths


def test_a_chart_that_fails_without_a_value_or_with_another_reads_it() -> None:
    def strict(values) -> dict[str, str]:
        return {"a.yaml": "same"} if values.get("needed") == 1 else {}

    assert vain({"needed": 1}, render=strict) == []


def test_lines_that_change_by_themselves_are_not_compared() -> None:
    count = itertools.count()

    def made_up(values) -> dict[str, str]:
        return {"a.yaml": f"password: {next(count)}\nsize: {values.get('size', 1)}"}

    assert vain({"size": 2, "other": 3}, render=made_up) == ["other"]


def test_a_value_that_was_read_elsewhere_is_not_tried() -> None:
    assert vain({"a": 1, "b": 1}, read=frozenset({"a"})) == ["b"]


def test_paths_are_named_as_people_read_them() -> None:
    assert stated({"a": {"b.c": 1}, "d": [{"e": [1, 2]}], "f": {}}) == {"a.b.c", "d[0].e", "f"}


def test_taking_a_value_away_takes_mappings_that_held_nothing_else() -> None:
    assert without({"a": {"b": {"c": 1}}, "d": 2}, ("a", "b", "c")) == {"d": 2}
    assert without({"a": [{"b": 1, "c": 2}, {"d": 3}]}, ("a", 0, "b")) == {"a": [{"c": 2}, {"d": 3}]}


@pytest.mark.parametrize(
    ("value", "rendered", "literal"),
    [
        ('{{ "logs/{{workflow.name}}" }}', 'key: {{ "logs/{{workflow.name}}" }}', True),
        ('{{ "logs/{{workflow.name}}" }}', "key: logs/{{workflow.name}}", False),
        ('{{ "a {{b}}" }}', 'key: "{{ \\"a {{b}}\\" }}"', True),
        ("{{ .Release.Name }}-x", "key: {{ .Release.Name }}-x", True),
        ("{{ .Release.Name }}-x", "key: web-x", False),
        ("{{ $labels.pod }} is down", "text: {{ $labels.pod }} is down", False),
        ("logs/{{workflow.name}}", "key: logs/{{workflow.name}}", False),
    ],
)
def test_a_template_that_the_chart_takes_for_text_is_told(value, rendered, literal) -> None:
    told = [each.path for each in literal_templates({"a": [{"key": value}]}, {"a.yaml": rendered})]
    assert told == (["a[0].key"] if literal else [])

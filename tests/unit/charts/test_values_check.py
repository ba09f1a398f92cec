"""Values against what a chart shows: known, commented, left open, Kubernetes' own, of a sub-chart; and mutations."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantos.charts.adapters import folder
from quantos.charts.adapters.folder import ChartsFolder
from quantos.charts.chart import Chart
from quantos.charts.values_check import unknown_keys, values_complaints
from quantos.charts.values_file import Known, values_file
from quantos.errors import ChartsError
from tests.support.charts_folder import charts_folder


@pytest.fixture(scope="module")
def chart(tmp_path_factory) -> Chart:
    found = ChartsFolder(charts_folder(tmp_path_factory.mktemp("charts"))).chart("broker")
    assert found is not None
    return found


def said(values, chart, *, verdict="refused") -> list[str]:
    return [each.path for each in unknown_keys(values, chart.values) if each.verdict == verdict]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"replicas": 3, "config": {"level": "debug"}}, id="shown"),
        pytest.param({"nameOverride": "a", "config": {"format": "text"}}, id="commented-out"),
        pytest.param({"extra": {"anything": {"at": ["all"]}}}, id="left-open"),
        pytest.param({"replicas": None, "config": None}, id="taken-away"),
        pytest.param({"resources": {"limits": {"memory": "1Gi", "vendor.example/gpu": 1}}}, id="resources"),
        pytest.param({"workers": {"resources": {"first": {"limits": {"cpu": 1}}}}}, id="resources-by-part"),
        pytest.param({"securityContext": {"runAsUser": 1000650000}}, id="container-security"),
        pytest.param({"securityContext": {"fsGroup": 1}}, id="pod-security"),
        pytest.param({"podAnnotations": {"a.example/b": "true"}}, id="annotations"),
        pytest.param({"service": {"ports": [{"name": "admin", "port": 81}]}}, id="items"),
        pytest.param({"service": {"ports": [{"key": "a", "operator": "Exists"}]}}, id="items-that-are-kubernetes-own"),
        pytest.param({"cache": {"size": "2Gi", "enabled": False}}, id="sub-chart-as-shown"),
        pytest.param({"podLabels": {"names": ["a", "b"]}}, id="several-labels"),
        pytest.param({"global": {"registry": "a"}}, id="global"),
        pytest.param({"extra": "several:\n  lines: as text\n"}, id="mapping-as-text"),
    ],
)
def test_what_the_chart_knows_is_taken(chart, values) -> None:
    assert said(values, chart) == []


@pytest.mark.parametrize(
    ("values", "path"),
    [
        pytest.param({"replica": 3}, "replica", id="top"),
        pytest.param({"config": {"levle": "debug"}}, "config.levle", id="nested"),
        pytest.param({"text": 1}, "text", id="key-within-a-text"),
        pytest.param({"commented": 1}, "commented", id="comment-within-a-text"),
        pytest.param({"extra": {"frist": 1}}, "extra.frist", id="open-but-almost-a-shown-key"),
        pytest.param({"resources": {"limit": {"memory": "1Gi"}}}, "resources", id="shape"),
        pytest.param({"resources": {"limits": {"memroy": "1Gi"}}}, "resources.limits", id="resource-name"),
        pytest.param(
            {"workers": {"resources": {"first": {"limit": {}}}}}, "workers.resources.first", id="shape-by-part"
        ),
        pytest.param({"workers": {"resources": {"second": {}}}}, "workers.resources.second", id="no-such-part"),
        pytest.param({"securityContext": {"runAsRoot": False}}, "securityContext", id="security"),
        pytest.param({"workerTolerations": [{"kee": "a"}]}, "workerTolerations[0]", id="shape-by-ending"),
        pytest.param({"podAnnotations": {"scrape": True}}, "podAnnotations.scrape", id="annotation-not-text"),
        pytest.param({"nodeSelector": {"arm": True}}, "nodeSelector.arm", id="selector-not-text"),
        pytest.param({"service": {"ports": [{"nmae": "a"}]}}, "service.ports[0].nmae", id="item"),
        pytest.param({"service": {"ports": {"name": "a"}}}, "service.ports", id="mapping-for-list"),
        pytest.param({"config": [1]}, "config", id="list-for-mapping"),
        pytest.param({"config": "debug"}, "config", id="text-for-mapping"),
        pytest.param({"replicas": {"count": 1}}, "replicas", id="mapping-for-number"),
        pytest.param({"enabled": "false"}, "enabled", id="truth-as-text"),
        pytest.param({"replicas": 2_000_000}, "replicas", id="large-number"),
        pytest.param({"cache": {"siez": "2Gi"}}, "cache.siez", id="sub-chart-almost-shown"),
    ],
)
def test_what_the_chart_does_not_know_is_refused_at_its_path(chart, values, path) -> None:
    assert said(values, chart) == [path]


def test_a_key_of_a_sub_chart_that_is_not_at_hand_is_not_judged_unless_kubernetes_knows_its_shape(chart) -> None:
    values = {"cache": {"eviction": "lru", "resources": {"limit": {}}}}
    assert said(values, chart) == ["cache.resources"]
    assert said(values, chart, verdict="unjudged") == ["cache.eviction"]


def test_a_whole_chart_brings_its_sub_charts_and_the_keys_that_its_templates_read(tmp_path) -> None:
    whole = ChartsFolder(charts_folder(tmp_path, whole=True)).chart("broker")
    assert whole is not None
    assert said({"cache": {"eviction": "lru"}, "hidden": {"network": True}}, whole) == []
    assert said({"cache": {"policy": "lru"}, "hiden": {}}, whole) == ["cache.policy", "hiden"]


def test_a_large_number_in_what_a_template_copies_is_only_advised_against(chart) -> None:
    assert said({"extra": {"bytes": 104857600}}, chart) == []
    assert said({"extra": {"bytes": 104857600}}, chart, verdict="advised") == ["extra.bytes"]


SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "$defs": {"level": {"type": "string", "enum": ["info", "debug"]}},
    "properties": {
        "config": {
            "type": "object",
            "properties": {
                "level": {"$ref": "#/$defs/level"},
                "limit": {"type": "integer"},
                "more": {"type": "object", "additionalProperties": True},
                "elsewhere": {"$ref": "https://schemas.example.dev/nowhere.json"},
            },
            "additionalProperties": False,
        }
    },
    "required": ["replicas"],
}


@pytest.mark.parametrize(
    ("values", "paths"),
    [
        pytest.param({"config": {"limit": 5_000_000, "more": {"a": {"b": 1}}}}, [], id="named-by-the-schema"),
        pytest.param({"config": {"elsewhere": 1}}, [], id="schema-elsewhere-is-not-fetched"),
        pytest.param({"config": {"level": "loud"}}, ["config.level"], id="enum"),
        pytest.param({"config": {"limits": 1}}, ["config.limits", "config"], id="unknown-to-both"),
        pytest.param({"replicas": None}, [""], id="required-taken-away"),
    ],
)
def test_a_schema_names_keys_and_judges_values_merged_with_the_defaults(tmp_path, values, paths) -> None:
    chart = ChartsFolder(charts_folder(tmp_path, schema=SCHEMA)).chart("broker")
    assert chart is not None
    assert [each.path for each in values_complaints(values, chart.values)] == paths


def _paths(known: Known, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, below in known.keys.items():
        found += [(*path, name), *_paths(below, (*path, name))] if below.shown else []
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_defaults_are_never_refused_and_a_wrong_letter_in_a_shown_key_always_is(chart, data) -> None:
    shown = chart.values.shown
    assert said(shown.default, chart) == []
    path = data.draw(st.sampled_from([each for each in _paths(shown) if len(each[-1]) > 4 and each[0] != "global"]))
    place = data.draw(st.integers(0, len(path[-1]) - 1))
    typo = f"{path[-1][:place]}Q{path[-1][place + 1 :]}"
    values: object = "x"
    for step in reversed((*path[:-1], typo)):
        values = {step: values}
    assert said(values, chart)


def test_a_value_that_becomes_a_part_of_a_custom_resource_is_held_against_its_definition(tmp_path, monkeypatch) -> None:
    parts = {"broker": {"config": ("example.dev", "Widget", "spec.template.spec")}}
    monkeypatch.setattr(folder, "PARTS", parts)
    chart = ChartsFolder(charts_folder(tmp_path)).chart("broker")
    assert chart is not None
    assert said({"config": {"tolerations": [{"key": "a"}]}}, chart) == []
    assert said({"config": {"tolerations": [{"kee": "a"}]}}, chart) == ["config.tolerations[0]"]


def test_a_values_file_that_is_none_is_an_error(tmp_path) -> None:
    for source in ("a: [", "- a"):
        with pytest.raises(ChartsError, match=r"values\.yaml is no"):
            values_file(source, name="values.yaml")


def test_a_folder_without_charts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ChartsError, match="no folder of charts"):
        ChartsFolder(tmp_path / "nowhere")
    with pytest.raises(ChartsError, match="holds no charts"):
        ChartsFolder(tmp_path)

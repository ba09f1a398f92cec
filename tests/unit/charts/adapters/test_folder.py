"""What a folder tells of charts: values that templates take whole, and fields of custom resources by their names."""

import gzip
import json

import pytest

from quantos.charts.adapters.folder import ChartsFolder
from quantos.charts.chart import Chart
from quantos.charts.values_check import values_complaints
from tests.support.charts_folder import charts_folder

TIME = {"type": "string", "pattern": "^[0-9]+d$"}
FIELDS = {
    "retention": TIME,
    "replicas": {"type": "integer", "minimum": 0},
    "image": {"type": "string"},
    "storage": {"type": "object", "properties": {}},
}
PROMETHEUS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "prometheuses.monitoring.coreos.com"},
    "spec": {
        "group": "monitoring.coreos.com",
        "names": {"kind": "Prometheus", "plural": "prometheuses"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "properties": FIELDS}},
                    }
                },
            }
        ],
    },
}
STACK = """
prometheus:
  prometheusSpec:
    retention: 10d
    retentionSize: ""
    replicas: 1
    image: {repository: prometheus}
    storageSpec: {}
"""


def chart_of(folder, name) -> Chart:
    chart = ChartsFolder(folder).chart(name)
    assert chart is not None
    return chart


def told(folder, chart, values) -> list[tuple[str, str]]:
    return [(each.path, each.what) for each in values_complaints(values, chart_of(folder, chart).values)]


@pytest.mark.parametrize(
    ("template", "values", "refused"),
    [
        ("", {"config": {"extra": 1}}, "config.extra"),
        ("{{ toYaml .Values.config }}", {"config": {"extra": 1}}, ""),
        ("{{ toYaml .Values.config }}", {"config": {"levl": 1}}, "config.levl"),
        ("{{ toYaml .Values.other }}", {"config": {"extra": 1}}, "config.extra"),
        ("{{ range $key, $value := .Values.config }}{{ end }}", {"config": {"extra": 1}}, ""),
        ('{{ range $key, $value := index .Values "config" }}{{ end }}', {"config": {"extra": {"a": 1}}}, ""),
        ("{{ with .Values.config }}\n{{ toYaml . | indent 2 }}{{ end }}", {"config": {"extra": 1}}, ""),
        ("{{ with .Values.config }}{{ .level }}{{ end }}{{ toYaml . }}", {"config": {"extra": 1}}, "config.extra"),
        ("{{ toYaml .Values.extra }}", {"extra": [1]}, ""),
        ("{{ .Values.extra.first }}", {"extra": [1]}, "extra"),
    ],
)
def test_what_a_template_takes_whole_may_hold_keys_of_its_own(tmp_path, template, values, refused) -> None:
    folder = charts_folder(tmp_path, whole=True)
    (folder / "broker" / "templates" / "config.yaml").write_text(template)
    assert [path for path, _ in told(folder, "broker", values)] == ([refused] if refused else [])


@pytest.mark.parametrize(
    ("spec", "refused"),
    [
        ({"retention": "30d"}, ""),
        ({"retention": "30 days"}, "prometheus.prometheusSpec.retention"),
        ({"replicas": -1}, "prometheus.prometheusSpec.replicas"),
        ({"image": {"repository": "mirror"}}, ""),
        ({"storageSpec": {"any": 1}}, ""),
        ({"retentionSize": ""}, ""),
    ],
)
def test_a_plain_value_that_becomes_a_field_of_a_custom_resource_keeps_to_its_schema(tmp_path, spec, refused) -> None:
    folder = charts_folder(tmp_path)
    (folder / "crds.json.gz").write_bytes(gzip.compress(json.dumps([PROMETHEUS]).encode()))
    (folder / "broker").rename(folder / "kube-prometheus-stack")
    (folder / "kube-prometheus-stack" / "values.yaml").write_text(STACK)
    refusals = told(folder, "kube-prometheus-stack", {"prometheus": {"prometheusSpec": spec}})
    assert [path for path, _ in refusals] == ([refused] if refused else [])


@pytest.mark.parametrize(
    ("values", "path", "what"),
    [
        ({"prometheus": {"storageSpec": {}}}, "prometheus.storageSpec", "did you mean prometheusSpec.storageSpec?"),
        ({"store": {"keep": {"done": 1}}}, "store.keep", "the chart knows this key one level up"),
        ({"store": {"archive": True}}, "", ""),
        ({"store": {"other": True}}, "", ""),
        ({"free": {"keep": True}}, "", ""),
    ],
)
def test_a_key_that_stands_one_level_too_high_or_too_low_is_told_where_it_belongs(tmp_path, values, path, what) -> None:
    folder = charts_folder(tmp_path)
    commented = "keep: {}\nfree: {}\nstore: {}\n# archive: false\n"
    (folder / "broker" / "values.yaml").write_text(f"{STACK}\n{commented}")
    refusals = told(folder, "broker", values)
    assert [each for each, _ in refusals] == ([path] if path else [])
    assert all(what in said for _, said in refusals)

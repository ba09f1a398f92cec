"""A program's releases and objects against a folder of charts: versions, needed values, rendering and pod rules."""

from dataclasses import replace
from datetime import date

import pytest

from quantos.charts.adapters.folder import ChartsFolder
from quantos.charts.adapters.helm import rendered
from quantos.charts.check import findings
from quantos.charts.documents import Document, Recorded, Release
from quantos.charts.pod_rules import pod_rules
from quantos.errors import ChartsError
from tests.support.charts_folder import charts_folder
from tests.support.environments import make_settings

TODAY = date(2026, 11, 21)
HARDENED: Document = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
BROKER = Release(
    chart="broker",
    version="1.2.3",
    repository="https://charts.example.dev",
    name="broker",
    namespace="bus",
    values={"replicas": 2},
)


@pytest.fixture
def plain(tmp_path) -> ChartsFolder:
    return ChartsFolder(charts_folder(tmp_path / "plain"))


@pytest.fixture
def whole(tmp_path) -> ChartsFolder:
    return ChartsFolder(charts_folder(tmp_path / "whole", whole=True))


def said(folder, *, releases=(), objects=(), verdict="refused") -> list[str]:
    recorded = Recorded(releases=tuple(releases), objects=tuple(objects))
    rules = pod_rules(make_settings(), today=TODAY)
    found = findings(recorded, folder, render=rendered, pod_rules=rules)
    return [str(each) for each in found if each.complaint.verdict == verdict]


def test_a_right_release_has_nothing_against_it(plain) -> None:
    assert said(plain, releases=[BROKER]) == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"version": "1.2.4"}, "version: pinned is 1.2.4, the folder has 1.2.3", id="version"),
        pytest.param({"chart": "brokr"}, "chart: the folder has no such chart", id="no-chart"),
        pytest.param({"values": {"replica": 1}}, "replica: the chart does not know this key", id="key"),
    ],
)
def test_a_wrong_release_is_named_with_its_path(plain, changed, says) -> None:
    found = said(plain, releases=[replace(BROKER, **changed)])
    assert found[0].startswith("release bus/broker (bro")
    assert says in found[0]


def test_a_chart_that_renders_nothing_without_a_value_is_told(plain, tmp_path) -> None:
    (tmp_path / "plain" / "broker").rename(tmp_path / "plain" / "cluster-autoscaler")
    release = replace(BROKER, chart="cluster-autoscaler", values={})
    assert any("autoDiscovery.clusterName" in each for each in said(plain, releases=[release]))


def test_objects_of_unknown_kinds_and_wrong_ones_are_told_and_plain_kinds_are_the_servers(plain) -> None:
    widget = {"apiVersion": "example.dev/v1", "kind": "Widget", "metadata": {"name": "a", "namespace": "b"}}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}, "dta": {}}
    assert said(plain, objects=[{**widget, "spec": {"size": 10}}, config]) == [
        "Widget b/a: spec.size: 10 is greater than the maximum of 9"
    ]


def test_a_whole_chart_is_rendered_and_its_pods_and_custom_resources_are_judged(whole) -> None:
    hardened = replace(BROKER, values={"replicas": 2, "securityContext": HARDENED})
    (resources,) = said(whole, releases=[hardened])
    assert resources.startswith("release bus/broker (broker): Deployment bus/broker: pod-resources: ")
    assert "container broker states no requests.cpu, requests.memory, limits.memory" in resources
    bare = said(whole, releases=[replace(BROKER, values={"replicas": 12, "hidden": {"network": True}})])
    told = "\n".join(bare)
    assert "Widget bus/made: spec.size: 12 is greater than the maximum of 9" in told
    assert {"pod-no-escalation", "pod-host-namespaces", "pod-capabilities"} <= {each.split(": ")[2] for each in bare}


def test_a_namespace_with_a_weaker_level_is_let_off_the_rules_of_the_level(whole) -> None:
    found = said(whole, releases=[replace(BROKER, namespace="node-agents")])
    assert {each.split(": ")[2] for each in found} == {"pod-resources"}


def test_a_chart_that_does_not_render_is_an_error_that_names_it(whole, tmp_path) -> None:
    (tmp_path / "whole" / "broker" / "templates" / "bad.yaml").write_text('{{ fail "give a name" }}')
    with pytest.raises(ChartsError, match=r"release bus/broker \(broker\) does not render: .*give a name"):
        said(whole, releases=[BROKER])

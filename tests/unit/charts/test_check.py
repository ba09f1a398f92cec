"""A program's releases and objects against a folder of charts: versions, needed values, rendering and pod rules."""

import shutil
from dataclasses import replace
from datetime import date

import pytest

from quantos.charts.adapters.folder import ChartsFolder
from quantos.charts.adapters.helm import Helm
from quantos.charts.check import Judged, judged
from quantos.charts.documents import Document, Recorded, Release
from quantos.charts.pod_rules import pod_rules
from quantos.charts.surroundings import surroundings
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


GADGET = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.dev}
spec:
  group: example.dev
  names: {kind: Gadget, plural: gadgets}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {size: {type: integer}, sign: {type: string, enum: [=, "<"]}}}
"""


@pytest.fixture
def plain(tmp_path) -> ChartsFolder:
    return ChartsFolder(charts_folder(tmp_path / "plain"))


@pytest.fixture
def whole(tmp_path) -> ChartsFolder:
    return ChartsFolder(charts_folder(tmp_path / "whole", whole=True))


def verdict_of(folder, *, releases=(), objects=()) -> Judged:
    settings = make_settings()
    return judged(
        Recorded(releases=tuple(releases), objects=tuple(objects)),
        folder,
        renderer=Helm(kubernetes_version="1.34.0"),
        pod_rules=pod_rules(settings, today=TODAY),
        surroundings=surroundings(settings, grants=()),
    )


OF_ONE = {"values", "definition", "pod"}
"""Kinds of findings that look at one release or object by itself."""


def said(folder, *, kinds=OF_ONE, **program) -> list[str]:
    verdict = verdict_of(folder, **program)
    return [str(each) for each in verdict.findings if each.complaint.verdict == "refused" and each.kind in kinds]


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


def test_a_mapping_that_a_template_copies_whole_may_be_a_list(plain, tmp_path) -> None:
    (tmp_path / "plain" / "broker").rename(tmp_path / "plain" / "gatekeeper")
    (tmp_path / "plain" / "gatekeeper" / "values.yaml").write_text("validatingWebhookCustomRules: {}\nlabels: {}\n")
    given = {"validatingWebhookCustomRules": [{"apiGroups": [""], "resources": ["pods"]}], "labels": ["a"]}
    assert said(plain, releases=[replace(BROKER, chart="gatekeeper", values=given)]) == [
        "release bus/broker (gatekeeper): labels: the chart has a mapping here, not a list"
    ]


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


def test_a_release_that_does_not_render_is_a_finding_and_the_others_are_still_judged(whole, tmp_path) -> None:
    shutil.copytree(tmp_path / "whole" / "broker", tmp_path / "whole" / "strict")
    (tmp_path / "whole" / "strict" / "templates" / "bad.yaml").write_text('{{ fail "give a name" }}')
    strict = replace(BROKER, chart="strict", name="strict")
    verdict = verdict_of(whole, releases=[strict, BROKER])
    failed = [str(each) for each in verdict.findings if each.kind == "rendering"]
    assert len(failed) == 1
    assert failed[0].startswith("release bus/strict (strict): does not render: ")
    assert "give a name" in failed[0]
    assert any(each.kind == "pod" and "release bus/broker" in each.where for each in verdict.findings)
    assert not verdict.installed.whole


def test_a_comment_right_behind_the_dashes_divides_a_file(whole, tmp_path) -> None:
    (tmp_path / "whole" / "broker" / "templates" / "widgets.yaml").write_text(
        "---# the first\n{apiVersion: example.dev/v1, kind: Widget, metadata: {name: one}, spec: {size: 10}}\n"
        "---#the second\n{apiVersion: example.dev/v1, kind: Widget, metadata: {name: two}, spec: {size: 11}}\n"
    )
    told = said(whole, releases=[BROKER], kinds={"definition"})
    assert [each.split(": ")[1] for each in told] == ["Widget bus/one", "Widget bus/two"]


@pytest.mark.parametrize("place", ["crds/gadget.yaml", "charts/cache/crds/gadget.yml", "files/crds/full/gadget.yaml"])
def test_definitions_of_a_chart_are_found_wherever_charts_keep_them(whole, tmp_path, place) -> None:
    path = tmp_path / "whole" / "broker" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(GADGET)
    gadget = {"apiVersion": "example.dev/v1", "kind": "Gadget", "metadata": {"name": "a", "namespace": "b"}}
    folder = ChartsFolder(tmp_path / "whole")
    assert said(folder, objects=[{**gadget, "spec": {"size": 3}}]) == []
    assert said(folder, objects=[{**gadget, "spec": {"sise": 3}}]) == [
        "Gadget b/a: spec: it has no field sise; did you mean size?"
    ]


def test_definitions_that_a_template_makes_are_known_once_it_is_rendered(whole, tmp_path) -> None:
    (tmp_path / "whole" / "broker" / "templates" / "gadget.yaml").write_text(
        "{{- if .Values.replicas }}\n" + GADGET + "{{- end }}\n"
        '{{- if .Capabilities.APIVersions.Has "example.dev/v1/Gadget" }}\n'
        "---\n{apiVersion: example.dev/v1, kind: Gadget, metadata: {name: made}, spec: {sise: 3}}\n{{- end }}\n"
    )
    assert said(whole, releases=[BROKER], kinds={"definition"}) == [
        "release bus/broker (broker): Gadget bus/made: spec: it has no field sise; did you mean size?"
    ]


def test_links_are_followed_where_every_chart_is_whole(plain, whole) -> None:
    assert "budget" in {each.kind for each in verdict_of(whole, releases=[BROKER]).findings}
    assert "budget" not in {each.kind for each in verdict_of(plain, releases=[BROKER]).findings}

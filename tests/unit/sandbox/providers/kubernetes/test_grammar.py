"""What an API server refuses of names, labels and annotations is refused where no server sees the manifest."""

from pathlib import Path

import pytest

from sandbox.providers.kubernetes.check import Naming, checked
from sandbox.providers.kubernetes.grammar import grammar_failures
from sandbox.providers.kubernetes.kinds import KindOfObject, KubernetesSchemas
from sandbox.providers.kubernetes.manifest_folder import ManifestFolder
from sandbox.providers.values import UNKNOWN, Document


def failures(kind: str, metadata: Document, **spec: Document) -> list[str]:
    token = KindOfObject(f"kubernetes:x:{kind}", "v1", kind)
    return [failure.path for failure in grammar_failures(token, {"metadata": metadata, "spec": {**spec}})]


@pytest.mark.parametrize(
    ("kind", "metadata"),
    [
        ("Namespace", {"name": "jobs-research"}),
        ("ConfigMap", {"name": "a.b-c", "namespace": "jobs"}),
        ("ClusterRole", {"name": "system:Reader"}),
        ("Service", {"name": "s" * 63}),
        ("Secret", {"name": UNKNOWN, "labels": {"app": UNKNOWN, "empty": ""}}),
        ("Secret", {"annotations": {"Example.com/note": "any text: {}"}}),
        ("Widget", {"generateName": "w-"}),
    ],
)
def test_right_metadata(kind: str, metadata: Document) -> None:
    assert failures(kind, metadata) == []


@pytest.mark.parametrize(
    ("kind", "metadata", "path"),
    [
        ("Namespace", {"name": "jobs-"}, "metadata.name"),
        ("Namespace", {"name": "a.b"}, "metadata.name"),
        ("Namespace", {"name": "n" * 64}, "metadata.name"),
        ("ConfigMap", {"name": "Upper"}, "metadata.name"),
        ("ConfigMap", {"name": "a_b"}, "metadata.name"),
        ("ConfigMap", {"name": "c" * 254}, "metadata.name"),
        ("ConfigMap", {"name": "c", "namespace": "a.b"}, "metadata.namespace"),
        ("Service", {"name": "1st"}, "metadata.name"),
        ("CronJob", {"name": "c" * 53}, "metadata.name"),
        ("ClusterRole", {"name": "a/b"}, "metadata.name"),
        ("Pod", {"labels": {"a b": "c"}}, "metadata.labels.a b"),
        ("Pod", {"labels": {"a": "b c"}}, "metadata.labels.a"),
        ("Pod", {"labels": {"a": "v" * 64}}, "metadata.labels.a"),
        ("Pod", {"labels": {f"{'d' * 254}/a": "v"}}, f"metadata.labels.{'d' * 254}/a"),
        ("Pod", {"annotations": {"a b": "c"}}, "metadata.annotations.a b"),
        ("Pod", {"annotations": {"a": "x" * 2**18}}, "metadata.annotations"),
    ],
)
def test_wrong_metadata(kind: str, metadata: Document, path: str) -> None:
    assert failures(kind, metadata) == [path]


def test_labels_of_pod_templates_and_selectors_are_held_too() -> None:
    template: Document = {"metadata": {"labels": {"app": "a b"}}}
    selector: Document = {"matchLabels": {"app": "a b"}}
    assert failures("Deployment", {"name": "d"}, template=template, selector=selector) == [
        "spec.selector.matchLabels.app",
        "spec.template.metadata.labels.app",
    ]


def test_check_of_a_manifest_refuses_what_its_grammar_does(tmp_path: Path) -> None:
    schemas, folder = KubernetesSchemas(), ManifestFolder(tmp_path)
    config: Document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a_b"}}
    naming = Naming(resource_name="x", seed=b"seed")
    kind = schemas.kind_of("kubernetes:core/v1:ConfigMap")
    _, refused = checked(schemas, kind, news=config, olds={}, naming=naming, objects=folder)
    assert [failure.path for failure in refused] == ["metadata.name"]

"""Everything that a program installs, held against charts and definitions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from quantos.charts.chart_facts import NEEDED
from quantos.charts.custom_resources import Definitions, crd_complaints, declared_definitions
from quantos.charts.documents import (
    Complaint,
    Document,
    Json,
    PodRules,
    Recorded,
    Release,
    called,
    mapping,
    named,
    text,
)
from quantos.charts.values_check import ChartValues, values_complaints

_BUILT_IN = (
    "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "authentication.k8s.io",
    "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io",
    "events.k8s.io", "flowcontrol.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
    "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart of a folder. `templates` is where the whole chart lies, None where only its values do."""

    name: str
    version: str
    values: ChartValues
    templates: Path | None = None


class Charts(Protocol):
    """Charts and definitions at hand."""

    def chart(self, name: str) -> Chart | None:
        """A chart by name; None where it is not at hand. Raises ChartsError where it cannot be read."""

    @property
    def definitions(self) -> Definitions:
        """Definitions of custom resources."""


Renderer = Callable[[Release, Chart], Sequence[Document]]
"""The objects that a whole chart gives with a release's values. Raises ChartsError where it gives none."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A complaint and whose it is."""

    where: str
    complaint: Complaint

    def __str__(self) -> str:
        path = f"{self.complaint.path}: " if self.complaint.path else ""
        return f"{self.where}: {path}{self.complaint.what}"


def findings(recorded: Recorded, charts: Charts, *, render: Renderer, pod_rules: PodRules) -> Iterator[Finding]:
    """What is wrong with the releases and the custom resources of a program.

    Charts that are whole are rendered, and `pod_rules` judge what comes out; plain objects are the policy packs'.
    """
    known = {**charts.definitions, **declared_definitions(recorded.objects)}
    for release in recorded.releases:
        where = f"release {release.namespace}/{release.name} ({release.chart})"
        for complaint in _release_complaints(release, charts, known, render=render, pod_rules=pod_rules):
            yield Finding(where=where, complaint=complaint)
    for manifest in recorded.objects:
        for complaint in _object_complaints(manifest, known):
            yield Finding(where=called(manifest), complaint=complaint)


def _release_complaints(
    release: Release, charts: Charts, known: Definitions, *, render: Renderer, pod_rules: PodRules
) -> Iterator[Complaint]:
    chart = charts.chart(release.chart)
    if chart is None:
        yield Complaint(path="chart", what="the folder has no such chart")
        return
    if chart.version != release.version:
        yield Complaint(path="version", what=f"pinned is {release.version}, the folder has {chart.version}")
    for path in NEEDED.get(release.chart, ()):
        if _at(release.values, path) in (None, "", {}, []):
            yield Complaint(path=path, what="the chart renders nothing of use without this value")
    yield from values_complaints(release.values, chart.values)
    if chart.templates is None:
        return
    for bare in render(release, chart):
        each = _placed(bare, release, known)
        for complaint in (*_object_complaints(each, known), *pod_rules(each)):
            yield Complaint(path=f"{called(each)}: {complaint.path}", what=complaint.what, verdict=complaint.verdict)


def _placed(manifest: Document, release: Release, known: Definitions) -> Document:
    """A rendered object in the namespace where Helm puts it when its template names none."""
    group, _, _ = text(manifest.get("apiVersion")).rpartition("/")
    definition = known.get((group, text(manifest.get("kind"))))
    if named(manifest, "namespace") or (definition is not None and not definition.namespaced):
        return manifest
    return {**manifest, "metadata": {**mapping(manifest.get("metadata")), "namespace": release.namespace}}


def _object_complaints(manifest: Document, known: Definitions) -> Iterable[Complaint]:
    """Of kinds that Kubernetes itself serves, its server and the SDK's types are the judges."""
    group, _, _ = text(manifest.get("apiVersion")).rpartition("/")
    return [] if not group or group in _BUILT_IN else crd_complaints(manifest, known)


def _at(values: Document, path: str) -> Json:
    value: Json = values
    for step in path.split("."):
        value = mapping(value).get(step)
    return value

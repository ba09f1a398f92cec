"""Everything that a program installs, held against charts and definitions, and each object against the others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from quantos.charts.chart import Charts
from quantos.charts.chart_facts import NEEDED
from quantos.charts.custom_resources import Definitions, crd_complaints
from quantos.charts.documents import Complaint, Document, Json, PodRules, Recorded, Release, called, mapping, text
from quantos.charts.installation import Installation, Renderer, installation
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster, Surroundings
from quantos.charts.links.exceptions import Exempt, sorted_out
from quantos.charts.links.kinds import is_built_in
from quantos.charts.links.links import links
from quantos.charts.values_check import values_complaints


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A complaint, of which kind it is and whose."""

    kind: str
    where: str
    complaint: Complaint

    def __str__(self) -> str:
        path = f"{self.complaint.path}: " if self.complaint.path else ""
        return f"{self.where}: {path}{self.complaint.what}"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What is wrong, and whether all could be judged.

    Attributes:
        exceptions: exceptions that were needed.
        installed: what was rendered.
    """

    findings: tuple[Finding, ...]
    exceptions: frozenset[Exempt]
    installed: Installation


def judged(
    recorded: Recorded, charts: Charts, *, renderer: Renderer, pod_rules: PodRules, surroundings: Surroundings
) -> Judged:
    """What is wrong with the releases and the custom resources of a program.

    Charts that are whole are rendered, and `pod_rules` judge what comes out; where all of them are, links between
    objects are followed. Plain objects of the program are the policy packs'.
    """
    installed = installation(recorded, charts, renderer)
    broken: list[BrokenLink] = [*installed.failures]
    complaints = [*_about_releases(recorded, charts), *_about_objects(installed, pod_rules)]
    if installed.whole or installed.failures:
        broken += links(Cluster(installed.objects, surroundings, recorded.releases))
    left, needed = sorted_out(broken)
    return Judged(findings=(*complaints, *map(of_link, left)), exceptions=needed, installed=installed)


def of_link(link: BrokenLink) -> Finding:
    """A broken link as a finding."""
    return Finding(kind=link.kind, where=link.subject, complaint=Complaint(path="", what=f"{link.what}; {link.remedy}"))


def _about_releases(recorded: Recorded, charts: Charts) -> Iterator[Finding]:
    for release in recorded.releases:
        for complaint in _release_complaints(release, charts):
            yield Finding(kind="values", where=release.called, complaint=complaint)


def _release_complaints(release: Release, charts: Charts) -> Iterator[Complaint]:
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


def _about_objects(installed: Installation, pod_rules: PodRules) -> Iterator[Finding]:
    for each in installed.objects:
        name = called(each.manifest)
        for complaint in _object_complaints(each.manifest, installed.definitions):
            yield Finding(kind="definition", where=_whose(each.release, name), complaint=complaint)
        for complaint in pod_rules(each.manifest) if each.release else ():
            yield Finding(kind="pod", where=_whose(each.release, name), complaint=complaint)


def _whose(release: Release | None, name: str) -> str:
    return f"{release.called}: {name}" if release else name


def _object_complaints(manifest: Document, known: Definitions) -> Iterable[Complaint]:
    """Of kinds that Kubernetes itself serves, its server and the SDK's types are the judges."""
    group, _, _ = text(manifest.get("apiVersion")).rpartition("/")
    return [] if is_built_in(group) else crd_complaints(manifest, known)


def _at(values: Document, path: str) -> Json:
    value: Json = values
    for step in path.split("."):
        value = mapping(value).get(step)
    return value

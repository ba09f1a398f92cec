"""All that an environment's releases and program would put into a cluster, as far as charts render."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, Self

from quantos.charts.chart import Chart, Charts
from quantos.charts.custom_resources import Definitions, declared_definitions
from quantos.charts.documents import Document, Recorded, Release, mapping, named, text
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Installed
from quantos.charts.links.kinds import CLUSTER_KINDS, is_built_in
from quantos.errors import ChartsError

Texts = Mapping[str, str]
"""A rendering: the text of each file; empty where the chart does not render."""

Render = Callable[[Document], Texts]
"""A release rendered with values."""


class Renderer(Protocol):
    """What renders whole charts."""

    def serving(self, api_versions: Sequence[str]) -> Self:
        """The same before a cluster that serves these APIs, each as `group/version` and `group/version/Kind`."""
        ...

    def rendered(self, release: Release, chart: Chart) -> tuple[Document, ...]:
        """The objects of a release. Raises ChartsError where it does not render."""
        ...

    def opened(self, release: Release, chart: Chart) -> AbstractContextManager[Render]:
        """What renders a release with values of any kind. Raises ChartsError where the chart cannot be read."""
        ...


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What was rendered.

    Attributes:
        objects: those of releases, which all have their namespace, and those of the program.
        rendered: releases that were rendered.
        failures: releases that do not render.
        definitions: of custom resources, by what is at hand and by what the releases bring.
        whole: whether every release has been rendered.
        renderer: what rendered them, before a cluster that serves their kinds.
    """

    objects: tuple[Installed, ...]
    rendered: tuple[Release, ...]
    failures: tuple[BrokenLink, ...]
    definitions: Definitions
    whole: bool
    renderer: Renderer


def installation(recorded: Recorded, charts: Charts, renderer: Renderer) -> Installation:
    """Render every release whose chart is whole.

    Charts ask which kinds the cluster serves, and bring kinds themselves: they are rendered again when these are known.
    """
    known = {**charts.definitions, **declared_definitions(recorded.objects)}
    bare, failures = _rendered(recorded, charts, renderer.serving(api_versions(known)))
    brought = {**known, **declared_definitions([each.manifest for each in bare])}
    renderer = renderer.serving(api_versions(brought))
    if set(api_versions(brought)) != set(api_versions(known)):
        bare, failures = _rendered(recorded, charts, renderer)
    failed = {each.subject for each in failures}
    whole = [each for each in recorded.releases if (chart := charts.chart(each.chart)) and chart.templates]
    return Installation(
        objects=(*(_placed(each, brought) for each in bare), *(Installed(manifest=each) for each in recorded.objects)),
        rendered=tuple(each for each in whole if each.called not in failed),
        failures=tuple(failures),
        definitions=brought,
        whole=len(whole) == len(recorded.releases) and not failures,
        renderer=renderer,
    )


def api_versions(definitions: Definitions) -> list[str]:
    """What `.Capabilities.APIVersions` holds of these definitions."""
    served = {(f"{group}/{version}", kind) for (group, kind), each in definitions.items() for version in each.schemas}
    return sorted({*(api for api, _ in served), *(f"{api}/{kind}" for api, kind in served)})


def _rendered(recorded: Recorded, charts: Charts, renderer: Renderer) -> tuple[list[Installed], list[BrokenLink]]:
    objects: list[Installed] = []
    failures: list[BrokenLink] = []
    for release in recorded.releases:
        chart = charts.chart(release.chart)
        if chart is None or chart.templates is None:
            continue
        try:
            manifests = renderer.rendered(release, chart)
        except ChartsError as error:
            failures.append(_failure(release, error))
            continue
        objects += [Installed(manifest=each, release=release) for each in manifests]
    return objects, failures


def _failure(release: Release, error: ChartsError) -> BrokenLink:
    what = error.what.removeprefix(f"{release.called} ")
    return BrokenLink(kind="rendering", subject=release.called, about=release.chart, what=what, remedy=error.remedy)


def _placed(installed: Installed, definitions: Definitions) -> Installed:
    """An object in the namespace where Helm puts it: its own, or its release's; none where its kind has none."""
    manifest, release = installed.manifest, installed.release
    assert release is not None
    metadata = mapping(manifest.get("metadata"))
    if _is_of_cluster(manifest, definitions):
        metadata = {key: part for key, part in metadata.items() if key != "namespace"}
    elif not named(manifest, "namespace"):
        metadata = {**metadata, "namespace": release.namespace}
    return Installed(manifest={**manifest, "metadata": metadata}, release=release)


def _is_of_cluster(manifest: Document, definitions: Definitions) -> bool:
    group, kind = text(manifest.get("apiVersion")).rpartition("/")[0], text(manifest.get("kind"))
    if is_built_in(group):
        return kind in CLUSTER_KINDS
    definition = definitions.get((group, kind))
    return definition is not None and not definition.namespaced

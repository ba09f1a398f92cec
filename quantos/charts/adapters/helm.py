"""Whole charts rendered by Helm's own engine, offline: no cluster is asked and nothing fetched."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import yaml

from quantos.charts.check import Chart
from quantos.charts.documents import Document, Release, mapping, text
from quantos.errors import ChartsError
from quantos.translation import Vendor, translated

_YAML: Final = Vendor(raises=(yaml.YAMLError,))


def rendered(release: Release, chart: Chart) -> tuple[Document, ...]:
    """The objects of a release, sub-charts and hooks included, except tests, which only `helm test` starts.

    Raises:
        ChartsError: the chart does not render with these values, or the rendered text is no YAML.
    """
    with _rendering(release):
        import helm_python  # noqa: PLC0415  its library is large, and only whole charts need it

        with helm_python.Chart.load(str(chart.templates)) as loaded:
            texts = loaded.render(dict(release.values), name=release.name, namespace=release.namespace)
        manifests = [each for name in sorted(texts) if _holds_objects(name) for each in _documents(texts[name])]
    return tuple(manifests)


@contextmanager
def _rendering(release: Release) -> Iterator[None]:
    import helm_python  # noqa: PLC0415

    whose = f"release {release.namespace}/{release.name} ({release.chart})"
    helm = Vendor(raises=(helm_python.HelmError, OSError))
    with (
        translated(helm, into=ChartsError, what=f"{whose} does not render", remedy="correct its values"),
        translated(_YAML, into=ChartsError, what=f"{whose} renders to what is no YAML", remedy="correct its values"),
    ):
        yield


def _holds_objects(name: str) -> bool:
    return name.endswith((".yaml", ".yml", ".json"))


def _documents(source: str) -> list[Document]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    documents = [mapping(each) for each in yaml.load_all(source, loader)]
    return [each for each in documents if each.get("kind") and not _is_test(each)]


def _is_test(manifest: Document) -> bool:
    notes = mapping(mapping(manifest.get("metadata")).get("annotations"))
    return text(notes.get("helm.sh/hook")).startswith("test")

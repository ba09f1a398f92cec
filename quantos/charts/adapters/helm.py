"""Whole charts rendered by Helm's own engine, offline: no cluster is asked and nothing fetched."""

import yaml

from quantos.charts.check import Chart
from quantos.charts.documents import Document, Release, mapping, text
from quantos.errors import ChartsError


def rendered(release: Release, chart: Chart) -> tuple[Document, ...]:
    """The objects of a release, sub-charts and hooks included, except tests, which only `helm test` starts.

    Raises:
        ChartsError: the chart does not render with these values, or the rendered text is no YAML.
    """
    import helm_python  # noqa: PLC0415  its library is large, and only whole charts need it

    whose = f"release {release.namespace}/{release.name} ({release.chart})"
    try:
        with helm_python.Chart.load(str(chart.templates)) as loaded:
            texts = loaded.render(dict(release.values), name=release.name, namespace=release.namespace)
        found = [each for name in sorted(texts) if _holds_objects(name) for each in _documents(texts[name])]
    except helm_python.HelmError as error:
        raise ChartsError(f"{whose} does not render: {error}", remedy="correct its values") from error
    except yaml.YAMLError as error:
        raise ChartsError(f"{whose} renders to what is no YAML: {error}", remedy="correct its values") from error
    return tuple(found)


def _holds_objects(name: str) -> bool:
    return name.endswith((".yaml", ".yml", ".json"))


def _documents(source: str) -> list[Document]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = [mapping(each) for each in yaml.load_all(source, loader)]
    return [each for each in found if each.get("kind") and not _is_test(each)]


def _is_test(found: Document) -> bool:
    notes = mapping(mapping(found.get("metadata")).get("annotations"))
    return text(notes.get("helm.sh/hook")).startswith("test")

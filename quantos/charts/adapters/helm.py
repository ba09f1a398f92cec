"""Whole charts rendered by Helm's own engine, offline: no cluster is asked and nothing fetched."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from quantos.charts.adapters.helm_yaml import documents
from quantos.charts.chart import Chart
from quantos.charts.documents import Document, Release, mapping, text
from quantos.errors import ChartsError
from quantos.translation import Vendor, translated


@dataclass(frozen=True, kw_only=True)
class Helm:
    """Helm as it would meet a cluster: its version, and the APIs that it serves, as `group/version` and with a kind."""

    kubernetes_version: str
    api_versions: tuple[str, ...] = ()

    def serving(self, api_versions: Sequence[str]) -> "Helm":
        """The same before a cluster that serves these APIs."""
        return replace(self, api_versions=tuple(api_versions))

    def rendered(self, release: Release, chart: Chart) -> tuple[Document, ...]:
        """The objects of a release, sub-charts, hooks and `crds` included, except tests, which `helm test` starts.

        Raises:
            ChartsError: the chart does not render with these values, or the rendered text is no YAML.
        """
        with self._opened(release, chart) as opened:
            texts = {**opened.definitions, **opened.texts(release.values)}
            return tuple(
                each
                for name, source in texts.items()
                for each in documents(source, name=f"{release.called}: {name}")
                if each.get("kind") and not _is_test(each)
            )

    @contextmanager
    def opened(self, release: Release, chart: Chart) -> Iterator[Callable[[Document], Mapping[str, str]]]:
        """What renders a release with values of any kind, file by file: nothing where it does not render with them.

        Raises ChartsError where the chart cannot be read.
        """
        with self._opened(release, chart) as chart_opened:

            def texts(values: Document) -> Mapping[str, str]:
                try:
                    return chart_opened.texts(values)
                except ChartsError:
                    return {}

            yield texts

    @contextmanager
    def _opened(self, release: Release, chart: Chart) -> Iterator["_Opened"]:
        with _rendering(release):
            import helm_python  # noqa: PLC0415  its library is large, and only whole charts need it

            with helm_python.Chart.load(str(chart.templates)) as loaded:
                options = {
                    "name": release.name,
                    "namespace": release.namespace,
                    "is_install": True,
                    "kube_version": self.kubernetes_version,
                    "api_versions": list(self.api_versions),
                }
                yield _Opened(loaded, release, json.dumps(options))


@dataclass(frozen=True)
class _Opened:
    chart: Any
    release: Release
    options: str

    @property
    def definitions(self) -> dict[str, str]:
        return {str(each["filename"]): str(each["data"]) for each in self.chart.crds}

    def texts(self, values: Document) -> dict[str, str]:
        """Rendered files that hold objects. The library's own call: its public one takes no options of a cluster."""
        from helm_python import _native  # noqa: PLC0415

        with _rendering(self.release):
            given = json.dumps(values)
            answer = _native.call_string("helm_render", self.chart._raw(), given, self.options)  # noqa: SLF001
        texts: dict[str, str] = json.loads(answer)
        return {name: texts[name] for name in sorted(texts) if _holds_objects(name)}


@contextmanager
def _rendering(release: Release) -> Iterator[None]:
    import helm_python  # noqa: PLC0415

    helm = Vendor(raises=(helm_python.HelmError, OSError))
    with translated(helm, into=ChartsError, what=f"{release.called} does not render", remedy="correct its values"):
        yield


def _holds_objects(name: str) -> bool:
    return name.endswith((".yaml", ".yml", ".json"))


def _is_test(manifest: Document) -> bool:
    notes = mapping(mapping(manifest.get("metadata")).get("annotations"))
    return text(notes.get("helm.sh/hook")).startswith("test")

"""A folder of charts: per chart its `Chart.yaml`, `values.yaml` and schema, or all of it; and `crds.json.gz`."""

import functools
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import yaml

from quantos.charts.adapters.helm_yaml import documents
from quantos.charts.chart import Chart
from quantos.charts.chart_facts import MIRRORED, PARTS, PASSED_THROUGH
from quantos.charts.custom_resources import Definitions, definitions
from quantos.charts.documents import Document, Json, items, mapping, text
from quantos.charts.pod_shapes import PodShapes, pod_shapes
from quantos.charts.values_check import ChartValues
from quantos.charts.values_file import UNSHOWN, Known, merged, values_file, with_copied, with_paths
from quantos.errors import ChartsError
from quantos.translation import Vendor, translated

DEFINITIONS_FILE = "crds.json.gz"
_DOCUMENTS = Vendor(raises=(OSError, UnicodeError, EOFError, zlib.error, json.JSONDecodeError, yaml.YAMLError))
_REMEDY = "give a folder with one folder per chart, as `helm pull --untar` makes them"
_PLAIN = frozenset({"boolean", "integer", "number", "string"})
_REFERENCE = re.compile(r"\.Values((?:\.[A-Za-z_]\w*)+)")
_STEPS = r"\(?(?:index\s+)?\.Values((?:\.[A-Za-z_]\w*)*(?:\s+\"[^\"]+\")*)"
_DOT = r"(?:(?!\{\{-?\s*(?:end|with|if|range)\b).)*?\btoYaml\s+\.[\s|}]"
_COPIED = (
    re.compile(rf"\bto(?:Yaml|Json|Toml)\s+{_STEPS}"),
    re.compile(rf"\brange\s+\$\w+\s*,\s*\$\w+\s*:=\s*{_STEPS}"),
    re.compile(rf"\bwith\s+{_STEPS}\)?\s*-?\}}\}}{_DOT}", re.DOTALL),
)
"""How templates take a value whole: written out, gone through by key, or written out as the dot of `with`."""

_STEP = re.compile(r"\.(\w+)|\"([^\"]+)\"")


class ChartsFolder:
    """Charts read when they are asked for, each once.

    Raises ChartsError, here and in every method, where the folder or a file in it is not there or cannot be read.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise ChartsError(f"there is no folder of charts at {root}", remedy=_REMEDY)
        if not any(root.glob("*/Chart.yaml")):
            raise ChartsError(f"{root} holds no charts", remedy=_REMEDY)
        self._root = root
        self._chart = functools.cache(self._read_chart)

    def chart(self, name: str) -> Chart | None:
        """A chart by name; None where the folder has none of this name."""
        return self._chart(name)

    @functools.cached_property
    def custom_resource_definitions(self) -> tuple[Document, ...]:
        """CustomResourceDefinition objects: of `crds.json.gz`, and of whole charts and their sub-charts.

        In a chart they lie in a folder `crds`, its own or a sub-chart's, or `files/crds`; those in templates have to be
        rendered.
        """
        crds = [*_packed(self._root / DEFINITIONS_FILE)]
        for path in sorted([*self._root.glob("*/**/crds/**/*.yaml"), *self._root.glob("*/**/crds/**/*.yml")]):
            if "templates" in path.parts:
                continue
            crds += [each for each in documents(_read(path), name=str(path)) if each.get("spec")]
        return tuple(crds)

    @functools.cached_property
    def definitions(self) -> Definitions:
        """Definitions by group and kind."""
        return definitions(self.custom_resource_definitions)

    @functools.cached_property
    def _shapes(self) -> PodShapes:
        return pod_shapes(self.custom_resource_definitions)

    def _part(self, group: str, kind: str, path: str) -> Document:
        """Schema of a field of a custom resource, items of lists passed over; empty where it is not at hand."""
        definition = self.definitions.get((group, kind))
        schemas = list(definition.schemas.values()) if definition else []
        schema = schemas[0] if schemas else Document()
        for step in path.split("."):
            schema = mapping(schema.get("items")) if "items" in schema else schema
            schema = mapping(mapping(schema.get("properties")).get(step))
        return schema

    def _parts(self, name: str) -> Mapping[str, Document]:
        return {path: shape for path, part in PARTS.get(name, {}).items() if (shape := self._part(*part))}

    def _mirrored(self, name: str, shown: Known) -> Iterator[tuple[str, Document]]:
        """Plain fields of a custom resource that the chart takes under the same names."""
        for path, part in MIRRORED.get(name, {}).items():
            known = shown
            for step in path.split("."):
                known = known.keys.get(step, Known())
            for field, shape in mapping(self._part(*part).get("properties")).items():
                default = known.keys[field].default if field in known.keys else None
                if mapping(shape).get("type") in _PLAIN and not isinstance(default, (dict, list)):
                    yield f"{path}.{field}", mapping(shape)

    def _read_chart(self, name: str) -> Chart | None:
        folder = self._root / name
        if not (folder / "Chart.yaml").is_file():
            return None
        about = _yaml(folder / "Chart.yaml")
        schema = folder / "values.schema.json"
        shown = _values(folder)
        values = ChartValues(
            shown=shown,
            schema=_json(schema) if schema.is_file() else None,
            shapes=self._shapes,
            passed_through=PASSED_THROUGH.get(name, frozenset()),
            parts={**dict(self._mirrored(name, shown)), **self._parts(name)},
        )
        whole = folder if (folder / "templates").is_dir() else None
        return Chart(name=text(about.get("name")), version=text(about.get("version")), values=values, templates=whole)


def _values(folder: Path) -> Known:
    """The chart's values and, under their names, those of its sub-charts as far as they are in its folder."""
    path = folder / "values.yaml"
    shown = values_file(_read(path), name=str(path)) if path.is_file() else Known(default={})
    templates = list(_templates(folder))
    shown = with_paths(shown, _references(templates))
    shown = with_copied(shown, _copied(templates))
    for each in items(_yaml(folder / "Chart.yaml").get("dependencies")):
        dependency = mapping(each)
        name = text(dependency.get("alias")) or text(dependency.get("name"))
        conditions = [part for part in text(dependency.get("condition")).replace(" ", "").split(",") if part]
        shown = with_paths(shown, [*(tuple(part.split(".")) for part in conditions), (name,), ("global",)])
        below = folder / "charts" / text(dependency.get("name"))
        inner = _values(below) if (below / "Chart.yaml").is_file() else Known(partial=True)
        outer = shown.keys[name]
        together = merged(inner, outer) if outer.shown else inner
        shown = replace(shown, keys={**shown.keys, name: together})
        if "global" in inner.keys:
            shared = merged(inner.keys["global"], shown.keys.get("global", UNSHOWN))
            shown = replace(shown, keys={**shown.keys, "global": shared})
    return shown


def _templates(folder: Path) -> Iterator[str]:
    """A whole chart's templates."""
    for path in sorted((folder / "templates").rglob("*")):
        if path.is_file():
            with _reading(path):
                yield path.read_text(encoding="utf-8", errors="replace")


def _references(templates: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Paths of values that templates name."""
    for source in templates:
        for reference in _REFERENCE.finditer(source):
            yield tuple(reference[1].strip(".").split("."))


def _copied(templates: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Paths of values that templates take whole."""
    for source in templates:
        for pattern in _COPIED:
            for reference in pattern.finditer(source):
                path = tuple(step[1] or step[2] for step in _STEP.finditer(reference[1]))
                if path:
                    yield path


def _packed(path: Path) -> list[Document]:
    if not path.is_file():
        return []
    with _reading(path, remedy="give a JSON list, compressed"):
        content: Json = json.loads(gzip.decompress(path.read_bytes()))
    return [mapping(each) for each in items(content)]


def _yaml(path: Path) -> Document:
    with _reading(path):
        return mapping(yaml.safe_load(path.read_text(encoding="utf-8")))


def _json(path: Path) -> Document:
    with _reading(path):
        return mapping(json.loads(path.read_text(encoding="utf-8")))


def _read(path: Path) -> str:
    with _reading(path):
        return path.read_text(encoding="utf-8")


def _reading(path: Path, *, remedy: str = _REMEDY) -> AbstractContextManager[None]:
    return translated(_DOCUMENTS, into=ChartsError, what=f"{path} cannot be read", remedy=remedy)

"""Values of a release against what its chart shows: unknown keys, wrong kinds, numbers that render wrongly."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Final

from quantos.charts.custom_resources import structural_complaints
from quantos.charts.documents import Complaint, Document, Json, Verdict, items, joined, mapping
from quantos.charts.pod_shapes import WORDS, PodShapes
from quantos.charts.values_file import UNSHOWN, Known
from quantos.charts.values_schema import (
    Schemas,
    allows,
    named_keys,
    schema_complaints,
    schemas_at_root,
    schemas_of_items,
    schemas_of_key,
    with_defaults,
)

LARGEST_PLAIN: Final = 1_000_000
"""Helm reads numbers as floating point, and from here on may write them with an exponent."""

_NEAR: Final = 0.85
_STRUCTURED: Final = frozenset({"mapping", "list"})
_TRUTH: Final = frozenset({"true", "false", "yes", "no", "on", "off"})


@dataclass(frozen=True, kw_only=True)
class ChartValues:
    """What is known of a chart's values.

    Attributes:
        shown: keys of `values.yaml`, sub-charts included as far as they are at hand.
        schema: `values.schema.json`; None where the chart has none.
        passed_through: paths that templates copy whole, so that below them the chart knows nothing.
        parts: schemas of values that the chart puts whole into a custom resource, by path.
    """

    shown: Known
    schema: Document | None = None
    shapes: PodShapes = field(default_factory=PodShapes)
    passed_through: frozenset[str] = frozenset()
    parts: Mapping[str, Document] = field(default_factory=dict)


def values_complaints(values: Document, chart: ChartValues) -> Iterator[Complaint]:
    """Everything at hand that is wrong with a release's values."""
    yield from unknown_keys(values, chart)
    if chart.schema is not None:
        whole = with_defaults(chart.shown.default or {}, values)
        yield from schema_complaints(mapping(whole), chart.schema)


def unknown_keys(values: Document, chart: ChartValues) -> Iterator[Complaint]:
    """Keys that the chart does not know, values of another kind than its own, and numbers that it would write wrongly.

    A key is known when `values.yaml` shows it (also commented out), when the schema names it, or when it lies under
    what the chart leaves to its reader. Of values that charts hand to Kubernetes by their name, such as `resources`,
    Kubernetes' own fields are known and no others.
    """
    spot = _Spot(known=chart.shown, schemas=schemas_at_root(chart.schema))
    yield from _Walk(chart).members(values, spot)


@dataclass(frozen=True, kw_only=True)
class _Spot:
    """A path in the values: what the file shows there, which schemas and which of Kubernetes' shapes hold there."""

    path: str = ""
    known: Known = UNSHOWN
    schemas: Schemas = ()
    shapes: tuple[Document, ...] = ()
    partial: bool = False
    copied: bool = False
    above: Known = UNSHOWN


@dataclass(frozen=True)
class _Walk:
    chart: ChartValues

    def members(self, values: Document, spot: _Spot) -> Iterator[Complaint]:
        for key, value in values.items():
            below = self._below(spot, key)
            if below is None:
                yield from self._unknown(key, value, spot)
            elif value is not None:
                yield from self._value(value, below)

    def _below(self, spot: _Spot, key: str) -> _Spot | None:
        """The member's spot; None where nothing names the key."""
        known = spot.known.keys.get(key)
        schemas = schemas_of_key(self.chart.schema, spot.schemas, key)
        if known is None and schemas == "unnamed":
            return None
        return _Spot(
            path=joined(spot.path, key),
            known=known or UNSHOWN,
            schemas=() if schemas == "unnamed" else schemas,
            shapes=self.chart.shapes.of(key) or spot.shapes,
            partial=spot.partial or bool(known and known.partial),
            copied=spot.copied or bool(known and known.copied),
            above=spot.known,
        )

    def _unknown(self, key: str, value: Json, spot: _Spot) -> Iterator[Complaint]:
        path = joined(spot.path, key)
        others = [*spot.known.keys, *named_keys(spot.schemas)]
        near = get_close_matches(key, others, n=1, cutoff=_NEAR) or [
            other for other in others if _same_letters(key, other)
        ]
        hint = f"; did you mean {near[0]}?" if near else _deeper(key, spot)
        if _is_of_above(key, spot):
            yield Complaint(path=path, what="the chart knows this key one level up, and not here")
        elif (spot.known.open or spot.copied) and not (near and spot.known.keys):
            yield from _large_numbers(value, path, verdict="advised")
        elif shapes := self.chart.shapes.of(key) if spot.partial else ():
            yield from self._shaped(value, _Spot(path=path, shapes=shapes))
        elif spot.partial and not near:
            what = "the chart of these values is not at hand, and the outer one does not show this key"
            yield Complaint(path=path, what=what, verdict="unjudged")
        else:
            yield Complaint(path=path, what=f"the chart does not know this key{hint}")

    def _value(self, value: Json, spot: _Spot) -> Iterator[Complaint]:
        if spot.path in self.chart.parts and value != spot.known.default:
            yield from structural_complaints(_given(value), _partly(self.chart.parts[spot.path]), path=spot.path)
            return
        if spot.path in self.chart.passed_through:
            yield from _large_numbers(value, spot.path, verdict="advised")
            return
        if spot.shapes and self._has_shape(value, spot):
            yield from self._shaped(value, spot)
            return
        if what := _wrong_kind(value, spot):
            yield Complaint(path=spot.path, what=what)
        elif isinstance(value, dict):
            yield from self.members(value, spot)
        elif isinstance(value, list):
            yield from self._items(value, spot)
        elif not _number_by_nature(spot):
            yield from _large_numbers(value, spot.path)

    def _items(self, value: list[Json], spot: _Spot) -> Iterator[Complaint]:
        schemas = schemas_of_items(self.chart.schema, spot.schemas)
        examples = [part for part in items(spot.known.default) if part != {}]
        known = Known(default=examples[0] if examples else None, keys=spot.known.keys)
        if any(not list(structural_complaints(_given(value), shape)) for shape in self.chart.shapes.lists):
            return
        for position, part in enumerate(value):
            item = replace(spot, path=f"{spot.path}[{position}]", known=known, schemas=schemas, shapes=())
            if isinstance(part, dict):
                yield from self.members(part, item)
            else:
                yield from _large_numbers(part, item.path)

    def _has_shape(self, value: Json, spot: _Spot) -> bool:
        """Whether the chart takes one value of this shape here, and not a mapping of several by part of the chart."""
        kinds = {"object" if isinstance(value, dict) else "array" if isinstance(value, list) else ""}
        if not kinds & {str(shape.get("type")) for shape in spot.shapes}:
            return False
        if isinstance(spot.known.default, list) and isinstance(value, dict):
            return False
        fields = _fields(spot.shapes)
        several = [
            name for name, part in spot.known.keys.items() if _kind(part.default) in _STRUCTURED and name not in fields
        ]
        return not several

    def _shaped(self, value: Json, spot: _Spot) -> Iterator[Complaint]:
        if spot.shapes == (WORDS,):
            yield from _no_words(mapping(value), spot.path)
            return
        fields = _fields(spot.shapes)
        own = {key for key in spot.known.keys if key not in fields} if isinstance(value, dict) and fields else set()
        if isinstance(value, dict):
            yield from self.members({key: part for key, part in value.items() if key in own}, replace(spot, shapes=()))
            value = {key: part for key, part in value.items() if key not in own}
        complaints = [
            list(structural_complaints(_given(value), _partly(shape), path=spot.path)) for shape in spot.shapes
        ]
        yield from min(complaints, key=len)


def _is_of_above(key: str, spot: _Spot) -> bool:
    """Whether an empty mapping that names its own keys in comments is given one of those around it."""
    around = spot.above.keys.get(key)
    return spot.known.open and bool(spot.known.keys) and around is not None and around.shown and not spot.partial


def _deeper(key: str, spot: _Spot) -> str:
    """A hint at the key where it is known, one level down."""
    below = [name for name, known in spot.known.keys.items() if key in known.keys and known.keys[key].shown]
    return f"; did you mean {below[0]}.{key}?" if below else ""


def _same_letters(key: str, other: str) -> bool:
    return sorted(key) == sorted(other)


def _number_by_nature(spot: _Spot) -> bool:
    """Whether the chart itself has such a number here, or its schema takes no text."""
    default = spot.known.default
    shown = isinstance(default, int | float) and abs(default) >= LARGEST_PLAIN
    return shown or allows(spot.schemas, "integer") or allows(spot.schemas, "number")


def _no_words(value: Document, path: str) -> Iterator[Complaint]:
    for key, part in value.items():
        if isinstance(part, bool | int | float):
            yield Complaint(
                path=joined(path, key), what=f"{part!r} is no text, as labels and annotations are: quote it"
            )


def _fields(shapes: tuple[Document, ...]) -> frozenset[str]:
    return frozenset(name for shape in shapes for name in mapping(shape.get("properties")))


def _partly(shape: Document) -> Document:
    """The shape without what it requires: the chart's defaults may give that."""
    return {key: part for key, part in shape.items() if key != "required"}


def _given(value: Json) -> Json:
    """A value without what is null at any depth: Helm takes that away."""
    if isinstance(value, list):
        return [_given(part) for part in value]
    return {key: _given(part) for key, part in value.items() if part is not None} if isinstance(value, dict) else value


def _wrong_kind(value: Json, spot: _Spot) -> str:
    default = spot.known.default
    if default is None or not spot.known.shown:
        return ""
    ours, theirs = _kind(value), _kind(default)
    if allows(spot.schemas, {"mapping": "object", "list": "array"}.get(ours, ours)):
        return ""
    if theirs == "boolean" and _says_truth(value):
        return f"{value!r} is text, which templates take for true; the chart has {str(default).lower()}"
    if default in ({}, []) and spot.copied:
        return ""
    if default == {} and isinstance(value, str) and "\n" in value:
        return ""  # many templates take such a mapping as YAML in a text, too
    if ours == theirs or not {ours, theirs} & _STRUCTURED:
        return ""
    return f"the chart has a {theirs} here, not a {ours}"


def _says_truth(value: Json) -> bool:
    return isinstance(value, str) and value.lower() in _TRUTH


def _kind(value: Json) -> str:
    kinds: Mapping[type, str] = {dict: "mapping", list: "list", bool: "boolean", str: "string"}
    return kinds.get(type(value), "number")


def _large_numbers(value: Json, path: str, *, verdict: Verdict = "refused") -> Iterator[Complaint]:
    """Numbers that a template may write with an exponent; one that copies whole values as YAML does not."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _large_numbers(part, joined(path, key), verdict=verdict)
    elif isinstance(value, list):
        for position, part in enumerate(value):
            yield from _large_numbers(part, f"{path}[{position}]", verdict=verdict)
    elif isinstance(value, int | float) and abs(value) >= LARGEST_PLAIN and not isinstance(value, bool):
        written = f"{float(value):g}"
        yield Complaint(path=path, what=f"{value} may be written as {written}: quote it", verdict=verdict)

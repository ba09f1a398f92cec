"""Graphs drawn from left to right, a DAG's in the order in which it can run, or line by line for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final
from xml.sax.saxutils import escape

import networkx as nx

from quantos.contracts.dag.graph import graph_of
from quantos.contracts.dag.spec import DagSpec

_WIDTH, _HEIGHT, _GAP_ACROSS, _GAP_DOWN, _MARGIN = 190, 48, 70, 22, 20
_LONGEST_LABEL: Final = 24
_SWEEPS: Final = 4
_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#1c2733}.kind{font-size:10px;fill:#5b6b7b}"
    "rect{fill:#f4f7fa;stroke:#8a9bab}path{fill:none;stroke:#8a9bab}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.kind{fill:#9fb0c0}rect{fill:#1f2a35;stroke:#607385}"
    "path{stroke:#607385}}"
)
_ARROW_HEAD: Final = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0L8 4L0 8"/></marker></defs>'
)


@dataclass(frozen=True)
class Box:
    """Something in a picture: what it is called, of what kind it is, and what is told of it to whom points at it."""

    id: str
    label: str
    kind: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """Boxes and arrows between them, by their ids, which form no cycle."""

    title: str
    boxes: Sequence[Box]
    arrows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Place:
    """Where something stands: its column, from what runs first, and its row in it, both from 0."""

    column: int
    row: int


@dataclass(frozen=True)
class Layout:
    """Where everything stands that takes a row of a column.

    Attributes:
        nodes: by id. A node's column is one behind the last that has to run before it.
        lanes: by a node's id and a column, where its arrows pass on their way to columns behind.
    """

    nodes: Mapping[str, Place]
    lanes: Mapping[tuple[str, int], Place]

    def path(self, source: str, target: str) -> list[Place]:
        """The places of an arrow, both ends included."""
        first, last = self.nodes[source], self.nodes[target]
        return [first, *(self.lanes[source, column] for column in range(first.column + 1, last.column)), last]


def layout(picture: Picture) -> Layout:
    """Boxes and the lanes of their arrows, near to what they are joined with, so that few arrows cross."""
    graph = graph_of((box.id for box in picture.boxes), picture.arrows)
    column_of = {node: number for number, column in enumerate(nx.topological_generations(graph)) for node in column}
    joined: nx.Graph[tuple[str, int]] = nx.Graph()
    joined.add_nodes_from(column_of.items())
    for source, target in graph.edges:
        steps = [(source, column) for column in range(column_of[source], column_of[target])]
        nx.add_path(joined, [*steps, (target, column_of[target])])
    columns: list[list[tuple[str, int]]] = [[] for _ in range(1 + max(column_of.values()))]
    for slot in sorted(joined):
        columns[slot[1]].append(slot)
    for _ in range(_SWEEPS):
        rows = {slot: row for column in columns for row, slot in enumerate(column)}
        columns = [sorted(column, key=lambda slot: (_middle(joined, slot, rows), slot)) for column in columns]
    where = {slot: Place(slot[1], row) for column in columns for row, slot in enumerate(column)}
    nodes = {name: where[name, column] for name, column in column_of.items()}
    return Layout(nodes, {slot: place for slot, place in where.items() if column_of[slot[0]] != slot[1]})


def picture_of(dag: DagSpec) -> Picture:
    """A DAG as a picture: a box a node."""
    boxes = [
        Box(node.id, node.id, node.kind, (*(f"takes {name}" for name in node.ins), *(f"gives {n}" for n in node.outs)))
        for node in dag.nodes
    ]
    return Picture(dag.pipeline_id, boxes, [(edge.source, edge.target) for edge in dag.edges])


def svg(picture: Picture) -> str:
    """The picture for a browser, which shows it light or dark as its reader likes; at least one box is in it."""
    where = layout(picture)
    every = [*where.nodes.values(), *where.lanes.values()]
    width = _MARGIN * 2 - _GAP_ACROSS + (_WIDTH + _GAP_ACROSS) * (1 + max(place.column for place in every))
    height = _MARGIN * 2 - _GAP_DOWN + (_HEIGHT + _GAP_DOWN) * (1 + max(place.row for place in every))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>{escape(picture.title)}</title><style>{_STYLE}</style>",
        _ARROW_HEAD,
        *(_arrow(where.path(source, target)) for source, target in picture.arrows),
        *(_box(box, where.nodes[box.id]) for box in picture.boxes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def lines(dag: DagSpec) -> Iterator[str]:
    """The DAG for a terminal: a node a line, in an order in which they can run, each with what it waits for."""
    where = layout(picture_of(dag)).nodes
    before = _before(dag)
    for node in sorted(dag.nodes, key=lambda node: (where[node.id].column, where[node.id].row)):
        after = f"  after {', '.join(before[node.id])}" if before[node.id] else ""
        gives = f"  gives {', '.join(node.outs)}" if node.outs else ""
        yield f"{where[node.id].column + 1:>3}  {node.id} ({node.kind}){after}{gives}"


def _before(dag: DagSpec) -> Mapping[str, Sequence[str]]:
    graph = graph_of((node.id for node in dag.nodes), ((edge.source, edge.target) for edge in dag.edges))
    return {node: sorted(graph.predecessors(node)) for node in graph}


def _middle(joined: "nx.Graph[tuple[str, int]]", slot: tuple[str, int], rows: Mapping[tuple[str, int], int]) -> float:
    """The mean row of what a slot is joined with, towards which it moves."""
    neighbours = list(joined.neighbors(slot))
    return fmean(rows[each] for each in neighbours) if neighbours else rows[slot]


def _corner(place: Place) -> tuple[int, int]:
    return _MARGIN + place.column * (_WIDTH + _GAP_ACROSS), _MARGIN + place.row * (_HEIGHT + _GAP_DOWN)


def _arrow(path: Sequence[Place]) -> str:
    """A line from box to box, level where it passes a column."""
    left, middle = _corner(path[0])
    at, level = left + _WIDTH, middle + _HEIGHT // 2
    bend = _GAP_ACROSS // 2
    parts = [f"M{at} {level}"]
    for place in path[1:]:
        right, top = _corner(place)
        ahead = top + _HEIGHT // 2
        parts.append(f"C{at + bend} {level} {right - bend} {ahead} {right} {ahead}")
        at, level = right, ahead
        if place is not path[-1]:
            at += _WIDTH
            parts.append(f"H{at}")
    return f'<path d="{"".join(parts)}" marker-end="url(#head)"/>'


def _box(box: Box, place: Place) -> str:
    left, top = _corner(place)
    title = "\n".join([f"{box.label} ({box.kind})", *box.notes])
    return (
        f'<g><title>{escape(title)}</title><rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{left + 12}" y="{top + 20}">{escape(_short(box.label))}</text>'
        f'<text class="kind" x="{left + 12}" y="{top + 36}">{escape(_short(box.kind))}</text></g>'
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"

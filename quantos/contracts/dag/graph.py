"""What can be wrong with a graph of named nodes, and what runs before what."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import networkx as nx

from quantos.documents.suggestion import MOST_SUGGESTED, suggestion
from quantos.faults import FaultPath

Graph: TypeAlias = "nx.DiGraph[str]"
PathFault: TypeAlias = tuple[FaultPath, str]


@dataclass(frozen=True)
class Ports:
    """What a node takes from others, and gives to them, by name; `place` is where it stands in the document."""

    place: int
    node: str
    ins: Sequence[str]
    outs: Sequence[str]


def graph_of(nodes: Iterable[str], arrows: Iterable[tuple[str, str]]) -> Graph:
    """The graph of nodes and arrows between them; arrows of other nodes are left out."""
    graph: Graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((source, target) for source, target in arrows if source in graph and target in graph)
    return graph


def running_order(graph: Graph) -> list[str]:
    """Each node behind all that runs before it, otherwise in the order in which the graph got them."""
    places = {node: place for place, node in enumerate(graph)}
    return list(nx.lexicographical_topological_sort(graph, key=places.__getitem__))


def repeated(names: Iterable[tuple[FaultPath, str]], *, what: str) -> Iterator[PathFault]:
    """Names that stand more than once, each but the first."""
    seen: Counter[str] = Counter()
    for path, name in names:
        seen[name] += 1
        if seen[name] > 1:
            yield path, f"{what} {name} stands twice"


def dangling(ends: Iterable[tuple[FaultPath, str]], nodes: Sequence[str]) -> Iterator[PathFault]:
    """Ends of arrows that are no node."""
    known = set(nodes)
    unknown = ((path, name) for path, name in ends if name not in known)
    for number, (path, name) in enumerate(unknown):
        near = suggestion(name, known) if number < MOST_SUGGESTED else ""
        yield path, f"there is no node {name}{near}"


def cycles(graph: Graph, places: Mapping[tuple[str, str], int]) -> Iterator[PathFault]:
    """One cycle of each set of nodes that run before each other, at its first arrow in the document."""
    for component in nx.strongly_connected_components(graph):
        inner = graph.subgraph(component)
        if inner.number_of_edges():
            arrows = [(source, target) for source, target, *_ in nx.find_cycle(inner)]
            first = min(range(len(arrows)), key=lambda number: places[arrows[number]])
            names = [source for source, _ in arrows[first:] + arrows[:first]]
            yield ("edges", places[arrows[first]]), f"closes a cycle: {' -> '.join([*names, names[0]])}"


def unfed(graph: Graph, ports: Sequence[Ports]) -> Iterator[PathFault]:
    """What nodes take that nothing which runs before them gives."""
    givers = {name: port.node for port in reversed(ports) for name in port.outs}
    upstream = _Upstream(graph)
    ungiven = 0
    for port in ports:
        node = port.node
        for number, name in enumerate(port.ins):
            giver = givers.get(name)
            if giver is None:
                near = suggestion(name, givers) if ungiven < MOST_SUGGESTED else ""
                message = f"no node gives {name}{near}"
                ungiven += 1
            elif giver == node:
                message = f"{name} is what this node itself gives"
            elif not upstream.has(giver, node):
                message = f"{name} comes from {giver}, which does not run before: add an edge from {giver} to {node}"
            else:
                continue
            yield ("nodes", port.place, "ins", number), message


class _Upstream:
    """What runs before what, as bits of whole numbers: thousands of nodes in a fraction of a second."""

    def __init__(self, graph: Graph) -> None:
        knots = nx.condensation(graph)
        self._knot_of: Mapping[str, int] = knots.graph["mapping"]
        self._before: dict[int, int] = {}
        for knot in nx.topological_sort(knots):
            before = 1 << knot if len(knots.nodes[knot]["members"]) > 1 else 0
            for earlier in knots.predecessors(knot):
                before |= self._before[earlier] | 1 << earlier
            self._before[knot] = before

    def has(self, earlier: str, later: str) -> bool:
        """Whether a node runs before another; in a cycle each does."""
        return bool(self._before[self._knot_of[later]] >> self._knot_of[earlier] & 1)

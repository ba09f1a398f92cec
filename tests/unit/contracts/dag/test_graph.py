"""What is wrong with a graph, against networkx asked in the plainest way."""

import itertools

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.dag.graph import Ports, cycles, graph_of, running_order, unfed

NAMES = [f"n{number}" for number in range(8)]
ARROWS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), unique=True, max_size=20)


def test_each_node_stands_behind_what_runs_before_it_and_otherwise_as_stated() -> None:
    graph = graph_of(["z", "a", "m", "b"], [("m", "z"), ("b", "a")])
    assert running_order(graph) == ["m", "z", "b", "a"]


@given(ARROWS)
def test_each_knot_of_nodes_is_told_by_a_cycle_that_is_there(arrows: list[tuple[str, str]]) -> None:
    graph = graph_of(NAMES, arrows)
    places = {arrow: number for number, arrow in enumerate(arrows)}
    knots = [
        knot for knot in nx.strongly_connected_components(graph) if len(knot) > 1 or any((n, n) in places for n in knot)
    ]
    faults = list(cycles(graph, places))
    assert len(faults) == len(knots)
    for (_, place), message in faults:
        names = message.removeprefix("closes a cycle: ").split(" -> ")
        steps = list(itertools.pairwise(names))
        assert names[0] == names[-1]
        assert arrows[place] == steps[0]
        assert min(places[step] for step in steps) == place


@given(ARROWS)
def test_what_is_taken_has_to_come_from_what_runs_before(arrows: list[tuple[str, str]]) -> None:
    graph = graph_of(NAMES, arrows)
    ports = [Ports(place, node, [f"{name}_out" for name in NAMES], [f"{node}_out"]) for place, node in enumerate(NAMES)]
    refused = {(path[1], path[3]) for path, _ in unfed(graph, ports)}
    expected = {
        (later, earlier)
        for later, node in enumerate(NAMES)
        for earlier, giver in enumerate(NAMES)
        if giver == node or giver not in nx.ancestors(graph, node)
    }
    assert refused == expected

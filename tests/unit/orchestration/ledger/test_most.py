"""The most that a DAG uses at a time is the heaviest set of nodes of which none runs before another."""

import itertools

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.dag.graph import graph_of
from quantos.orchestration.ledger.most import most_at_a_time

NAMES = [f"n{number}" for number in range(8)]


@st.composite
def weighted_graphs(draw: st.DrawFn):
    names = NAMES[: draw(st.integers(1, 8))]
    arrows = [pair for pair in itertools.combinations(names, 2) if draw(st.booleans())]
    return graph_of(names, arrows), {name: draw(st.integers(0, 9)) for name in names}


@given(weighted_graphs())
def test_it_is_the_heaviest_of_all_sets_that_may_run_together(drawn) -> None:
    graph, weights = drawn
    heaviest = max(sum(weights[name] for name in together) for together in nx.antichains(graph))
    assert most_at_a_time(graph, weights) == heaviest


def test_a_chain_uses_what_its_greatest_node_does_and_a_fork_what_both_do() -> None:
    assert most_at_a_time(graph_of("abc", [("a", "b"), ("b", "c")]), {"a": 2, "b": 5, "c": 3}) == 5
    assert most_at_a_time(graph_of("abc", [("a", "b"), ("a", "c")]), {"a": 2, "b": 5, "c": 3}) == 8


def test_more_than_32_bits_hold_is_never_told_too_low() -> None:
    names = [f"n{number}" for number in range(600)]
    most = 600 * 4_096_000
    assert most <= most_at_a_time(graph_of(names, []), dict.fromkeys(names, 4_096_000)) <= most + 2 * len(names)
    chain = graph_of(names, list(itertools.pairwise(names)))
    assert 4_096_000 <= most_at_a_time(chain, dict.fromkeys(names, 4_096_000)) <= 4_096_002

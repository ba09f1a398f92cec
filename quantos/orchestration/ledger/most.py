"""The most that a DAG can use at a time: the heaviest set of nodes none of which runs before another."""

import math
from collections.abc import Mapping
from typing import Final

import networkx as nx
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

from quantos.contracts.dag.graph import Graph

_MOST: Final = 2**31 - 1


def most_at_a_time(graph: Graph, weights: Mapping[str, int]) -> int:
    """The greatest sum of weights of nodes that may run together.

    By Dilworth's theorem with weights: all weights less the most that chains can hand on, which is a maximal flow from
    each node's end to the beginnings of those after it. Weights are whole and not negative. The
    flow is of 32 bits: a greater sum is counted in greater units, rounded up, so that the most is never told too low.
    """
    unit = max(1, math.ceil(sum(weights.values()) / (_MOST - len(weights))))
    if unit > 1:
        return unit * most_at_a_time(graph, {name: math.ceil(weight / unit) for name, weight in weights.items()})
    order = {name: place for place, name in enumerate(nx.topological_sort(graph))}
    weighty = [name for name in order if weights[name]]
    if len(weighty) <= 1:
        return sum(weights.values())
    count = len(order)
    source, sink = 2 * count, 2 * count + 1
    total = sum(weights.values())
    rows, columns, capacity = list[int](), list[int](), list[int]()
    for name, place in order.items():
        rows += [source, count + place, count + place]
        columns += [place, sink, place]
        capacity += [weights[name], weights[name], total]
    for before, after in graph.edges:
        rows.append(order[before])
        columns.append(count + order[after])
        capacity.append(total)
    shape = (2 * count + 2, 2 * count + 2)
    edges = coo_array((np.array(capacity, dtype=np.int32), (rows, columns)), shape=shape).tocsr()
    return total - int(maximum_flow(edges, source, sink).flow_value)

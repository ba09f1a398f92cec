"""The choice as a mixed-integer linear programme for HiGHS.

Columns, in this order: whole nodes by pool; the share of a demand in a pool, for every pair that fits; the share of a
demand that is not given; nodes that a floor lacks; nodes added and given up by pool; whether a pool of a group is used;
and one that is always 1, for the constant part of an objective.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from quantos.allocation.choice import ChoiceDemand, ChoicePool, ChoiceProblem
from quantos.allocation.placement import (
    filled_usd_per_hour,
    fits,
    nodes_by_resource,
    remote_usd_per_hour,
    share_cap,
    zone_part,
)
from quantos.arrays import FloatArray

NODE_LIMIT: Final = 100
"""Branches of one search. A limit in nodes and not in seconds: the answer is the same on a slow machine."""
RELATIVE_GAP: Final = 8e-3
"""Where a search ends: this near, in parts of what it minimises, to what cannot be beaten."""

Held = tuple[tuple[FloatArray, float], ...]
"""Objectives of earlier searches, and the most each may be."""
_DECIDED: Final = frozenset({0, 2, 3})
"""scipy's words for solved, infeasible and unbounded; the limit of branches is none of them."""
_Row = tuple[dict[int, float], float, float]


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a search found: the value of every column, of the objective, and the bound below it."""

    values: FloatArray
    objective: float
    bound: float


class Model:
    """Rows and columns of one problem; `search` minimises over them, as often as is asked."""

    def __init__(self, problem: ChoiceProblem) -> None:
        self.problem = problem
        pools, demands = problem.pools, problem.demands
        named = {pool.name: index for index, pool in enumerate(pools)}
        self.pairs = [
            (row, named[name])
            for row, demand in enumerate(demands)
            for name in sorted(set(demand.pools))
            if demand.need.vcpu > 0 and fits(demand, pools[named[name]])
        ]
        sizes = (len(pools), len(self.pairs), len(demands), len(pools), len(pools), len(pools), len(pools), 1)
        ends = np.cumsum((0, *sizes))
        self.nodes, self.shares, self.short, self.lacking, self.up, self.down, self.used, self.constant = (
            range(int(start), int(end)) for start, end in pairwise(ends)
        )
        self.columns = int(ends[-1])
        self.integrality = np.zeros(self.columns, dtype=np.int64)
        self.integrality[[*self.nodes, *self.used]] = 1
        self.upper = self._upper()
        rows = list(self._rows())
        self._matrix = _matrix([row[0] for row in rows], self.columns)
        self._lower_rows = np.array([row[1] for row in rows])
        self._upper_rows = np.array([row[2] for row in rows])

    def search(
        self, objective: FloatArray, *, fixed: Mapping[int, float], held: Held, whole: bool
    ) -> tuple[Search | None, bool]:
        """Minimise `objective` over the columns.

        Args:
            objective: shape (columns,).
            fixed: columns and the value they must have.
            held: earlier objectives and the most they may be.
            whole: whether nodes are whole; False makes it a linear programme.

        Returns:
            What was found, or None; and whether the search was cut off at `NODE_LIMIT`.
        """
        lower, upper = np.zeros(self.columns), self.upper.copy()
        lower[list(self.constant)] = upper[list(self.constant)] = 1
        for column, value in fixed.items():
            lower[column] = upper[column] = value
        matrix, lows, highs = self._matrix, self._lower_rows, self._upper_rows
        if held:
            matrix = vstack([matrix, csr_array(np.array([weights for weights, _ in held]))], format="csr")
            lows = np.concatenate([lows, np.full(len(held), -np.inf)])
            highs = np.concatenate([highs, np.array([most for _, most in held])])
        result = milp(
            objective,
            integrality=self.integrality if whole else np.zeros_like(self.integrality),
            bounds=Bounds(lower, upper),
            constraints=LinearConstraint(matrix, lows, highs),
            options={"presolve": True, "mip_rel_gap": RELATIVE_GAP, "node_limit": NODE_LIMIT, "disp": False},
        )
        cut_off = result.status not in _DECIDED
        if result.x is None:
            return None, cut_off
        bound = float(result.mip_dual_bound) if whole else float(result.fun)
        return Search(values=np.asarray(result.x), objective=float(result.fun), bound=bound), cut_off

    def cost(self) -> FloatArray:
        """USD/hour of nodes and of distance."""
        weights = np.zeros(self.columns)
        for column, pool in zip(self.nodes, self.problem.pools, strict=True):
            weights[column] = pool.usd_per_node_hour
        for column, demand, pool in self.placed():
            weights[column] = remote_usd_per_hour(demand, pool)
        return weights

    def owed(self) -> list[int]:
        """Columns that are 0 where everything is given: shortfalls of what is needed, and floors not kept."""
        wanting = zip(self.short, self.problem.demands, strict=True)
        return [*(column for column, demand in wanting if demand.need.vcpu > 0), *self.lacking]

    def placed(self) -> Iterator[tuple[int, ChoiceDemand, ChoicePool]]:
        """Every share column with its demand and its pool."""
        for column, (row, place) in zip(self.shares, self.pairs, strict=True):
            yield column, self.problem.demands[row], self.problem.pools[place]

    def _upper(self) -> FloatArray:
        upper = np.ones(self.columns)
        for index, pool in enumerate(self.problem.pools):
            upper[self.nodes[index]] = pool.max_nodes
            upper[self.lacking[index]] = pool.least_nodes
            upper[self.up[index]] = max(pool.max_nodes - pool.previous_nodes, 0)
            upper[self.down[index]] = pool.previous_nodes
            upper[self.used[index]] = pool.group is not None
        for column, demand, pool in self.placed():
            upper[column] = share_cap(demand, pool)
        return upper

    def _rows(self) -> Iterator[_Row]:
        yield from self._environment_rows()
        yield from self._pool_rows()
        for index, demand in enumerate(self.problem.demands):
            placed = [(self.shares[at], place) for at, (row, place) in enumerate(self.pairs) if row == index]
            yield {**{column: 1.0 for column, _ in placed}, self.short[index]: 1.0}, 1.0, 1.0
            yield from self._demand_rows(demand, placed)

    def _environment_rows(self) -> Iterator[_Row]:
        limits, pools = self.problem.limits, self.problem.pools
        prices = {column: pool.usd_per_node_hour for column, pool in zip(self.nodes, pools, strict=True)}
        yield prices, -np.inf, limits.budget_usd_per_hour
        yield dict.fromkeys(self.nodes, 1.0), -np.inf, limits.max_nodes
        if limits.max_step_up_nodes is not None:
            yield dict.fromkeys(self.up, 1.0), -np.inf, limits.max_step_up_nodes
        if limits.max_step_down_nodes is not None:
            yield dict.fromkeys(self.down, 1.0), -np.inf, limits.max_step_down_nodes
        groups: dict[str, list[int]] = {}
        for index, pool in enumerate(pools):
            if pool.group is not None:
                groups.setdefault(pool.group, []).append(self.used[index])
        for columns in groups.values():
            yield dict.fromkeys(columns, 1.0), -np.inf, 1.0

    def _pool_rows(self) -> Iterator[_Row]:
        loads: list[list[dict[int, float]]] = [[{}, {}, {}, {}] for _ in self.problem.pools]
        for column, (row, place) in zip(self.shares, self.pairs, strict=True):
            needs = nodes_by_resource(self.problem.demands[row], self.problem.pools[place])
            for load, nodes in zip(loads[place], needs, strict=True):
                if nodes > 0:
                    load[column] = nodes
        for index, pool in enumerate(self.problem.pools):
            nodes = self.nodes[index]
            for load in loads[index]:
                if load:
                    yield {**load, nodes: -pool.availability}, -np.inf, 0.0
            if pool.least_nodes:
                yield {nodes: 1.0, self.lacking[index]: 1.0}, pool.least_nodes, np.inf
            yield {nodes: 1.0, self.up[index]: -1.0, self.down[index]: 1.0}, pool.previous_nodes, pool.previous_nodes
            if pool.group is not None:
                yield {nodes: 1.0, self.used[index]: -float(pool.max_nodes)}, -np.inf, 0.0

    def _demand_rows(self, demand: ChoiceDemand, placed: list[tuple[int, int]]) -> Iterator[_Row]:
        pools = [(column, self.problem.pools[place]) for column, place in placed]
        spot = {column: 1.0 for column, pool in pools if pool.spot}
        if demand.max_spot_share < 1 and len(spot) > 1:
            yield spot, -np.inf, demand.max_spot_share
        if demand.min_spot_share > 0 and pools:
            yield {column: float(column in spot) - demand.min_spot_share for column, _ in pools}, 0.0, np.inf
        if demand.max_zone_share < 1:
            for zone in sorted({zone for _, pool in pools for zone in pool.zones}):
                parts = {column: zone_part(pool, zone) for column, pool in pools if zone in pool.zones}
                yield parts, -np.inf, demand.max_zone_share
        if demand.ceiling_usd_per_hour is not None and pools:
            costs = {column: filled_usd_per_hour(demand, pool) for column, pool in pools}
            yield costs, -np.inf, demand.ceiling_usd_per_hour


def _matrix(rows: list[dict[int, float]], columns: int) -> csr_array:
    starts = np.cumsum([0, *(len(row) for row in rows)])
    indices = np.array([column for row in rows for column in row], dtype=np.int32)
    data = np.array([value for row in rows for value in row.values()], dtype=np.float64)
    return csr_array((data, indices, starts), shape=(len(rows), columns))

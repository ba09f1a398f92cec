"""Chooses nodes and places: all demands at least cost, or, where limits forbid that, the most important ones first."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from quantos.allocation.accounting import Books, account, fixed_shares
from quantos.allocation.choice import DECIMALS, SHARE_TOLERANCE, ChoiceProblem, ChoiceSolution, SearchEnd
from quantos.allocation.milp import RELATIVE_GAP, FloatArray, Held, Model, Search
from quantos.allocation.placement import filled_usd_per_hour, remote_usd_per_hour
from quantos.errors import ChoiceError

SLACK: Final = 1e-4
"""Room, in parts of what a level asks for, that is left to it while later ones are searched: a level held to its last
digit leaves a search nothing to move in. Shares are settled exactly in the end."""
TOLERANCE: Final = 1e-6
TIE: Final = 1e-6
"""Weight of what only settles ties: of nodes, those that stand, then the first by name; of places, the cheapest."""
MOST_TOPPED_UP: Final = 20
"""Nodes added after a search at most: its gap is less than these on any but the greatest pools."""

Nodes = Mapping[str, int]
Shares = Mapping[tuple[str, str], float]


def choose(problem: ChoiceProblem) -> ChoiceSolution:
    """The least cost at which every demand is held; where that cannot be, what each priority level can be given.

    One search for the whole comes first. Only when nothing satisfies all demands are shortfalls allowed: floors are
    kept first, then each level of priority, the greatest first, is given what it can be given (shortfalls weighed by
    what a miss costs) and held to it while the next is asked; cost comes last. What parts of nodes would give is tried
    first, and kept where whole nodes have room for it; else every level takes a search. A search ends within
    `RELATIVE_GAP` of its bound, or at the limit of branches. Within the nodes found, shares are settled again as a
    linear programme, exactly; a node that no limit forbids is added where a gap left a demand short, and nodes that
    stay empty are given up.

    Raises:
        ChoiceError: pools stand so far above the limits that one plan's step cannot bring them within, or a search
            was cut off before it found anything.
    """
    model = Model(problem)
    searches = _Searches(model)
    cost, levels = _with_ties(model), tuple(_levels(model))
    served = dict.fromkeys(model.owed(), 0.0)
    incumbent = _minimised(searches, (cost,), fixed=served) or _with_room(searches, cost, levels=levels)
    if incumbent is not None:
        nodes, shares = incumbent.nodes, _placed(searches, incumbent.nodes, fixed=incumbent.fixed, levels=levels)
    else:
        incumbent = _minimised(searches, (*levels, cost), fixed={})
        if incumbent is None:
            raise _no_solution(searches)
        nodes, shares = _topped_up(searches, incumbent.nodes, levels=levels)
    return account(
        problem,
        nodes=_without_empty(problem, nodes, shares),
        shares=shares,
        ended=SearchEnd(
            cut_off=searches.cut_off,
            bound_usd_per_hour=round(incumbent.bound, DECIMALS),
            lp_bound_usd_per_hour=round(incumbent.lp_bound, DECIMALS),
            shortfall_gap=round(incumbent.earlier_gap, DECIMALS),
            solves=searches.count,
        ),
    )


@dataclass
class _Searches:
    """Searches of one model, counted; `cut_off` once any of them met the limit of branches."""

    model: Model
    count: int = 0
    cut_off: bool = False

    def run(
        self, objective: FloatArray, *, fixed: Mapping[int, float], held: Held = (), whole: bool = True
    ) -> Search | None:
        """The end of a search; None where there is no solution, or none was found."""
        self.count += 1
        search, cut_off = self.model.search(objective, fixed=fixed, held=held, whole=whole)
        self.cut_off = self.cut_off or cut_off
        return search


@dataclass(frozen=True, kw_only=True)
class _Incumbent:
    """Nodes, the columns they were found for, the bounds on the last objective, and the greatest gap of earlier ones.

    Gaps are relative.
    """

    nodes: Nodes
    fixed: Mapping[int, float]
    bound: float
    lp_bound: float
    earlier_gap: float


def _minimised(
    searches: _Searches, objectives: Sequence[FloatArray], *, fixed: Mapping[int, float]
) -> _Incumbent | None:
    """Minimise one objective after the other, each held while the next is minimised; None where nothing is feasible.

    The nodes in hand, at first those that stand, are kept where they already come as near to the next objective's LP
    bound as a search would, or where a search finds nothing better.
    """
    nodes: Nodes = {pool.name: min(pool.previous_nodes, pool.max_nodes) for pool in searches.model.problem.pools}
    held: Held = ()
    lp_bound = bound = gap = earlier_gap = 0.0
    for objective in objectives:
        earlier_gap = max(earlier_gap, gap)
        relaxed = searches.run(objective, fixed=fixed, held=held, whole=False)
        if relaxed is None:
            return None
        lp_bound = bound = relaxed.objective
        kept = _within(searches, objective, nodes=nodes, fixed=fixed, held=held)
        value = math.inf if kept is None else kept.objective
        if kept is None or value - bound > RELATIVE_GAP * abs(value) + TOLERANCE:
            search = searches.run(objective, fixed=fixed, held=held)
            if search is not None:
                bound = max(bound, search.bound)
            if search is not None and search.objective < value:
                nodes, value = _whole(searches.model, search), search.objective
        if math.isinf(value):
            return None
        gap = max(value - bound, 0.0) / abs(value) if abs(value) > TOLERANCE else 0.0
        held = (*held, (objective, value + SLACK * abs(value) + TOLERANCE))
    return _Incumbent(nodes=nodes, fixed=fixed, bound=bound, lp_bound=lp_bound, earlier_gap=earlier_gap)


def _with_room(searches: _Searches, cost: FloatArray, *, levels: Sequence[FloatArray]) -> _Incumbent | None:
    """The least cost at the shortfalls that parts of nodes would leave; None where whole nodes have no room for it."""
    held: Held = ()
    relaxed: Search | None = None
    for level in levels:
        relaxed = searches.run(level, fixed={}, held=held, whole=False)
        if relaxed is None:
            return None
        held = (*held, (level, relaxed.objective + TOLERANCE))
    if relaxed is None:
        return None
    owed = {column: max(float(relaxed.values[column]), 0.0) for column in searches.model.owed()}
    cheapest = searches.run(cost, fixed=owed, whole=False)
    if cheapest is None or _within(searches, cost, nodes=_rounded_up(searches.model, cheapest), fixed=owed) is None:
        return None
    return _minimised(searches, (cost,), fixed=owed)


def _rounded_up(model: Model, relaxed: Search) -> Nodes:
    return {
        pool.name: min(math.ceil(float(relaxed.values[column]) - TOLERANCE), pool.max_nodes)
        for column, pool in zip(model.nodes, model.problem.pools, strict=True)
    }


def _within(
    searches: _Searches, objective: FloatArray, *, nodes: Nodes, fixed: Mapping[int, float], held: Held = ()
) -> Search | None:
    """The best shares within given nodes."""
    counted = {
        column: float(nodes[pool.name])
        for column, pool in zip(searches.model.nodes, searches.model.problem.pools, strict=True)
    }
    return searches.run(objective, fixed={**fixed, **counted}, held=held, whole=False)


def _placed(
    searches: _Searches, nodes: Nodes, *, levels: Sequence[FloatArray], fixed: Mapping[int, float] | None = None
) -> Shares:
    """The shares within whole nodes, at the least cost of distance.

    With `fixed` shortfalls, where the nodes hold them; else at the least shortfall, level by level.
    """
    model = searches.model
    weights = np.zeros(model.columns)
    for column, demand, pool in model.placed():
        filled = filled_usd_per_hour(demand, pool)
        weights[column] = remote_usd_per_hour(demand, pool) + TIE * filled
    search = None if fixed is None else _within(searches, weights, nodes=nodes, fixed=fixed)
    if search is None:
        held: Held = ()
        for level in levels:
            least = _within(searches, level, nodes=nodes, fixed={}, held=held)
            if least is None:
                raise _no_solution(searches)
            held = (*held, (level, least.objective + TOLERANCE))
        search = _within(searches, weights, nodes=nodes, fixed={}, held=held)
    if search is None:
        raise _no_solution(searches)
    return fixed_shares(
        {(demand.name, pool.name): float(search.values[column]) for column, demand, pool in model.placed()}
    )


def _topped_up(searches: _Searches, nodes: Nodes, *, levels: Sequence[FloatArray]) -> tuple[Nodes, Shares]:
    """Nodes with some more where that holds more of what is short and no limit forbids it, and the shares in them."""
    shares = _placed(searches, nodes, levels=levels)
    for _ in range(MOST_TOPPED_UP):
        wanted = Books(searches.model.problem, nodes, shares).wanted_pool()
        if wanted is None:
            break
        nodes = {**nodes, wanted: nodes[wanted] + 1}
        shares = _placed(searches, nodes, levels=levels)
    return nodes, shares


def _without_empty(problem: ChoiceProblem, nodes: Nodes, shares: Shares) -> Nodes:
    """The nodes less those that neither a share nor a floor needs, the dearest first, as far as one step may go."""
    books = Books(problem, nodes, shares)
    kept = dict(nodes)
    most = problem.limits.max_step_down_nodes
    left = math.inf if most is None else most - books.step_down()
    for pool in sorted(problem.pools, key=lambda item: (-item.usd_per_node_hour, item.name)):
        have = nodes[pool.name]
        needed = max(math.ceil(max(books.load_nodes(pool)) - SHARE_TOLERANCE), min(pool.least_nodes, have))
        above = max(have - max(needed, pool.previous_nodes), 0)
        below = int(min(max(have - above - needed, 0), left))
        left -= below
        kept[pool.name] = have - above - below
    return kept


def _levels(model: Model) -> Iterator[FloatArray]:
    """What to minimise in turn: what is not given, plus all that is asked for, so that gaps are parts of what is asked.

    First the floors in vCPU, then each priority by what misses cost; the greatest weight of each is 1.
    """
    floors = np.zeros(model.columns)
    for column, pool in zip(model.lacking, model.problem.pools, strict=True):
        floors[column] = pool.node.vcpu if pool.least_nodes else 0.0
    by_priority: dict[int, FloatArray] = {}
    for column, demand in zip(model.short, model.problem.demands, strict=True):
        weights = by_priority.setdefault(demand.priority, np.zeros(model.columns))
        weights[column] = demand.miss_usd_per_vcpu_hour * demand.need.vcpu
    for weights in (floors, *(by_priority[priority] for priority in sorted(by_priority, reverse=True))):
        asked = weights > 0
        if asked.any():
            level = weights / weights.max()
            level[list(model.constant)] = float(level[asked] @ model.upper[asked])
            yield level


def _with_ties(model: Model) -> FloatArray:
    """The cost, with a little more for nodes that do not stand yet, and less of it the earlier the pool's name."""
    weights = model.cost()
    count = len(model.problem.pools)
    for rank, pool in enumerate(model.problem.pools):
        weights[model.nodes[rank]] += TIE * pool.usd_per_node_hour * rank / count
        weights[model.up[rank]] += TIE * pool.usd_per_node_hour
    return weights


def _whole(model: Model, search: Search) -> Nodes:
    return {
        pool.name: round(float(search.values[column]))
        for column, pool in zip(model.nodes, model.problem.pools, strict=True)
    }


def _no_solution(searches: _Searches) -> ChoiceError:
    if searches.cut_off:
        return ChoiceError(
            "the search for pool sizes was cut off before it found any",
            remedy="declare fewer pools, or let fewer strategies run on each",
        )
    step = searches.model.problem.limits.max_step_down_nodes
    return ChoiceError(
        f"the pools stand so far above their limits that giving up {step} nodes, the most one plan may, is too few",
        remedy="raise limits.max_step_down_nodes for one plan, or lower the limits in steps",
    )

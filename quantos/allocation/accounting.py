"""From nodes and shares to the whole solution: costs, what drives each pool, who gave way and what binds."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, get_args

from quantos.allocation.choice import (
    DECIMALS,
    RESOURCES,
    SHARE_DECIMALS,
    SHARE_TOLERANCE,
    Assignment,
    Binding,
    ChoiceDemand,
    ChoicePool,
    ChoiceProblem,
    ChoiceSolution,
    Concession,
    Constraint,
    Driver,
    FloorConcession,
    PoolChoice,
    SearchEnd,
)
from quantos.allocation.placement import (
    filled_usd_per_hour,
    fits,
    holds,
    in_place,
    nodes_by_resource,
    remote_usd_per_hour,
    share_cap,
    zone_part,
)

MONEY_TOLERANCE: Final = 1e-6
"""USD/hour; sums of prices differ in the last bits."""
NO_GAP: Final = 1e-5
"""A relative gap that is the weight of tie-breaking and the solver's tolerance, no more."""
_ORDER: Final[tuple[Constraint, ...]] = get_args(Constraint)


def account(
    problem: ChoiceProblem, *, nodes: Mapping[str, int], shares: Mapping[tuple[str, str], float], ended: SearchEnd
) -> ChoiceSolution:
    """The solution that whole nodes by pool, and shares by (demand, pool), make.

    A pure function of its arguments, so that a recorded solution can be made again and compared to the last digit.
    """
    books = Books(problem, nodes, fixed_shares(shares))
    usd = sum(nodes[pool.name] * pool.usd_per_node_hour for pool in problem.pools)
    objective = usd + books.remote_usd_per_hour()
    assignments = tuple(books.assignments())
    gap = _gap(objective, ended.bound_usd_per_hour)
    return ChoiceSolution(
        status="node-limit" if ended.cut_off else "within-gap" if gap > NO_GAP else "optimal",
        pools=tuple(books.pool_choice(pool) for pool in problem.pools),
        assignments=assignments,
        usd_per_hour=_fixed(usd),
        objective_usd_per_hour=_fixed(objective),
        idle_usd_per_hour=_fixed(max(usd - sum(part.usd_per_hour for part in assignments), 0.0)),
        mip_gap=gap,
        lp_distance=_gap(objective, ended.lp_bound_usd_per_hour),
        gave_way=tuple(sorted(books.concessions(), key=lambda item: (-item.priority, item.demand))),
        floors_gave_way=tuple(books.floor_concessions()),
        binding=tuple(sorted(books.bindings(), key=lambda item: (_ORDER.index(item.constraint), item.subject))),
        ended=ended,
    )


def fixed_shares(shares: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Shares in fixed point, sorted, without those that are nothing."""
    rounded = {pair: round(share, SHARE_DECIMALS) for pair, share in sorted(shares.items())}
    return {pair: share for pair, share in rounded.items() if share > 0}


@dataclass(frozen=True)
class Books:
    """Nodes by pool and shares by (demand, pool), and what follows from them."""

    problem: ChoiceProblem
    nodes: Mapping[str, int]
    shares: Mapping[tuple[str, str], float]
    _by_pool: dict[str, list[tuple[ChoiceDemand, float]]] = field(default_factory=dict)
    _by_demand: dict[str, list[tuple[ChoicePool, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pools = {pool.name: pool for pool in self.problem.pools}
        demands = {demand.name: demand for demand in self.problem.demands}
        for (demand, pool), share in self.shares.items():
            self._by_pool.setdefault(pool, []).append((demands[demand], share))
            self._by_demand.setdefault(demand, []).append((pools[pool], share))

    def load_nodes(self, pool: ChoicePool) -> tuple[float, ...]:
        """Nodes that must be there, resource by resource, spares for interruption included."""
        load = [0.0] * len(RESOURCES)
        for demand, share in self._by_pool.get(pool.name, ()):
            for index, nodes in enumerate(nodes_by_resource(demand, pool)):
                load[index] += share * nodes / pool.availability
        return tuple(load)

    def placed(self, demand: ChoiceDemand) -> list[tuple[ChoicePool, float]]:
        """The pools that hold some of a demand, and what share."""
        return self._by_demand.get(demand.name, [])

    def shortfall(self, demand: ChoiceDemand) -> float:
        """The share of a demand that nothing holds; 0 within the tolerance."""
        missing = 1 - sum(share for _, share in self.placed(demand))
        return missing if missing > SHARE_TOLERANCE and demand.need.vcpu > 0 else 0.0

    def spot_share(self, demand: ChoiceDemand) -> float:
        """The share of a demand that is on spot."""
        return sum(share for pool, share in self.placed(demand) if pool.spot)

    def zone_share(self, demand: ChoiceDemand, zone: str) -> float:
        """The share of a demand that stands in a zone."""
        return sum(share * zone_part(pool, zone) for pool, share in self.placed(demand))

    def filled_usd_per_hour(self, demand: ChoiceDemand) -> float:
        """What the nodes cost that a demand fills."""
        return sum(share * filled_usd_per_hour(demand, pool) for pool, share in self.placed(demand))

    def remote_usd_per_hour(self) -> float:
        """The cost of distance of all demands."""
        return sum(
            share * remote_usd_per_hour(demand, pool)
            for demand in self.problem.demands
            for pool, share in self.placed(demand)
        )

    def usd_left(self) -> float:
        """What the budget leaves."""
        spent = sum(self.nodes[pool.name] * pool.usd_per_node_hour for pool in self.problem.pools)
        return self.problem.limits.budget_usd_per_hour - spent

    def nodes_left(self) -> int:
        """What the limit of all nodes leaves."""
        return self.problem.limits.max_nodes - sum(self.nodes.values())

    def step_up(self) -> int:
        """Nodes added, summed over pools."""
        return sum(max(self.nodes[pool.name] - pool.previous_nodes, 0) for pool in self.problem.pools)

    def step_down(self) -> int:
        """Nodes given up, summed over pools."""
        return sum(max(pool.previous_nodes - self.nodes[pool.name], 0) for pool in self.problem.pools)

    def assignments(self) -> Iterator[Assignment]:
        """Where every demand is. Demands that fill different resources of the same nodes share the cost of these."""
        part_paid = {pool.name: self._part_paid(pool) for pool in self.problem.pools}
        for demand in self.problem.demands:
            for pool, share in self.placed(demand):
                filled = share * filled_usd_per_hour(demand, pool)
                yield Assignment(
                    demand=demand.name,
                    pool=pool.name,
                    share=share,
                    usd_per_hour=_fixed(filled * part_paid[pool.name]),
                )

    def pool_choice(self, pool: ChoicePool) -> PoolChoice:
        """What a pool has and why."""
        nodes = self.nodes[pool.name]
        scarcest = max(self.load_nodes(pool))
        return PoolChoice(
            pool=pool.name,
            nodes=nodes,
            usd_per_hour=_fixed(nodes * pool.usd_per_node_hour),
            used_share=_fixed(min(scarcest / nodes, 1.0)) if nodes else 0.0,
            driver=self._driver(pool),
        )

    def concessions(self) -> Iterator[Concession]:
        """Demands that are not given all."""
        for demand in self.problem.demands:
            share = self.shortfall(demand)
            if share > 0:
                yield Concession(
                    demand=demand.name,
                    priority=demand.priority,
                    shortfall_share=_fixed(share),
                    shortfall_vcpu=_fixed(share * demand.need.vcpu),
                    shortfall_gpus=_fixed(share * demand.need.gpus),
                    bound_by=self._bound_by(demand),
                )

    def floor_concessions(self) -> Iterator[FloorConcession]:
        """Pools held below their floors."""
        for pool in self.problem.pools:
            missing = pool.least_nodes - self.nodes[pool.name]
            if missing > 0:
                bound_by = _ordered(self._growth_limits(pool)) or ("whole-nodes",)
                yield FloorConcession(pool=pool.name, missing_nodes=missing, bound_by=bound_by)

    def wanted_pool(self) -> str | None:
        """The cheapest pool that may have one more node for the most important demand that is short; None for none."""
        for demand in sorted(self.problem.demands, key=lambda item: (-item.priority, item.name)):
            if self.shortfall(demand) <= 0:
                continue
            roomy = [
                pool
                for pool in self.problem.pools
                if pool.name in demand.pools
                and fits(demand, pool)
                and not self._share_limits(demand, pool)
                and not self._growth_limits(pool)
            ]
            if roomy:
                cheapest = min(roomy, key=lambda pool: (filled_usd_per_hour(demand, pool), pool.name))
                return cheapest.name
        return None

    def bindings(self) -> Iterator[Binding]:
        """The limits that leave no room."""
        limits, pools = self.problem.limits, self.problem.pools
        if pools and self.usd_left() < min(pool.usd_per_node_hour for pool in pools) - MONEY_TOLERANCE:
            yield Binding(constraint="budget")
        if self.nodes_left() <= 0:
            yield Binding(constraint="max-nodes")
        if limits.max_step_up_nodes is not None and self.step_up() >= limits.max_step_up_nodes:
            yield Binding(constraint="step-up")
        if limits.max_step_down_nodes is not None and self.step_down() >= limits.max_step_down_nodes:
            yield Binding(constraint="step-down")
        for pool in pools:
            if self.nodes[pool.name] >= pool.max_nodes:
                yield Binding(constraint="pool-maximum", subject=pool.name)
        for demand in self.problem.demands:
            capped = {reason for pool, _ in self.placed(demand) for reason in self._share_limits(demand, pool)}
            for reason in sorted(capped):
                yield Binding(constraint=reason, subject=demand.name)

    def _part_paid(self, pool: ChoicePool) -> float:
        held = self._by_pool.get(pool.name, ())
        claimed = sum(share * filled_usd_per_hour(demand, pool) for demand, share in held)
        cost = self.nodes[pool.name] * pool.usd_per_node_hour
        return min(cost / claimed, 1.0) if claimed > 0 else 1.0

    def _driver(self, pool: ChoicePool) -> Driver:
        nodes, load = self.nodes[pool.name], self.load_nodes(pool)
        if nodes == 0:
            return "none"
        if max(load) > nodes - 1 + SHARE_TOLERANCE:
            return RESOURCES[load.index(max(load))]
        if nodes <= pool.least_nodes:
            return "reactive" if pool.reactive_nodes > pool.floor_nodes else "floor"
        limit = self.problem.limits.max_step_down_nodes
        if limit is not None and nodes <= pool.previous_nodes and self.step_down() >= limit:
            return "step-down"
        return "spare"

    def _bound_by(self, demand: ChoiceDemand) -> tuple[Constraint, ...]:
        constraints: set[Constraint] = set()
        for pool in self.problem.pools:
            if pool.name not in demand.pools:
                continue
            if fits(demand, pool):
                constraints |= self._share_limits(demand, pool) or self._growth_limits(pool) or {"whole-nodes"}
            elif not holds(demand, pool):
                constraints.add("eligibility")
            elif not in_place(demand, pool) and not self._growth_limits(pool):
                constraints.add("locality")
        return _ordered(constraints) or ("eligibility",)

    def _share_limits(self, demand: ChoiceDemand, pool: ChoicePool) -> AbstractSet[Constraint]:
        """What keeps a greater share of the demand from this pool, however many nodes it has."""
        constraints: set[Constraint] = set()
        share = self.shares.get((demand.name, pool.name), 0.0)
        given = sum(part for _, part in self.placed(demand))
        spot = self.spot_share(demand)
        if share >= share_cap(demand, pool) - SHARE_TOLERANCE and share_cap(demand, pool) < 1:
            constraints.add(_cap_name(demand, pool))
        if pool.spot and demand.max_spot_share < 1 and spot >= demand.max_spot_share - SHARE_TOLERANCE:
            constraints.add("spot-share")
        if not pool.spot and demand.min_spot_share > 0 and spot <= demand.min_spot_share * given + SHARE_TOLERANCE:
            constraints.add("spot-share")
        if demand.max_zone_share < 1 and any(
            self.zone_share(demand, zone) >= demand.max_zone_share - SHARE_TOLERANCE for zone in pool.zones
        ):
            constraints.add("diversification")
        if demand.ceiling_usd_per_hour is not None:
            unit = filled_usd_per_hour(demand, pool)
            left = demand.ceiling_usd_per_hour - self.filled_usd_per_hour(demand)
            if left <= unit * SHARE_TOLERANCE + MONEY_TOLERANCE:
                constraints.add("ceiling")
        return constraints

    def _growth_limits(self, pool: ChoicePool) -> AbstractSet[Constraint]:
        """What keeps one node more from this pool."""
        constraints: set[Constraint] = set()
        nodes, limits = self.nodes[pool.name], self.problem.limits
        if nodes >= pool.max_nodes or self._group_is_taken(pool):
            constraints.add("pool-maximum")
        if self.usd_left() < pool.usd_per_node_hour - MONEY_TOLERANCE:
            constraints.add("budget")
        if self.nodes_left() <= 0:
            constraints.add("max-nodes")
        up = limits.max_step_up_nodes
        if up is not None and nodes >= pool.previous_nodes and self.step_up() >= up:
            constraints.add("step-up")
        return constraints

    def _group_is_taken(self, pool: ChoicePool) -> bool:
        return pool.group is not None and any(
            other.group == pool.group and other.name != pool.name and self.nodes[other.name]
            for other in self.problem.pools
        )


def _cap_name(demand: ChoiceDemand, pool: ChoicePool) -> Constraint:
    cap = share_cap(demand, pool)
    if pool.spot and cap == demand.interruptible_share:
        return "interruption"
    return "spot-share" if pool.spot and cap == demand.max_spot_share else "diversification"


def _ordered(constraints: AbstractSet[Constraint]) -> tuple[Constraint, ...]:
    return tuple(constraint for constraint in _ORDER if constraint in constraints)


def _gap(objective: float, bound: float) -> float:
    return _fixed(max(objective - bound, 0.0) / objective) if objective > 0 else 0.0


def _fixed(value: float) -> float:
    return round(value, DECIMALS) + 0.0

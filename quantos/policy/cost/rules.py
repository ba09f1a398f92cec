"""The cost rules: one set, which the planner asks beforehand and the cost pack enforces."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from quantos.allocation.attribution import Attribution, Payer
from quantos.catalog.catalog import Catalog, family_of
from quantos.contracts.plan import LEAST_CEILING, PlanDocument, PoolSize, StrategyCost, Violation
from quantos.errors import CatalogError
from quantos.policy.controls import finops, firm
from quantos.policy.cost.capacity import Capacity, NodeGroup, planned_capacity
from quantos.policy.cost.descent import on_the_way_down
from quantos.policy.cost.limits import CostLimits, StandingSize, cost_limits
from quantos.policy.rule import Rule

if TYPE_CHECKING:
    from quantos.environment.settings.environment import EnvironmentSettings

PACK = "quantos-cost"
ROUNDING = 1e-6
"""Sums of prices differ in the last bits; a millionth of a dollar or of a share is not an excess."""
NAMED = 8
"""Names of a list that a message spells out."""


def foreseen_violations(
    document: PlanDocument, settings: "EnvironmentSettings", *, catalog: Catalog
) -> tuple[Violation, ...]:
    """What the cost pack will refuse when the capacity program runs on `document`: the same rules, the same values.

    What stands is taken from the plan before; the pack is told what EKS says.
    """
    previous = {
        pool: StandingSize(minimum=size.floor, maximum=size.ceiling, desired=size.floor)
        for pool, size in document.previous.items()
    }
    limits = replace(cost_limits(settings), standing=previous)
    capacity = planned_capacity(settings, document)
    results = [(rule.name, rule.messages(group, limits, catalog)) for rule in GROUP_RULES for group in capacity.groups]
    results += [(rule.name, rule.messages(document, limits, catalog)) for rule in PLAN_RULES]
    results += [(rule.name, rule.messages(capacity, limits, catalog)) for rule in STACK_RULES]
    return tuple(Violation(pack=PACK, rule=name, message=message) for name, messages in results for message in messages)


def _unpriced(group: NodeGroup, limits: CostLimits, catalog: Catalog) -> Iterator[str]:
    if not group.instance_types:
        yield f"node group {group.name} names no instance type, so nobody can say what it costs"
    for instance_type in group.instance_types:
        try:
            catalog.shape(instance_type)
            catalog.usd_per_hour(instance_type, capacity_type=group.capacity_type, region=limits.region)
        except CatalogError as exc:
            yield f"node group {group.name}: {exc.what}"


def _foreign_families(group: NodeGroup, limits: CostLimits, _: Catalog) -> Iterator[str]:
    families = {family_of(instance_type) for instance_type in group.instance_types}
    if foreign := sorted(families - set(limits.instance_families)):
        allowed = ", ".join(limits.instance_families)
        yield f"node group {group.name} uses {', '.join(foreign)}; allowed in {limits.environment} are {allowed}"


def _wrong_tags(group: NodeGroup, limits: CostLimits, _: Catalog) -> Iterator[str]:
    if missing := [tag for tag in limits.required_tags if not group.tags.get(tag, "").strip()]:
        yield f"node group {group.name} has no tag {', '.join(missing)}"
    environment = group.tags.get("environment")
    if environment and environment != limits.environment:
        yield f"node group {group.name} is tagged {environment}, but these are the limits of {limits.environment}"


def _dear_pools(capacity: Capacity, limits: CostLimits, catalog: Catalog) -> Iterator[str]:
    for group in capacity.elastic:
        pool = limits.pools.get(group.name)
        if pool is None:
            yield f"node group {group.name} is no pool of {limits.environment}, so it has no ceiling to keep to"
            continue
        price = group.usd_per_node_hour(catalog, region=limits.region)
        cost = price * group.maximum
        if _exceeds(cost, pool.ceiling_usd_per_hour) and not _goes_down(capacity, [group], limits, catalog=catalog):
            yield (
                f"pool {group.name} may grow to {group.maximum} nodes of {price:.4f} USD/hour, {cost:.2f} USD/hour in "
                f"all, which is {_excess(cost, pool.ceiling_usd_per_hour)}"
            )


def _goes_down(capacity: Capacity, excess: Sequence[NodeGroup], limits: CostLimits, *, catalog: Catalog) -> bool:
    """Whether groups that together cost more than is allowed do so only on the way down."""
    return on_the_way_down(
        capacity.elastic,
        excess,
        limits.standing,
        weight=lambda group: group.usd_per_node_hour(catalog, region=limits.region),
    )


def _dear_strategies(document: PlanDocument, _: CostLimits, __: Catalog) -> Iterator[str]:
    for name, cost in sorted(document.strategy_costs.items()):
        ceiling = cost.ceiling_usd_per_hour
        if _exceeds(cost.usd_per_hour, ceiling):
            yield (
                f"strategy {name} would cost {cost.usd_per_hour:.2f} USD/hour, {_excess(cost.usd_per_hour, ceiling)}"
            )


def _dear_sharing(capacity: Capacity, limits: CostLimits, catalog: Catalog) -> Iterator[str]:
    """What pools may cost above their minima, or above the one node that EKS asks for, is attributed to strategies.

    A document of an earlier release says of no strategy where it may run, and is judged by the other rules alone.
    """
    costs: Mapping[str, StrategyCost] = {} if capacity.plan is None else capacity.plan.strategy_costs
    strategies = {name: cost for name, cost in sorted(costs.items()) if cost.pools}
    if unsaid := [name for name in sorted(costs) if strategies and name not in strategies]:
        yield f"the plan does not say where {_listed(unsaid)} may run"
    payers = Attribution(Payer(cost.pools, cost.ceiling_usd_per_hour) for cost in strategies.values())
    shared = [group for group in capacity.elastic if group.name in payers.pools]
    price = {group.name: group.usd_per_node_hour(catalog, region=limits.region) for group in shared}
    for group in shared:
        payers.charge(group.name, price[group.name] * _must_be_allowed(group))
    reported = set[tuple[str, ...]]()
    for group in shared:
        unpaid = payers.charge(group.name, price[group.name] * (group.maximum - _must_be_allowed(group)))
        pools = payers.bound_with(group.name)
        if unpaid > ROUNDING and pools not in reported:
            reported.add(pools)
            if _goes_down(capacity, [item for item in shared if item.name in pools], limits, catalog=catalog):
                continue
            cost = sum(price[item.name] * item.maximum for item in shared if item.name in pools)
            able = {name: item for name, item in strategies.items() if set(item.pools) & set(pools)}
            ceiling = sum(item.ceiling_usd_per_hour for item in able.values())
            yield (
                f"{_listed(pools)} may grow to {cost:.2f} USD/hour together, and the strategies that may run there "
                f"({_listed(able)}) may cost {ceiling:.2f}"
            )


def _must_be_allowed(group: NodeGroup) -> int:
    return max(group.minimum, LEAST_CEILING)


def _listed(names: Iterable[str]) -> str:
    """All names, or the first few and how many more there are."""
    all_names = list(names)
    more = len(all_names) - NAMED
    return ", ".join(all_names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _steep_rise(document: PlanDocument, limits: CostLimits, _: Catalog) -> Iterator[str]:
    rises = {name: step for name, step in _steps(document).items() if step > 0}
    if (total := sum(rises.values())) > limits.max_step_up_nodes:
        yield (
            f"the plan adds {total} nodes at once ({_steps_text(document, rises)}); "
            f"{limits.environment} allows {limits.max_step_up_nodes}"
        )


def _steep_fall(document: PlanDocument, limits: CostLimits, _: Catalog) -> Iterator[str]:
    falls = {name: step for name, step in _steps(document).items() if step < 0}
    if (total := -sum(falls.values())) > limits.max_step_down_nodes:
        yield (
            f"the plan gives up {total} nodes at once ({_steps_text(document, falls)}); "
            f"{limits.environment} allows {limits.max_step_down_nodes}"
        )


def _no_plan(capacity: Capacity, _: CostLimits, __: Catalog) -> Iterator[str]:
    if not capacity.needs_plan:
        return
    if capacity.plan is None:
        pools = ", ".join(group.name for group in capacity.elastic) or "none"
        yield f"stack {capacity.stack} holds elastic pools ({pools}) but no plan, so nobody can say who asked for them"
    elif capacity.plan.stack != capacity.stack:
        yield f"stack {capacity.stack} stands on a plan for {capacity.plan.stack}"


def _unplanned_sizes(capacity: Capacity, _: CostLimits, __: Catalog) -> Iterator[str]:
    names = [group.name for group in capacity.elastic]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"pool {name} is declared by {names.count(name)} node groups, but a plan sizes one"
    sizes: Mapping[str, PoolSize] = {} if capacity.plan is None else capacity.plan.sizes
    for group in capacity.elastic:
        size = sizes.get(group.name)
        if size is not None and (group.minimum, group.maximum) != (size.floor, size.ceiling):
            yield (
                f"pool {group.name} is declared with {group.minimum} to {group.maximum} nodes, "
                f"but its plan says {size.floor} to {size.ceiling}"
            )


def _dear_environment(capacity: Capacity, limits: CostLimits, catalog: Catalog) -> Iterator[str]:
    costs = [
        (group.name, group.maximum * group.usd_per_node_hour(catalog, region=limits.region))
        for group in capacity.elastic
    ]
    total = sum(cost for _, cost in costs)
    if _exceeds(total, limits.ceiling_usd_per_hour) and not _goes_down(
        capacity, capacity.elastic, limits, catalog=catalog
    ):
        parts = ", ".join(f"{name} {cost:.2f}" for name, cost in costs)
        yield (
            f"{limits.environment} at full size would cost {total:.2f} USD/hour ({parts}), "
            f"{_excess(total, limits.ceiling_usd_per_hour)}"
        )


def _too_many_nodes(capacity: Capacity, limits: CostLimits, _: Catalog) -> Iterator[str]:
    total = sum(group.maximum for group in capacity.elastic)
    if total > limits.max_nodes and not on_the_way_down(capacity.elastic, capacity.elastic, limits.standing):
        parts = ", ".join(f"{group.name} {group.maximum}" for group in capacity.elastic)
        yield f"{limits.environment} may grow to {total} nodes ({parts}); the most is {limits.max_nodes}"


def _little_spot(capacity: Capacity, limits: CostLimits, catalog: Catalog) -> Iterator[str]:
    """By vCPU at maximum size, so that few large on-demand nodes weigh what they cost."""
    batch = [group for group in capacity.elastic if _is_batch(group, limits)]
    total = sum(_vcpu(group, catalog) for group in batch)
    spot = sum(_vcpu(group, catalog) for group in batch if group.capacity_type == "SPOT")
    if total and spot / total < limits.min_batch_spot_share - ROUNDING:
        yield (
            f"{spot} of {total} vCPU of the batch pools at full size are spot ({spot / total:.1%}); "
            f"{limits.environment} wants at least {limits.min_batch_spot_share:.1%}"
        )


def _is_batch(group: NodeGroup, limits: CostLimits) -> bool:
    pool = limits.pools.get(group.name)
    return pool is not None and pool.workload == "batch"


def _vcpu(group: NodeGroup, catalog: Catalog) -> int:
    """vCPU at maximum size. Types of one pool are equal, and one without a type is refused as unpriced."""
    return group.maximum * catalog.shape(group.instance_types[0]).vcpu if group.instance_types else 0


def _exceeds(value: float, limit: float) -> bool:
    return value > limit + ROUNDING


def _excess(usd_per_hour: float, ceiling: float) -> str:
    """To the cent, or closer where it is less than one."""
    digits = 2 if usd_per_hour - ceiling >= 0.0095 else 4
    return f"{usd_per_hour - ceiling:.{digits}f} above its ceiling of {ceiling:.{digits}f}"


def _steps(document: PlanDocument) -> dict[str, int]:
    """Change of each pool's floor; a pool the previous plan did not know starts from nothing."""
    return {
        name: size.floor - (document.previous[name].floor if name in document.previous else 0)
        for name, size in sorted(document.sizes.items())
    }


def _steps_text(document: PlanDocument, steps: Mapping[str, int]) -> str:
    return ", ".join(
        f"{name} {document.sizes[name].floor - step} to {document.sizes[name].floor}" for name, step in steps.items()
    )


GROUP_RULES: tuple[Rule[[NodeGroup, CostLimits, Catalog]], ...] = (
    Rule(
        name="priced-instances",
        description="Every instance type has a known shape and price.",
        remedy="use a type that the catalog prices, or refresh the catalog",
        control=finops("Planning and Estimating", page="planning-estimating"),
        complaints=_unpriced,
    ),
    Rule(
        name="instance-families",
        description="Node groups use only the instance families that the environment allows.",
        remedy="choose an allowed family, or add this one to limits.instance_families by pull request",
        control=finops("Policy and Governance", page="policy-governance"),
        complaints=_foreign_families,
    ),
    Rule(
        name="required-tags",
        description="Node groups carry the tags by which cost is attributed.",
        remedy="set the tags, which the environment file holds for each pool",
        control=finops("Allocation", page="allocation"),
        complaints=_wrong_tags,
    ),
)
PLAN_RULES: tuple[Rule[[PlanDocument, CostLimits, Catalog]], ...] = (
    Rule(
        name="strategy-ceiling",
        description="A strategy's share of the nodes costs no more than the ceiling its trader stated.",
        remedy="its trader raises the ceiling, or asks for less",
        control=firm("a trader's ceiling holds", section="ceilings"),
        complaints=_dear_strategies,
    ),
    Rule(
        name="step-up",
        description="One plan raises the floors by no more than the environment's step.",
        remedy="make sure that the demand is real, then raise limits.max_step_up_nodes or grow in steps",
        control=firm("no plan moves much at once", section="steps"),
        complaints=_steep_rise,
    ),
    Rule(
        name="step-down",
        description="One plan lowers the floors by no more than the environment's step.",
        remedy="make sure that no telemetry is missing, then raise limits.max_step_down_nodes or shrink in steps",
        control=firm("no plan moves much at once", section="steps"),
        complaints=_steep_fall,
    ),
)
STACK_RULES: tuple[Rule[[Capacity, CostLimits, Catalog]], ...] = (
    Rule(
        name="plan-present",
        description="Elastic pools stand on a plan of their own stack.",
        remedy="declare the plan component with the plan document, as the capacity program does",
        control=firm("capacity stands on a plan", section="plans"),
        complaints=_no_plan,
    ),
    Rule(
        name="plan-agrees",
        description="Node groups have the sizes that the plan beside them states.",
        remedy="run the capacity program on the plan document and change no size by hand",
        control=firm("capacity stands on a plan", section="plans"),
        complaints=_unplanned_sizes,
    ),
    Rule(
        name="pool-ceiling",
        description="A pool at its maximum size costs no more than its ceiling.",
        remedy="plan a lower maximum, or raise the pool's ceiling_usd_per_hour by pull request",
        control=finops("Budgeting", page="budgeting"),
        complaints=_dear_pools,
    ),
    Rule(
        name="environment-ceiling",
        description="All elastic pools at their maximum sizes cost no more than the environment's ceiling.",
        remedy="plan lower maxima, or raise limits.ceiling_usd_per_hour by pull request",
        control=finops("Budgeting", page="budgeting"),
        complaints=_dear_environment,
    ),
    Rule(
        name="shared-ceilings",
        description="Pools at their maximum sizes cost together no more than the strategies that may run on them may.",
        remedy="plan lower maxima for the pools that these strategies share, or their traders raise their ceilings",
        control=firm("a trader's ceiling holds", section="ceilings"),
        complaints=_dear_sharing,
    ),
    Rule(
        name="max-nodes",
        description="All elastic pools together grow to no more nodes than the environment allows.",
        remedy="plan lower maxima, or raise limits.max_nodes by pull request",
        control=firm("an environment has an end", section="ceilings"),
        complaints=_too_many_nodes,
    ),
    Rule(
        name="batch-spot-share",
        description="Batch pools hold at least the environment's share of spot capacity.",
        remedy="move batch work to a spot pool, or lower limits.min_batch_spot_share by pull request",
        control=finops("Rate Optimization", page="rate-optimization"),
        complaints=_little_spot,
    ),
)

"""What stands above a limit that was lowered may come down, and nothing else passes for that."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quantos.contracts.plan import PlanDocument, PoolSize, StrategyCost
from quantos.policy.cost.capacity import NodeGroup
from quantos.policy.cost.limits import CostLimits, PoolLimits, StandingSize
from quantos.policy.cost.rules import foreseen_violations
from tests.support.environments import make_settings
from tests.unit.policy.cost.test_rules import CATALOG, LIMITS, group, messages, plan, stack

CEILINGS = ("pool-ceiling", "environment-ceiling", "max-nodes", "shared-ceilings")
POOLS = ("batch", "cpu")
LOWERED = replace(
    LIMITS,
    ceiling_usd_per_hour=4.0,
    max_nodes=11,
    pools={name: PoolLimits(workload="service", ceiling_usd_per_hour=2.0) for name in POOLS},
)
PAYER = {"vwap": StrategyCost(usd_per_hour=1.0, ceiling_usd_per_hour=3.0, pools=("cpu", "batch"))}


def standing(**sizes: tuple[int, int, int]) -> CostLimits:
    """The lowered limits, and minimum, maximum and desired of what stands."""
    told = {name: StandingSize(minimum=low, maximum=high, desired=now) for name, (low, high, now) in sizes.items()}
    return replace(LOWERED, standing=told)


def refused(limits: CostLimits, *groups: NodeGroup) -> set[str]:
    """The ceilings and node limits that refuse these groups, on a plan whose strategies pay 3 USD/hour."""
    sizes = {each.name: PoolSize(floor=each.minimum, ceiling=each.maximum) for each in groups}
    stood = stack(*groups, document=plan(sizes=sizes, previous=sizes, strategy_costs=PAYER))
    return {rule for rule in CEILINGS if messages(rule, stood, limits)}


def test_36_nodes_that_stand_come_down_with_their_maximum_at_what_is_there() -> None:
    cpu = group(minimum=32, maximum=36)
    assert refused(LOWERED, cpu) == set(CEILINGS)
    assert refused(standing(cpu=(36, 36, 36)), cpu) == set()
    assert refused(standing(cpu=(32, 36, 36)), cpu) == set()


@pytest.mark.parametrize(
    ("cpu", "stood"),
    [
        pytest.param(group(minimum=37, maximum=39), (36, 40, 36), id="a-minimum-raised"),
        pytest.param(group(minimum=30, maximum=37), (36, 36, 36), id="a-maximum-raised"),
        pytest.param(group(minimum=30, maximum=36), (36, 36, 30), id="an-excess-that-neither-shrinks-nor-is-held"),
    ],
)
def test_what_does_not_only_go_down_is_refused(cpu: NodeGroup, stood: tuple[int, int, int]) -> None:
    assert refused(standing(cpu=stood), cpu) == set(CEILINGS)


def test_a_pool_that_does_not_stand_and_one_that_rises_spoil_the_way_down_of_all() -> None:
    cpu = group(minimum=32, maximum=36)
    stood = standing(cpu=(36, 36, 36), batch=(1, 1, 1))
    assert refused(stood, cpu, group(name="batch", minimum=1, maximum=2)) == set(CEILINGS)
    assert refused(standing(cpu=(36, 36, 36)), cpu, group(name="batch", minimum=0, maximum=1)) == set(CEILINGS)
    assert refused(stood, cpu, group(name="batch", minimum=0, maximum=1)) == set()


def test_two_groups_of_one_pool_do_not_each_count_as_what_stands() -> None:
    cpu = group(minimum=18, maximum=36)
    assert refused(standing(cpu=(36, 36, 36)), cpu, cpu) == set(CEILINGS)


def test_what_a_plan_says_of_the_one_before_helps_nothing() -> None:
    cpu = group(minimum=32, maximum=36)
    forged = plan(sizes={"cpu": PoolSize(floor=32, ceiling=36)}, previous={"cpu": PoolSize(floor=99, ceiling=99)})
    for rule in ("pool-ceiling", "environment-ceiling", "max-nodes"):
        assert messages(rule, stack(cpu, document=forged), LOWERED)
        assert messages(rule, stack(cpu, document=forged), standing(cpu=(1, 4, 4)))


def test_spot_share_and_steps_are_kept_on_the_way_down() -> None:
    pools = {"batch": replace(LIMITS.pools["batch"])}
    limits = replace(standing(batch=(36, 36, 36)), pools=pools, min_batch_spot_share=0.5)
    batch = group(name="batch", minimum=32, maximum=36)
    assert messages("batch-spot-share", stack(batch), limits)
    steep = plan(sizes={"cpu": PoolSize(floor=1, ceiling=36)}, previous={"cpu": PoolSize(floor=36, ceiling=36)})
    assert messages("step-down", steep, standing(cpu=(36, 36, 36)))


PAID_FOR = 5
"""Nodes of 0.34 USD/hour that a pool's 2 USD/hour pay for."""
SIZE = st.tuples(st.integers(0, 60), st.integers(1, 60), st.integers(0, 60)).filter(lambda size: size[0] <= size[1])


@given(st.fixed_dictionaries(dict.fromkeys(POOLS, SIZE)), st.fixed_dictionaries(dict.fromkeys(POOLS, SIZE)))
@example({"batch": (9, 10, 0), "cpu": (10, 10, 0)}, {"batch": (9, 10, 10), "cpu": (10, 10, 0)})
def test_nothing_passes_above_a_limit_but_what_goes_down(
    planned: dict[str, tuple[int, int, int]], stood: dict[str, tuple[int, int, int]]
) -> None:
    groups = [group(name=name, minimum=low, maximum=high) for name, (low, high, _) in planned.items()]
    limits = standing(**stood)
    strict, eased = refused(LOWERED, *groups), refused(limits, *groups)
    assert eased <= strict
    let_pass = strict - eased
    if let_pass:
        assert all(planned[name][0] <= stood[name][0] and planned[name][1] <= stood[name][1] for name in POOLS)
        above = {name for name in POOLS if planned[name][1] > PAID_FOR}
        if let_pass == {"shared-ceilings"}:
            above = {name for name in above if planned[name][1] > max(planned[name][0], 1)}
        assert sum(planned[name][1] for name in POOLS) < sum(stood[name][1] for name in POOLS) or all(
            planned[name][1] <= max(stood[name][2], 1) for name in above
        )


@given(st.fixed_dictionaries(dict.fromkeys(POOLS, SIZE)))
def test_a_plan_that_holds_every_maximum_at_what_is_there_always_passes(stood: dict[str, tuple[int, int, int]]) -> None:
    groups = [
        group(name=name, minimum=min(low, max(now, 1)), maximum=min(high, max(now, 1)))
        for name, (low, high, now) in stood.items()
    ]
    assert refused(standing(**stood), *groups) == set()


def test_the_planner_foresees_the_way_down_from_the_plan_before() -> None:
    settings = make_settings()
    low = settings.limits.model_copy(update={"ceiling_usd_per_hour": 4.0})
    lowered = settings.model_copy(update={"limits": low})
    smallest = {pool: PoolSize(floor=shape.floor_nodes, ceiling=1) for pool, shape in settings.pools.items()}

    def foreseen(sizes: PoolSize, previous: PoolSize) -> set[str]:
        document: PlanDocument = plan(
            sizes={**smallest, "cpu": sizes}, previous={**smallest, "cpu": previous}, strategy_costs={}
        )
        return {each.rule for each in foreseen_violations(document, lowered, catalog=CATALOG)}

    stands = PoolSize(floor=36, ceiling=36)
    assert "environment-ceiling" in foreseen(stands.model_copy(update={"ceiling": 37}), stands)
    assert "environment-ceiling" not in foreseen(PoolSize(floor=32, ceiling=32), stands)

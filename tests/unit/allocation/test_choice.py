"""Each rule of the choice at its boundary, what gives way, and what a solution says of itself."""

import math
from dataclasses import replace

import pytest

from quantos.allocation.choice import ChoiceDemand, ChoicePool, ChoiceProblem, Resources
from quantos.allocation.priorities import choose
from quantos.allocation.verification import check_solution
from quantos.errors import ChoiceError
from tests.support.choices import make_demand, make_limits, make_pool, shortfalls, solved

SPOT = make_pool("spot", spot=True, usd_per_node_hour=0.2)
BOTH = ("cpu", "spot")


@pytest.mark.parametrize(("vcpu", "nodes"), [(0, 0), (0.1, 1), (8, 1), (8.01, 2), (80, 10)])
def test_nodes_are_as_many_as_the_need_fills(vcpu: float, nodes: int) -> None:
    solution = solved(make_pool(), demands=(make_demand(vcpu=vcpu),))
    assert solution.nodes() == {"cpu": nodes}
    assert solution.usd_per_hour == pytest.approx(nodes * 0.4)
    assert solution.gave_way == ()


@pytest.mark.parametrize(
    ("need", "nodes", "driver"),
    [
        pytest.param(Resources(vcpu=8, memory_gib=40), 3, "memory", id="memory"),
        pytest.param(Resources(vcpu=8, network_mbps=3001), 2, "network", id="network"),
        pytest.param(Resources(vcpu=17, memory_gib=32), 3, "vcpu", id="vcpu"),
    ],
)
def test_every_resource_can_bind(need: Resources, nodes: int, driver: str) -> None:
    solution = solved(make_pool(), demands=(make_demand(need=need),))
    assert [(item.nodes, item.driver) for item in solution.pools] == [(nodes, driver)]


def test_a_pool_without_a_gpu_holds_nothing_that_needs_one() -> None:
    gpu = make_pool("gpu", node=Resources(vcpu=8, gpus=1), usd_per_node_hour=1.2)
    demand = make_demand(need=Resources(vcpu=4, gpus=2), pools=("cpu", "gpu"))
    assert solved(make_pool(), gpu, demands=(demand,)).nodes() == {"cpu": 0, "gpu": 2}
    (alone,) = solved(make_pool(), demands=(replace(demand, pools=("cpu",)),)).gave_way
    assert alone.bound_by == ("eligibility",)


def test_the_cheaper_pool_is_filled_first_and_the_lumps_are_counted() -> None:
    large = make_pool("large", node=Resources(vcpu=32), usd_per_node_hour=1.3)
    demand = make_demand(vcpu=33, pools=("cpu", "large"))
    assert solved(make_pool(), large, demands=(demand,)).nodes() == {"cpu": 1, "large": 1}


@pytest.mark.parametrize(("budget", "missing"), [(1.2, 0.0), (1.19, 4.0)])
def test_the_budget_is_kept_to_the_cent(budget: float, missing: float) -> None:
    solution = solved(make_pool(), demands=(make_demand(),), limits=make_limits(budget_usd_per_hour=budget))
    assert shortfalls(solution).get("hedging", 0.0) == pytest.approx(missing, abs=1e-3)
    if missing:
        (gave,) = solution.gave_way
        assert gave.bound_by == ("budget",)
        assert gave.shortfall_share == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize(
    ("limits", "pool", "bound"),
    [
        pytest.param({"max_nodes": 2}, {}, "max-nodes", id="all-nodes"),
        pytest.param({"max_step_up_nodes": 2}, {}, "step-up", id="step-up"),
        pytest.param({}, {"max_nodes": 2}, "pool-maximum", id="pool-maximum"),
    ],
)
def test_two_nodes_are_too_few_for_three(limits: dict[str, int], pool: dict[str, int], bound: str) -> None:
    solution = solved(make_pool(**pool), demands=(make_demand(),), limits=make_limits(**limits))
    (gave,) = solution.gave_way
    assert (solution.nodes(), gave.bound_by) == ({"cpu": 2}, (bound,))
    assert gave.shortfall_vcpu == pytest.approx(4, abs=1e-3)
    assert bound in {item.constraint for item in solution.binding}


@pytest.mark.parametrize(("ceiling", "missing"), [(1.0, 0.0), (0.9, 2.0)])
def test_a_ceiling_bounds_what_the_filled_nodes_cost(ceiling: float, missing: float) -> None:
    solution = solved(make_pool(), demands=(make_demand(ceiling_usd_per_hour=ceiling),))
    assert shortfalls(solution).get("hedging", 0.0) == pytest.approx(missing, abs=1e-3)
    assert solution.demand_usd_per_hour()["hedging"] <= ceiling + 1e-4
    if missing:
        assert solution.gave_way[0].bound_by == ("ceiling",)


def test_what_steps_hold_back_is_paid_and_named() -> None:
    solution = solved(make_pool(previous_nodes=9), limits=make_limits(max_step_down_nodes=4))
    assert [(item.nodes, item.driver) for item in solution.pools] == [(5, "step-down")]
    assert solution.idle_usd_per_hour == pytest.approx(2.0)


def test_a_stack_far_above_its_limits_is_told_so() -> None:
    problem = ChoiceProblem(
        pools=(make_pool(previous_nodes=10),),
        demands=(),
        limits=make_limits(budget_usd_per_hour=1.0, max_step_down_nodes=7),
    )
    with pytest.raises(ChoiceError, match="giving up 7 nodes"):
        choose(problem)
    assert choose(replace(problem, limits=replace(problem.limits, max_step_down_nodes=8))).nodes() == {"cpu": 2}


@pytest.mark.parametrize(
    ("floor", "reactive", "driver"), [(3, 2, "floor"), (2, 3, "reactive"), (3, 3, "floor"), (0, 3, "reactive")]
)
def test_floors_are_never_undercut(floor: int, reactive: int, driver: str) -> None:
    solution = solved(make_pool(floor_nodes=floor, reactive_nodes=reactive), demands=(make_demand(vcpu=1),))
    assert [(item.nodes, item.driver) for item in solution.pools] == [(3, driver)]


def test_a_floor_gives_way_to_the_budget_alone_and_after_every_demand() -> None:
    pools = (make_pool(reactive_nodes=3), make_pool("memory"))
    demand = make_demand(vcpu=16, pools=("memory",), priority=90)
    solution = solved(*pools, demands=(demand,), limits=make_limits(budget_usd_per_hour=1.2))
    assert solution.nodes() == {"cpu": 3, "memory": 0}
    assert solution.gave_way[0].bound_by == ("budget",)
    poorer = solved(*pools, demands=(demand,), limits=make_limits(budget_usd_per_hour=0.8))
    (floor,) = poorer.floors_gave_way
    assert (floor.pool, floor.missing_nodes, floor.bound_by) == ("cpu", 1, ("budget",))


@pytest.mark.parametrize(("most", "nodes"), [(0.0, (3, 0)), (0.25, (2, 1)), (1.0, (0, 3))])
def test_no_more_than_the_spot_share_is_on_spot(most: float, nodes: tuple[int, int]) -> None:
    solution = solved(make_pool(), SPOT, demands=(make_demand(pools=BOTH, max_spot_share=most),))
    assert tuple(solution.nodes().values()) == nodes


def test_batch_work_is_on_spot_at_least_in_part_even_where_that_is_dearer() -> None:
    dear = replace(SPOT, usd_per_node_hour=0.6)
    solution = solved(make_pool(), dear, demands=(make_demand(vcpu=32, pools=BOTH, min_spot_share=0.5),))
    assert solution.nodes() == {"cpu": 2, "spot": 2}
    none = solved(make_pool(), replace(dear, max_nodes=0), demands=(make_demand(pools=BOTH, min_spot_share=0.5),))
    assert none.gave_way[0].bound_by == ("spot-share", "pool-maximum")[::-1]


def test_one_spot_pool_holds_no_more_than_may_be_lost_at_once() -> None:
    other = replace(SPOT, name="spot-b", usd_per_node_hour=0.25)
    demand = make_demand(vcpu=32, pools=("cpu", "spot", "spot-b"), interruptible_share=0.25)
    assert solved(make_pool(), SPOT, other, demands=(demand,)).nodes() == {"cpu": 2, "spot": 1, "spot-b": 1}
    (alone,) = solved(SPOT, demands=(replace(demand, pools=("spot",)),)).gave_way
    assert (alone.bound_by, alone.shortfall_share) == (("interruption",), pytest.approx(0.75, abs=1e-4))


def test_expected_interruptions_are_bought_in_advance() -> None:
    risky = replace(SPOT, interruptions_per_hour=0.1, replacement_hours=0.5)
    held = 5 * 8 * math.exp(-0.05)
    demand = make_demand(vcpu=held, pools=("spot",))
    assert solved(risky, demands=(demand,)).nodes() == {"spot": 5}
    more = replace(demand, need=Resources(vcpu=held + 0.1))
    assert solved(risky, demands=(more,)).nodes() == {"spot": 6}
    assert solved(replace(risky, replacement_hours=0.1), demands=(more,)).nodes() == {"spot": 5}


def test_no_pool_and_no_zone_holds_more_than_its_share() -> None:
    here, there = make_pool("here", zones=("zone-a",)), make_pool("there", zones=("zone-b",), usd_per_node_hour=0.8)
    demand = make_demand(vcpu=32, pools=("here", "there"))
    assert solved(here, there, demands=(demand,)).nodes() == {"here": 4, "there": 0}
    assert solved(here, there, demands=(replace(demand, max_pool_share=0.75),)).nodes() == {"here": 3, "there": 1}
    assert solved(here, there, demands=(replace(demand, max_zone_share=0.5),)).nodes() == {"here": 2, "there": 2}
    (gave,) = solved(here, demands=(replace(demand, pools=("here",), max_zone_share=0.5),)).gave_way
    assert gave.bound_by == ("diversification",)


def test_a_demand_stays_in_its_zones_and_near_what_it_prefers() -> None:
    here = make_pool("here", zones=("zone-a",), usd_per_node_hour=0.5)
    there = make_pool("there", zones=("zone-b",))
    demand = make_demand(vcpu=8, pools=("here", "there"))
    assert solved(here, there, demands=(replace(demand, zones=("zone-a",)),)).nodes() == {"here": 1, "there": 0}
    near = replace(demand, preferred_zones=("zone-a",), remote_usd_per_vcpu_hour=0.02)
    solution = solved(here, there, demands=(near,))
    assert solution.nodes() == {"here": 1, "there": 0}
    far = solved(here, there, demands=(replace(near, remote_usd_per_vcpu_hour=0.01),))
    assert far.nodes() == {"here": 0, "there": 1}
    assert (far.usd_per_hour, far.objective_usd_per_hour) == (0.4, pytest.approx(0.48))
    (gave,) = solved(replace(here, max_nodes=0), there, demands=(replace(demand, zones=("zone-a",)),)).gave_way
    assert gave.bound_by == ("pool-maximum", "locality")


def test_one_pool_of_a_group_is_used() -> None:
    small = make_pool("small", group="cpu")
    large = make_pool("large", group="cpu", node=Resources(vcpu=16), usd_per_node_hour=0.79)
    demand = make_demand(vcpu=24, pools=("small", "large"))
    assert solved(small, large, demands=(demand,)).nodes() == {"large": 0, "small": 3}


def test_the_most_important_are_held_and_the_others_share_what_is_left() -> None:
    demands = (
        make_demand("low", vcpu=16, priority=10),
        make_demand("high", vcpu=16, priority=90),
        make_demand("middle", vcpu=16, priority=50),
    )
    solution = solved(make_pool(), demands=demands, limits=make_limits(budget_usd_per_hour=1.3))
    assert [(item.demand, item.priority) for item in solution.gave_way] == [("middle", 50), ("low", 10)]
    assert shortfalls(solution) == pytest.approx({"middle": 8, "low": 16}, abs=1e-2)
    assert all(item.bound_by == ("budget",) for item in solution.gave_way)


def test_of_equals_the_dearer_miss_is_held() -> None:
    demands = (make_demand("cheap", vcpu=16), make_demand("dear", vcpu=16, miss_usd_per_vcpu_hour=5))
    solution = solved(make_pool(), demands=demands, limits=make_limits(budget_usd_per_hour=0.8))
    assert shortfalls(solution) == pytest.approx({"cheap": 16}, abs=1e-2)


def test_a_lower_priority_is_served_where_the_higher_cannot_be() -> None:
    other = make_pool("memory")
    demands = (make_demand("high", vcpu=40, priority=90), make_demand("low", vcpu=8, priority=10, pools=("memory",)))
    solution = solved(make_pool(max_nodes=2), other, demands=demands)
    assert shortfalls(solution) == pytest.approx({"high": 24}, abs=1e-2)


def test_of_equal_pools_the_standing_one_is_kept_then_the_first() -> None:
    demand = make_demand(vcpu=8, pools=("a", "b"))
    assert solved(make_pool("a"), make_pool("b"), demands=(demand,)).nodes() == {"a": 1, "b": 0}
    assert solved(make_pool("a"), make_pool("b", previous_nodes=1), demands=(demand,)).nodes() == {"a": 0, "b": 1}


def test_the_gap_and_the_distance_to_the_lp_bound_are_told() -> None:
    solution = solved(make_pool(), demands=(make_demand(vcpu=9),))
    assert solution.status == "optimal"
    assert solution.mip_gap == 0
    assert solution.ended.lp_bound_usd_per_hour == pytest.approx(0.45)
    assert solution.lp_distance == pytest.approx(0.4375)


def test_a_solution_tampered_with_does_not_verify() -> None:
    problem = ChoiceProblem(pools=(make_pool(),), demands=(make_demand(),), limits=make_limits(max_step_up_nodes=3))
    solution = choose(problem)
    fewer = replace(solution, pools=(replace(solution.pools[0], nodes=2),))
    assert any("holds 2.5" in complaint for complaint in check_solution(problem, fewer))
    more = replace(solution, pools=(replace(solution.pools[0], nodes=4),))
    assert any("one step may add 3" in complaint for complaint in check_solution(problem, more))
    cheaper = replace(solution, usd_per_hour=1.0)
    assert check_solution(problem, cheaper) == ("the figures stated are not those that its nodes and shares make",)
    elsewhere = replace(problem, demands=(replace(problem.demands[0], pools=()),))
    assert "where it may not" in check_solution(elsewhere, solution)[0]
    poorer = replace(problem, limits=make_limits(budget_usd_per_hour=1.0))
    assert "more than the budget" in check_solution(poorer, solution)[0]


@pytest.mark.parametrize(
    ("pools", "demands", "match"),
    [
        pytest.param((make_pool(), make_pool()), (), "given twice", id="pool-twice"),
        pytest.param((make_pool(usd_per_node_hour=0.0),), (), "price", id="free-pool"),
        pytest.param((make_pool(node=Resources(vcpu=math.nan)),), (), "holds", id="unknown-node"),
        pytest.param((make_pool(max_nodes=-1),), (), "below zero", id="negative-count"),
        pytest.param((make_pool(zones=()),), (), "no zone", id="nowhere"),
        pytest.param((), (make_demand(),), "not there", id="unknown-pool"),
        pytest.param((make_pool(),), (make_demand(vcpu=math.inf),), "finite", id="infinite-need"),
        pytest.param((make_pool(),), (make_demand(need=Resources(vcpu=0, memory_gib=1)),), "vCPU", id="no-vcpu"),
        pytest.param((make_pool(),), (make_demand(max_spot_share=1.1),), "outside 0 to 1", id="share-above-1"),
        pytest.param((make_pool(),), (make_demand(miss_usd_per_vcpu_hour=0.0),), "cost of a miss", id="free-miss"),
        pytest.param((make_pool(),), (make_demand(ceiling_usd_per_hour=-1.0),), "money", id="negative-ceiling"),
    ],
)
def test_what_cannot_be_a_problem_is_refused(
    pools: tuple[ChoicePool, ...], demands: tuple[ChoiceDemand, ...], match: str
) -> None:
    with pytest.raises(ChoiceError, match=match):
        ChoiceProblem(pools=pools, demands=demands, limits=make_limits())

"""Problems of choice for tests: builders whose defaults break no rule, and drawn ones in which every rule may bind."""

from dataclasses import replace

from hypothesis import strategies as st

from quantos.allocation.choice import ChoiceDemand, ChoiceLimits, ChoicePool, ChoiceProblem, ChoiceSolution, Resources
from quantos.allocation.priorities import choose
from quantos.allocation.verification import check_solution

ZONES = ("zone-a", "zone-b", "zone-c")


def make_pool(name: str = "cpu", *, spot: bool = False, **changes: object) -> ChoicePool:
    """Nodes of 8 vCPU, 16 GiB and 3 Gbit/s for 0.40 USD/hour, at most ten."""
    pool = ChoicePool(
        name=name,
        node=Resources(vcpu=8, memory_gib=16, network_mbps=3000),
        usd_per_node_hour=0.4,
        capacity_type="SPOT" if spot else "ON_DEMAND",
        zones=ZONES,
        max_nodes=10,
    )
    return replace(pool, **changes)


def make_demand(name: str = "hedging", *, vcpu: float = 20, **changes: object) -> ChoiceDemand:
    """A need of vCPU only, on pool `cpu`, without rules."""
    demand = ChoiceDemand(name=name, need=Resources(vcpu=vcpu), pools=("cpu",), priority=50, miss_usd_per_vcpu_hour=1.0)
    return replace(demand, **changes)


def make_limits(**changes: object) -> ChoiceLimits:
    """Limits that bind nothing."""
    return replace(ChoiceLimits(budget_usd_per_hour=100.0, max_nodes=100), **changes)


def solved(
    *pools: ChoicePool, demands: tuple[ChoiceDemand, ...] = (), limits: ChoiceLimits | None = None
) -> ChoiceSolution:
    """The solution of a problem; it must pass its own verification."""
    problem = ChoiceProblem(pools=pools, demands=demands, limits=limits or make_limits())
    solution = choose(problem)
    assert check_solution(problem, solution) == ()
    return solution


def shortfalls(solution: ChoiceSolution) -> dict[str, float]:
    """What is missing, vCPU by demand."""
    return {item.demand: item.shortfall_vcpu for item in solution.gave_way}


@st.composite
def problems(draw: st.DrawFn, *, pools: int = 3, demands: int = 4, steps: bool = True) -> ChoiceProblem:
    """Small problems, feasible or not."""
    names = [f"pool-{index}" for index in range(draw(st.integers(1, pools)))]
    asked = [f"demand-{index}" for index in range(draw(st.integers(0, demands)))]
    return ChoiceProblem(
        pools=tuple(draw(drawn_pool(name, steps=steps)) for name in names),
        demands=tuple(draw(drawn_demand(name, names)) for name in asked),
        limits=ChoiceLimits(
            budget_usd_per_hour=draw(st.sampled_from((0.0, 0.5, 1.0, 2.0, 4.0, 50.0))),
            max_nodes=draw(st.sampled_from((2, 5, 100))),
            max_step_up_nodes=draw(st.sampled_from((None, 1, 4))) if steps else None,
            max_step_down_nodes=None,
        ),
    )


@st.composite
def drawn_pool(draw: st.DrawFn, name: str, *, steps: bool = True) -> ChoicePool:
    """A pool of few nodes."""
    vcpu = draw(st.sampled_from((4, 8, 16)))
    spot = draw(st.booleans())
    zones = draw(st.sampled_from((ZONES, ZONES[:1], ZONES[1:2])))
    most = draw(st.integers(0, 4))
    return ChoicePool(
        name=name,
        node=Resources(vcpu=vcpu, memory_gib=vcpu * draw(st.sampled_from((2.0, 8.0)))),
        usd_per_node_hour=round(vcpu * draw(st.sampled_from((0.03, 0.05, 0.08))), 4),
        capacity_type="SPOT" if spot else "ON_DEMAND",
        zones=zones,
        max_nodes=most,
        floor_nodes=draw(st.integers(0, 1)),
        reactive_nodes=draw(st.integers(0, 2)),
        previous_nodes=draw(st.integers(0, 3)) if steps else 0,
        interruptions_per_hour=0.5 if spot else 0.0,
        replacement_hours=0.2,
    )


@st.composite
def drawn_demand(draw: st.DrawFn, name: str, pools: list[str]) -> ChoiceDemand:
    """A demand with any of the rules."""
    vcpu = draw(st.sampled_from((0.0, 1.5, 7.0, 16.0, 40.0)))
    share = st.sampled_from((0.0, 0.25, 0.5, 1.0))
    return ChoiceDemand(
        name=name,
        need=Resources(vcpu=vcpu, memory_gib=vcpu * draw(st.sampled_from((0.0, 1.0, 4.0)))),
        pools=tuple(draw(st.sets(st.sampled_from(pools), min_size=1))),
        priority=draw(st.sampled_from((10, 50, 90))),
        miss_usd_per_vcpu_hour=draw(st.sampled_from((0.5, 2.0))),
        ceiling_usd_per_hour=draw(st.sampled_from((None, None, 0.3, 1.0))),
        min_spot_share=draw(st.sampled_from((0.0, 0.0, 0.5))),
        max_spot_share=draw(share),
        max_pool_share=draw(st.sampled_from((0.5, 1.0, 1.0))),
        max_zone_share=draw(st.sampled_from((0.5, 1.0, 1.0))),
        interruptible_share=draw(share),
        zones=draw(st.sampled_from(((), (), ZONES[:1]))),
        preferred_zones=draw(st.sampled_from(((), ZONES[1:2]))),
        remote_usd_per_vcpu_hour=0.01,
    )

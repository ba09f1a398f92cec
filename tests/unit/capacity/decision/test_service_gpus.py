"""Demand for GPUs and memory is sized in the pods that ask for them, on what nodes have left."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from quantos.capacity.decision.record import unpacked
from quantos.capacity.decision.replay import Replayer
from quantos.capacity.demand.pool_demand import PoolDemand
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.planning.plan import solved
from quantos.capacity.pools.node_prices import node_prices
from quantos.capacity.pools.pod_placement import without_room
from quantos.capacity.reporting.plan_text import explain_text
from quantos.catalog.catalog import load_catalog
from quantos.contracts.plan import PoolSize, ScalingPlan, StrategyCost
from quantos.contracts.strategy import ServerNeeds, ServiceProfile, Strategy, StrategyBook
from quantos.environment.settings.environment import EnvironmentSettings
from tests.support.capacity_fakes import FakeSigner
from tests.support.decision_desk import CODE, HISTORY, MONDAY, SESSION, Desk, decided
from tests.support.demand_cases import agree, make_demand, make_inputs, make_strategy, planned
from tests.support.environments import committed_settings, make_settings

CATALOG = load_catalog()
GPU_POOLS = ("gpu", "gpu-spot")
WORKER = ServerNeeds(vcpu=2, memory_gib=8, gpus=1)


def gpu_settings() -> EnvironmentSettings:
    """`dev` with room for GPU nodes of 8 vCPU and one GPU."""
    pools = {name: pool.model_dump(mode="json") for name, pool in committed_settings().pools.items()}
    for name in GPU_POOLS:
        pools[name] |= {"instance_types": ["g5.2xlarge"], "ceiling_nodes": 20, "ceiling_usd_per_hour": 25.0}
    limits = make_settings().limits.model_dump(mode="json")
    wide = {"max_step_up_nodes": 90, "max_step_down_nodes": 90, "ceiling_usd_per_hour": 99.0}
    return make_settings(pools=pools, limits={**limits, **wide})


SETTINGS = gpu_settings()
NODES = node_prices(SETTINGS, CATALOG)


def inputs_of(*demands: PoolDemand) -> PlanningInputs:
    previous = {name: PoolSize(floor=pool.floor_nodes, ceiling=20) for name, pool in SETTINGS.pools.items()}
    return replace(make_inputs(*demands, settings=SETTINGS, previous=previous), nodes=NODES)


def renders(pod: ServerNeeds = WORKER, *, pools: tuple[str, ...] = GPU_POOLS, ceiling: float = 40.0) -> Strategy:
    return make_strategy("renders", pools=pools, resources=pod, ceiling_usd_per_hour=ceiling)


def nodes_of(plan: ScalingPlan, pools: tuple[str, ...] = GPU_POOLS) -> int:
    return sum(plan.sizes[pool].floor for pool in pools)


def test_gpu_pools_follow_the_demand_for_gpus_and_not_for_vcpu():
    plan = planned(inputs_of(make_demand(renders(), upper=11.5, recent=4)))

    assert nodes_of(plan) == 6
    assert math.ceil(11.5 / NODES["gpu"].vcpu) == 2
    assert plan.strategy_costs["renders"].usd_per_hour > 5.5 * NODES["gpu-spot"].usd_per_hour


@settings(deadline=None)
@given(gpus=st.integers(0, 16), vcpu=st.sampled_from([0.5, 2.0, 7.0]))
def test_every_whole_pod_has_its_gpu(gpus: int, vcpu: float):
    pod = ServerNeeds(vcpu=vcpu, memory_gib=4, gpus=1)

    plan = planned(inputs_of(make_demand(renders(pod), upper=gpus * vcpu, recent=0)))

    assert plan.explanation.gave_way == ()
    assert gpus <= nodes_of(plan) <= gpus + 1


def test_strategies_that_share_nodes_do_not_share_a_gpu():
    both = [
        make_strategy(name, pools=("gpu",), resources=WORKER, ceiling_usd_per_hour=40) for name in ("renders", "tests")
    ]

    chosen = solved(inputs_of(make_demand(*both, upper=6, recent=6)))

    assert [item.need.vcpu / WORKER.vcpu for item in chosen.needs] == [1.5, 1.5]
    assert chosen.solution.nodes()["gpu"] == 4


@settings(deadline=None)
@given(small=st.floats(0, 24), more=st.floats(0, 24), upper=st.floats(0, 100), gpus=st.sampled_from([0, 1]))
def test_more_memory_never_takes_fewer_nodes(small: float, more: float, upper: float, gpus: int):
    pools = ("gpu",) if gpus else ("cpu",)

    def nodes(memory_gib: float) -> int:
        pod = ServerNeeds(vcpu=5, memory_gib=memory_gib, gpus=gpus)
        inputs = inputs_of(make_demand(renders(pod, pools=pools, ceiling=90), upper=upper, recent=0))
        chosen = solved(inputs)
        return chosen.solution.nodes()[pools[0]] if chosen.needs[0].pools else 999

    assert nodes(small) <= nodes(small + more)


@settings(deadline=None)
@given(
    vcpu=st.floats(0.1, 9), memory=st.floats(0, 36), network=st.floats(0, 6000), gpus=st.integers(0, 2),
    upper=st.floats(0.1, 60),
)  # fmt: skip
def test_no_node_is_promised_more_than_it_can_allocate(
    vcpu: float, memory: float, network: float, gpus: int, upper: float
):
    pod = ServerNeeds(vcpu=vcpu, memory_gib=memory, network_mbps=network, gpus=gpus)
    pools = ("cpu", *GPU_POOLS)

    chosen = solved(inputs_of(make_demand(renders(pod, pools=pools, ceiling=90), upper=upper, recent=0)))

    nodes, need = chosen.solution.nodes(), chosen.needs[0].need
    for part in chosen.solution.assignments:
        holds = NODES[part.pool].holds
        pods = part.share * need.vcpu / vcpu
        a_node = pods / nodes[part.pool]
        assert a_node * vcpu <= holds.vcpu + 1e-3
        assert a_node * memory <= holds.memory_gib + 1e-3
        assert a_node * network <= holds.network_mbps + 1
        assert a_node * gpus <= holds.gpus + 1e-3
        assert vcpu <= holds.vcpu
        assert memory <= holds.memory_gib
        assert gpus <= holds.gpus


def test_a_pool_without_gpus_holds_none_of_it():
    plan = planned(inputs_of(make_demand(renders(pools=("cpu", "gpu")), upper=8, recent=8)))

    assert (plan.sizes["gpu"].floor, plan.sizes["cpu"].floor) == (4, SETTINGS.pools["cpu"].floor_nodes)


def test_what_no_pool_holds_is_given_nothing_and_told():
    plan = planned(inputs_of(make_demand(renders(pools=("cpu",)), upper=8, recent=8)))

    assert plan.sizes["cpu"].floor == SETTINGS.pools["cpu"].floor_nodes
    (told,) = plan.explanation.gave_way
    assert told.startswith("renders (priority 50) is given 4.0 GPU (100.0%) less than it needs, bound by the pools it")


def test_a_trader_reads_gpus():
    plan = planned(inputs_of(make_demand(renders(), upper=12, recent=4)))

    text = explain_text(plan, None)

    held = next(item for item in plan.explanation.pools if item.pool == "gpu-spot")
    assert (held.gpus_per_vcpu, held.vcpu_per_node) == (0.5, 2.0)
    assert "renders used 2.0 GPU at" in plan.explanation.sentence
    assert "should stay under 6.0 until" in plan.explanation.sentence
    assert "2.0 GPU now" in text
    assert "vCPU" not in text.split("Pool gpu-spot")[1].split("Lead time")[0]


def test_gpus_that_could_not_be_had_are_told_in_gpus():
    plan = planned(inputs_of(make_demand(renders(ceiling=2.5), upper=12, recent=4)))

    (told,) = plan.explanation.gave_way
    assert " GPU (" in told
    assert "vCPU" not in told


@pytest.mark.parametrize(
    ("pod", "pools", "told"),
    [
        pytest.param(WORKER, ("cpu",), "renders asks for GPUs, and no node of cpu has any; name some of gpu, gpu-spot"),
        pytest.param(
            ServerNeeds(vcpu=9, gpus=1), ("gpu",), "no node of gpu holds one pod of renders; no pool of the environment"
        ),
    ],
)
def test_a_strategy_whose_pools_hold_none_of_its_pods_is_refused_with_the_field(
    pod: ServerNeeds, pools: tuple[str, ...], told: str
):
    book = StrategyBook(strategies=(make_strategy("orders"), renders(pod, pools=pools)))

    ((path, message),) = without_room(book, NODES)

    assert path == ("strategies", 1, "pools")
    assert message.startswith(told)
    assert not list(without_room(StrategyBook(strategies=(renders(pools=("cpu", "gpu")),)), NODES))


def test_a_pod_is_stated_once_and_an_old_document_stays_as_it_was():
    service = ServiceProfile(mean_ms=5, server=ServerNeeds(vcpu=1))
    with pytest.raises(ValidationError, match=r"state service\.server alone"):
        Strategy.model_validate({**make_strategy(service=service).model_dump(), "resources": {"vcpu": 1}})
    document = make_strategy(service=service).model_dump(mode="json")
    assert "resources" not in document
    assert "gpus" not in document["service"]["server"]
    assert Strategy.model_validate(document) == make_strategy(service=service)


def test_a_decision_sizes_gpu_pools_from_telemetry_and_replays_from_its_record():
    strategy = replace_units(renders(), units_per_vcpu=100.0)
    desk = Desk(strategies=(strategy,), settings=SETTINGS, nodes=NODES)
    desk.history.add([item for item in HISTORY if item.time < MONDAY + timedelta(hours=12)])

    plan = decided(desk, 12)

    forecast = plan.explanation.pools[0]
    gpus = forecast.demand_upper_vcpu * 0.5
    assert plan.explanation.gave_way == ()
    assert math.ceil(gpus - 1e-6) <= nodes_of(plan) <= math.ceil(gpus) + 1
    assert nodes_of(plan) > math.ceil(forecast.demand_upper_vcpu / NODES["gpu"].vcpu)
    assert {item.pool for item in plan.explanation.pools} <= set(GPU_POOLS)
    content = desk.records.get(plan.plan_id)
    assert content is not None
    replayer = Replayer(
        signer=FakeSigner(), history=desk.history, signals=desk.signals, fits=desk.fits, check=agree, code=CODE
    )
    findings = replayer.replay(unpacked(content), plan)
    assert {finding.verdict for finding in findings} == {"same"}


def replace_units(strategy: Strategy, *, units_per_vcpu: float) -> Strategy:
    return strategy.model_copy(update={"units_per_vcpu": units_per_vcpu, "session": SESSION})


def test_servers_with_gpus_are_those_of_the_queue_or_of_demand_and_have_a_gpu_each():
    service = ServiceProfile(mean_ms=400.0, server=ServerNeeds(vcpu=1, memory_gib=2, gpus=1))
    answers = make_strategy(
        "answers", pools=("gpu",), units_per_vcpu=300.0, max_latency_ms=2500.0, service=service, ceiling_usd_per_hour=40
    )

    chosen = solved(inputs_of(make_demand(answers, upper=8.0, recent=1.0)))

    (need,) = chosen.needs
    assert need.need.gpus == need.need.vcpu >= 8
    assert "the response time of answers" in need.binding or need.need.gpus == 8
    assert chosen.solution.nodes()["gpu"] == math.ceil(need.need.gpus)


def test_what_stands_for_a_silent_strategy_stays_on_its_gpus():
    standing = {"gpu": PoolSize(floor=5, ceiling=20)}
    silent = make_demand(renders(pools=("gpu",)), upper=0, recent=0, stale=True)
    inputs = replace(
        inputs_of(silent),
        previous=standing,
        standing_costs={
            "renders": StrategyCost(usd_per_hour=5.0, ceiling_usd_per_hour=40.0, pools=("gpu",), nodes={"gpu": 5.0})
        },
    )

    chosen = solved(inputs)

    assert chosen.solution.nodes()["gpu"] == 5
    assert chosen.needs[0].need.gpus == pytest.approx(5)

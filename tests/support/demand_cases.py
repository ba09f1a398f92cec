"""Strategies, pool demands and planning inputs for tests; each default breaks no rule."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from quantos.allocation.choice import Resources
from quantos.allocation.lead_time import LeadTime
from quantos.allocation.shapes.node_needs import Allocatable
from quantos.capacity.demand.pool_demand import Evidence, PoolDemand, StrategyDemand
from quantos.capacity.demand.ports import FitKey
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.planning.plan import PlanCheck, make_plan, solved
from quantos.capacity.pools.node_prices import NodePrice
from quantos.contracts.plan import Coverage, PlanDocument, PoolSize, ScalingPlan
from quantos.contracts.strategy import (
    CostLimits,
    ExchangeSession,
    Placement,
    ServerNeeds,
    ServiceLevel,
    ServiceProfile,
    Session,
    Strategy,
)
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.forecasting.peak_model import PeakForecast
from tests.support.environments import make_settings

BIN_END = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
NODE = NodePrice(
    node=Resources(vcpu=8, memory_gib=16.0, network_mbps=2500.0),
    holds=Allocatable(vcpu=7.9, memory_gib=14.0, network_mbps=2500.0, pods=110),
    usd_per_hour=0.5,
)
PRIOR = LeadTime(seconds=600.0, observations=0, source="prior")
SPOT_NODE = replace(NODE, usd_per_hour=0.2, spot=True)


def make_strategy(
    name: str = "orders",
    *,
    pools: tuple[str, ...] = ("cpu",),
    placement: Placement | None = None,
    priority: int = 50,
    series: str = "workload/orders",
    units_per_vcpu: float = 10.0,
    ceiling_usd_per_hour: float = 12.0,
    min_throughput_units: float = 0.0,
    miss_cost_usd_per_unit_hour: float = 0.2,
    max_latency_ms: float = 5.0,
    session: Session | ExchangeSession | None = None,
    service: ServiceProfile | None = None,
    signals: tuple[str, ...] = (),
    resources: ServerNeeds | None = None,
) -> Strategy:
    return Strategy(
        name=name,
        owner="ada",
        desk="equities",
        cost_centre="cc-1",
        pools=pools,
        placement=placement or Placement(),
        series=series,
        units_per_vcpu=units_per_vcpu,
        service_level=ServiceLevel(max_latency_ms=max_latency_ms, min_throughput_units=min_throughput_units),
        cost=CostLimits(ceiling_usd_per_hour=ceiling_usd_per_hour, budget_usd_per_day=200),
        miss_cost_usd_per_unit_hour=miss_cost_usd_per_unit_hour,
        priority=priority,
        session=session,
        service=service,
        signals=signals,
        resources=resources,
    )


def make_forecast(*, upper: float = 70.0, degraded: str | None = None) -> PeakForecast:
    """Median at half of the upper, in steps up to the level 0.98."""
    return PeakForecast(
        model="seasonal-naive",
        levels=(0.5, 0.9, 0.98),
        peaks=(upper / 2, upper * 0.8, upper),
        path=(1.0,) * 18,
        score=1.25,
        rejected=(),
        degraded=degraded,
    )


def make_demand(
    *strategies: Strategy,
    upper: float = 70.0,
    recent: float = 30.0,
    soon: float = 0.0,
    peak: float = 100.0,
    stale: bool = False,
    weights: tuple[float, ...] = (),
) -> PoolDemand:
    chosen = strategies or (make_strategy(),)
    shares = weights or tuple(recent for _ in chosen)
    return PoolDemand(
        pools=chosen[0].pools,
        level_reason="a vCPU that orders misses for an hour costs 2.00 USD, 32 times one that is there",
        strategies=tuple(
            StrategyDemand(strategy=strategy, weight_vcpu=weight, stale=stale)
            for strategy, weight in zip(chosen, shares, strict=True)
        ),
        now_vcpu=recent,
        recent_vcpu=recent,
        soon_vcpu=soon,
        history_peak_vcpu=peak,
        horizon_seconds=5400,
        forecast=make_forecast(upper=upper),
        coverage=Coverage(days=7, bins=1200, held_bins=1140, node_held_bins=1172),
        evidence=Evidence(
            fit=FitKey("+".join(chosen[0].pools), "0" * 64, BIN_END.date()),
            series={strategy.series: "1" * 64 for strategy in chosen},
        ),
    )


def agree(document: PlanDocument) -> tuple[str, ...]:
    """Cost rules that refuse nothing."""
    del document
    return ()


def make_inputs(
    *demands: PoolDemand,
    settings: EnvironmentSettings | None = None,
    previous: Mapping[str, PoolSize] | None = None,
    lead_times: Mapping[str, LeadTime] | None = None,
) -> PlanningInputs:
    """Planning of `dev`, each pool of nodes with 8 vCPU, at 0.20 USD/hour on spot and 0.50 else."""
    chosen = settings or make_settings()
    return PlanningInputs(
        settings=chosen,
        stack="dev-capacity",
        bin_end=BIN_END,
        nodes={name: SPOT_NODE if pool.capacity_type == "SPOT" else NODE for name, pool in chosen.pools.items()},
        lead_times=lead_times or dict.fromkeys(chosen.pools, PRIOR),
        demands=demands,
        previous=previous or {},
    )


def planned(inputs: PlanningInputs, *, check: PlanCheck = agree) -> ScalingPlan:
    """The plan of some inputs, by default under cost rules that refuse nothing."""
    return make_plan(inputs, solved(inputs), check=check)

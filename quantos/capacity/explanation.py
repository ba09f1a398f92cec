"""Why a plan is what it is: one sentence for a trader, and the figures behind it."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np

from quantos.capacity.pool_demand import PoolDemand
from quantos.capacity.requirement import PoolDecision, nodes_for
from quantos.capacity.wording import listed, node_count, percent
from quantos.contracts.plan import Alternative, DemandQuantile, Explanation, PoolReasoning
from quantos.environment.settings import DecisionSettings
from quantos.forecasting.peak_model import PeakForecast

_RISK_DECIMALS: Final = 6


def shortage_probability(forecast: PeakForecast, *, capacity_vcpu: float) -> float:
    """Probability that the largest demand of the horizon exceeds a capacity, read off the forecast's quantiles.

    Linear between the levels; below the lowest, linear to certainty at no capacity; above the highest, falling off
    exponentially from there, at the slowest pace between any two neighbouring levels: two levels that lie close
    together say little about what is beyond them. Where all coincide it stays at what the highest leaves.
    """
    peaks, levels = np.asarray(forecast.peaks), np.asarray(forecast.levels)
    if peaks[-1] <= 0:
        return 0.0
    if capacity_vcpu <= peaks[-1]:
        held = float(np.interp(capacity_vcpu, np.concatenate([[0.0], peaks]), np.concatenate([[0.0], levels])))
        return min(max(1.0 - held, 0.0), 1.0)
    left = float(1 - levels[-1])
    vcpu_per_fold = float(np.max(np.diff(peaks) / -np.diff(np.log1p(-levels)), initial=0.0))
    if vcpu_per_fold <= 0:
        return left
    return left * math.exp(-(capacity_vcpu - float(peaks[-1])) / vcpu_per_fold)


def explain(
    decisions: Sequence[PoolDecision], *, bin_end: datetime, decided: DecisionSettings, violations: Sequence[str]
) -> Explanation:
    """The explanation of a plan's decisions; pools without strategies need none."""
    return Explanation(
        sentence=_sentence(decisions, bin_end=bin_end, decided=decided, violations=violations),
        pools=tuple(_reasoning(item, item.demand) for item in decisions if item.demand is not None),
        expected_violations=tuple(violations),
    )


def _reasoning(decision: PoolDecision, demand: PoolDemand) -> PoolReasoning:
    forecast = demand.forecast
    degraded = forecast.degraded
    if demand.stale:
        degraded = f"stale feed of {listed(demand.stale)}" + (f"; {degraded}" if degraded else "")
    return PoolReasoning(
        pool=decision.pool,
        demand_now_vcpu=demand.now_vcpu,
        demand_expected_vcpu=forecast.expected,
        demand_upper_vcpu=forecast.upper,
        level=forecast.upper_level,
        binding=decision.binding,
        model=forecast.model,
        score=forecast.score,
        rejected=forecast.rejected,
        degraded=degraded,
        alternatives=tuple(_alternatives(decision, demand)),
        vcpu_per_node=decision.price.vcpu,
        quantiles=tuple(
            DemandQuantile(level=level, vcpu=peak) for level, peak in zip(forecast.levels, forecast.peaks, strict=True)
        ),
        coverage=demand.coverage,
        risk_of_shortage=_risk(decision, demand, nodes=decision.size.floor),
        sensitivity=_sensitivity(decision, demand),
        unmet=decision.unmet,
    )


def _alternatives(decision: PoolDecision, demand: PoolDemand) -> Iterator[Alternative]:
    floor_nodes = decision.settings.floor_nodes
    static = nodes_for(max(demand.history_peak_vcpu, demand.recent_vcpu), vcpu_per_node=decision.price.vcpu)
    choices: tuple[tuple[Literal["reactive", "static", "one-cheaper", "one-more"], int], ...] = (
        ("reactive", max(decision.reactive_nodes, floor_nodes)),
        ("static", max(static, floor_nodes)),
        ("one-cheaper", decision.size.floor - 1),
        ("one-more", decision.size.floor + 1),
    )
    for name, nodes in choices:
        if nodes >= floor_nodes:
            yield Alternative(
                name=name,
                nodes=nodes,
                usd_per_hour=nodes * decision.price.usd_per_hour,
                risk_of_shortage=_risk(decision, demand, nodes=nodes),
            )


def _risk(decision: PoolDecision, demand: PoolDemand, *, nodes: int) -> float:
    found = shortage_probability(demand.forecast, capacity_vcpu=nodes * decision.price.vcpu)
    return round(found, _RISK_DECIMALS)


def _sensitivity(decision: PoolDecision, demand: PoolDemand) -> str:
    """What one node more would cost and change, in words."""
    nodes = decision.size.floor
    risk, less = (_risk(decision, demand, nodes=count) for count in (nodes, nodes + 1))
    more = "one node more" if nodes < decision.size.ceiling else "one node more than is allowed"
    cost = f"{more} would cost {decision.price.usd_per_hour:.2f} USD/hour"
    if percent(risk) == percent(less):
        return f"{cost} and leave the risk of running short at {percent(risk)}"
    return f"{cost} and cut the risk of running short from {percent(risk)} to {percent(less)}"


def _sentence(
    decisions: Sequence[PoolDecision], *, bin_end: datetime, decided: DecisionSettings, violations: Sequence[str]
) -> str:
    moved = sorted(
        (item for item in decisions if item.size.floor != item.previous.floor),
        key=lambda item: -abs(item.size.floor - item.previous.floor),
    )
    after = sum(item.floor_usd_per_hour for item in decisions)
    before = sum(item.previous.floor * item.price.usd_per_hour for item in decisions)
    clauses = [_movement(moved[0], bin_end=bin_end, decided=decided) if moved else _standing(decisions)]
    clauses.extend(f"{item.pool} goes from {item.previous.floor} to {item.size.floor}" for item in moved[1:])
    clauses.extend(f"{item.pool} is held by {item.binding}" for item in decisions if _held(item) and item not in moved)
    clauses.append(f"the floors cost {after:.2f} USD/hour" + _difference(after - before))
    if moved:
        clauses.extend(_cheaper(moved[0]))
    if violations:
        clauses.append("the cost policy will refuse this: " + "; ".join(violations))
    return "; ".join(clauses).rstrip(".") + "."


def _standing(decisions: Sequence[PoolDecision]) -> str:
    floors = ", ".join(f"{item.pool} {item.size.floor}" for item in decisions)
    return f"Every pool keeps its floor ({floors} nodes)"


def _held(decision: PoolDecision) -> bool:
    """Whether something other than demand keeps the floor where it is."""
    demand = decision.demand
    return demand is not None and (bool(demand.stale) or decision.required_nodes > decision.size.floor)


def _difference(usd_per_hour: float) -> str:
    if abs(usd_per_hour) < 0.005:
        return ""
    return f", {abs(usd_per_hour):.2f} {'more' if usd_per_hour > 0 else 'less'} than before"


def _cheaper(decision: PoolDecision) -> Iterator[str]:
    """What one node fewer would save and risk, where it could be had."""
    if decision.demand is None:
        return
    for choice in _alternatives(decision, decision.demand):
        if choice.name == "one-cheaper":
            saved, risk = decision.price.usd_per_hour, percent(choice.risk_of_shortage)
            yield f"one node fewer would save {saved:.2f} and run short with a probability of {risk}"


def _movement(decision: PoolDecision, *, bin_end: datetime, decided: DecisionSettings) -> str:
    change = f"from {decision.previous.floor} to {node_count(decision.size.floor)}"
    demand = decision.demand
    if demand is None:
        return f"Pool {decision.pool} goes {change}, {decision.binding}, since no strategy runs on it"
    names = [part.strategy.name for part in demand.strategies]
    verb = "rises" if decision.size.floor > decision.previous.floor else "can fall"
    until = bin_end + timedelta(seconds=decided.horizon_seconds)
    course = (
        f"{listed(names)} used {demand.now_vcpu:.0f} vCPU at {bin_end:%H:%M} UTC and should stay under "
        f"{demand.forecast.upper:.0f} until {until:%H:%M} UTC ({demand.forecast.upper_level:.1%} sure)"
    )
    if demand.forecast.upper <= 0:
        course = f"{listed(names)} should need nothing until {until:%H:%M} UTC"
    return f"Pool {decision.pool} {verb} {change}: {course}; the floor is set by {decision.binding}"

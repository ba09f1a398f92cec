"""Why a plan is what it is: one sentence for a trader, and the figures behind it."""

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final, Literal

import numpy as np

from quantos.allocation.choice import ChoiceSolution
from quantos.allocation.constraint_text import gave_way
from quantos.allocation.lead_time import LeadTime
from quantos.capacity.planning.descent import way_down
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.planning.silence import silence_words, silences, undecided, undecided_words
from quantos.capacity.planning.sizing import HeldDemand, SizedPool, nodes_for
from quantos.capacity.planning.vocabulary import Unit, listed, node_count, percent
from quantos.contracts.plan import (
    Alternative,
    ChoiceQuality,
    DemandQuantile,
    Explanation,
    PlannedLeadTime,
    PoolReasoning,
    Silence,
    Undecided,
)
from quantos.forecasting.peak_model import PeakForecast, clauses

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
    inputs: PlanningInputs, pools: Sequence[SizedPool], *, solution: ChoiceSolution, violations: Sequence[str]
) -> Explanation:
    """The explanation of a plan's sizes; pools without strategies need none."""
    gave, unknown, apart = tuple(gave_way(solution)), silences(inputs, pools), undecided(inputs, pools)
    down = way_down(inputs.settings, pools)
    limits = () if down is None else (down,)
    caveats = (*gave, *_held_clauses(unknown), *undecided_words(apart), *limits)
    return Explanation(
        sentence=_sentence(inputs, pools, gave=caveats, violations=violations),
        pools=tuple(
            _reasoning(inputs, item, held, unknown=unknown, apart=apart) for item in pools for held in item.holds
        ),
        expected_violations=tuple(violations),
        gave_way=gave,
        choice=ChoiceQuality(
            status=solution.status,
            mip_gap=solution.mip_gap,
            lp_distance=solution.lp_distance,
            idle_usd_per_hour=solution.idle_usd_per_hour,
        ),
        silences=unknown,
        undecided=apart,
        way_down=down,
    )


def _held_clauses(unknown: Sequence[Silence]) -> Iterator[str]:
    """What silence holds of the floors, in one clause."""
    usd, names = sum(item.usd_per_hour for item in unknown), sorted({item.strategy for item in unknown})
    if usd > 0:
        yield f"{usd:.2f} USD/hour are held for what is not known of {listed(names)}"


def _reasoning(
    inputs: PlanningInputs,
    item: SizedPool,
    held: HeldDemand,
    *,
    unknown: Sequence[Silence],
    apart: Sequence[Undecided],
) -> PoolReasoning:
    demand, forecast = held.demand, held.demand.forecast
    return PoolReasoning(
        pool=item.pool,
        demand_now_vcpu=demand.now_vcpu,
        demand_expected_vcpu=forecast.expected,
        demand_upper_vcpu=forecast.upper,
        level=forecast.upper_level,
        binding=item.binding,
        model=forecast.model,
        score=forecast.score,
        rejected=forecast.rejected,
        degraded=_degraded(held, unknown=unknown, undecided_here=_on(item.pool, inputs, apart)),
        alternatives=tuple(_alternatives(inputs, item, held)),
        vcpu_per_node=held.vcpu_per_node,
        gpus_per_vcpu=held.gpus_per_vcpu or None,
        quantiles=tuple(
            DemandQuantile(level=level, vcpu=peak) for level, peak in zip(forecast.levels, forecast.peaks, strict=True)
        ),
        coverage=demand.coverage,
        risk_of_shortage=_risk(held, nodes=item.size.floor),
        sensitivity=_sensitivity(item, held),
        unmet=held.unmet,
        strategies=held.names,
        elsewhere_vcpu=held.elsewhere_vcpu or None,
        level_reason=demand.level_reason,
        lead_time=_lead_time(inputs.lead_times[item.pool]),
        horizon_seconds=demand.horizon_seconds,
        signals=forecast.signals,
        scheduled_vcpu=demand.scheduled_vcpu or None,
    )


def _degraded(held: HeldDemand, *, unknown: Sequence[Silence], undecided_here: Sequence[Undecided]) -> str | None:
    """What was missing when the demand was foreseen, in words; None where nothing was."""
    demand = held.demand
    return clauses(
        f"stale feed of {listed(demand.stale)}" if demand.stale else None,
        demand.forecast.degraded,
        *silence_words([silence for silence in unknown if silence.strategy in held.names]),
        *undecided_words(undecided_here),
    )


def _on(pool: str, inputs: PlanningInputs, apart: Sequence[Undecided]) -> list[Undecided]:
    """Of the strategies that are not decided those that may run on a pool."""
    here = {strategy.name for strategy in inputs.undecided if pool in strategy.pools or not strategy.pools}
    return [entry for entry in apart if entry.strategy in here]


def _lead_time(time: LeadTime) -> PlannedLeadTime:
    return PlannedLeadTime(seconds=round(time.seconds, 1), observations=time.observations, source=time.source)


def _alternatives(inputs: PlanningInputs, item: SizedPool, held: HeldDemand) -> Iterator[Alternative]:
    floor_nodes = inputs.settings.pools[item.pool].floor_nodes
    demand = held.demand
    choices: tuple[tuple[Literal["reactive", "static", "one-cheaper", "one-more"], int], ...] = (
        ("reactive", max(_nodes(held, vcpu=demand.recent_vcpu), floor_nodes)),
        ("static", max(_nodes(held, vcpu=max(demand.history_peak_vcpu, demand.recent_vcpu)), floor_nodes)),
        ("one-cheaper", item.size.floor - 1),
        ("one-more", item.size.floor + 1),
    )
    for name, nodes in choices:
        if nodes >= floor_nodes:
            yield Alternative(
                name=name,
                nodes=nodes,
                usd_per_hour=nodes * item.node.usd_per_hour,
                risk_of_shortage=_risk(held, nodes=nodes),
            )


def _nodes(held: HeldDemand, *, vcpu: float) -> int:
    """Nodes of the pool that hold a demand together with what the other pools hold of it."""
    return max(nodes_for(vcpu - held.elsewhere_vcpu, vcpu_per_node=held.vcpu_per_node), 0)


def _risk(held: HeldDemand, *, nodes: int) -> float:
    capacity_vcpu = max(nodes * held.vcpu_per_node + held.elsewhere_vcpu, 0.0)
    return round(shortage_probability(held.demand.forecast, capacity_vcpu=capacity_vcpu), _RISK_DECIMALS)


def _sensitivity(item: SizedPool, held: HeldDemand) -> str:
    """What one node more would cost and change, in words."""
    nodes = item.size.floor
    risk, less = (_risk(held, nodes=count) for count in (nodes, nodes + 1))
    more = "one node more" if nodes < item.size.ceiling else "one node more than is allowed"
    cost = f"{more} would cost {item.node.usd_per_hour:.2f} USD/hour"
    if percent(risk) == percent(less):
        return f"{cost} and leave the risk of running short at {percent(risk)}"
    return f"{cost} and cut the risk of running short from {percent(risk)} to {percent(less)}"


def _sentence(
    inputs: PlanningInputs, pools: Sequence[SizedPool], *, gave: Sequence[str], violations: Sequence[str]
) -> str:
    moved = sorted(
        (item for item in pools if item.size.floor != item.previous.floor),
        key=lambda item: -abs(item.size.floor - item.previous.floor),
    )
    after = sum(item.floor_usd_per_hour for item in pools)
    before = sum(item.previous.floor * item.node.usd_per_hour for item in pools)
    clauses = [_movement(inputs, moved[0]) if moved else _standing(pools)]
    clauses.extend(f"{item.pool} goes from {item.previous.floor} to {item.size.floor}" for item in moved[1:])
    clauses.extend(f"{item.pool} is held by {item.binding}" for item in pools if item not in moved and _silent(item))
    clauses.extend(_scheduled(inputs, pools))
    clauses.extend(gave)
    clauses.append(f"the floors cost {after:.2f} USD/hour" + _difference(after - before))
    if moved:
        clauses.extend(_cheaper(inputs, moved[0]))
    if violations:
        clauses.append("the cost policy will refuse this: " + "; ".join(violations))
    return "; ".join(clauses).rstrip(".") + "."


def _scheduled(inputs: PlanningInputs, pools: Sequence[SizedPool]) -> Iterator[str]:
    """What runs are known to need, by pool."""
    for item in pools:
        for held in item.holds:
            if held.demand.scheduled_vcpu > 0:
                amount = Unit.of(held.gpus_per_vcpu).amount(held.demand.scheduled_vcpu)
                until = inputs.bin_end + timedelta(seconds=held.demand.horizon_seconds)
                yield f"runs that were submitted need up to {amount} of {item.pool} until {until:%H:%M} UTC"


def _standing(pools: Sequence[SizedPool]) -> str:
    floors = ", ".join(f"{item.pool} {item.size.floor}" for item in pools)
    return f"Every pool keeps its floor ({floors} nodes)"


def _silent(item: SizedPool) -> bool:
    return any(held.demand.silent for held in item.holds)


def _difference(usd_per_hour: float) -> str:
    if abs(usd_per_hour) < 0.005:
        return ""
    return f", {abs(usd_per_hour):.2f} {'more' if usd_per_hour > 0 else 'less'} than before"


def _cheaper(inputs: PlanningInputs, item: SizedPool) -> Iterator[str]:
    """What one node fewer would save and risk, where it could be had."""
    if not item.holds:
        return
    for choice in _alternatives(inputs, item, item.holds[0]):
        if choice.name == "one-cheaper":
            saved, risk = item.node.usd_per_hour, percent(choice.risk_of_shortage)
            yield f"one node fewer would save {saved:.2f} and run short with a probability of {risk}"


def _movement(inputs: PlanningInputs, item: SizedPool) -> str:
    change = f"from {item.previous.floor} to {node_count(item.size.floor)}"
    if not item.holds:
        since = "since no strategy needs it" if inputs.demands_on(item.pool) else "since no strategy runs on it"
        return f"Pool {item.pool} goes {change}, {item.binding}, {since}"
    held = item.holds[0]
    demand, forecast, unit = held.demand, held.demand.forecast, Unit.of(held.gpus_per_vcpu)
    verb = "rises" if item.size.floor > item.previous.floor else "can fall"
    until = inputs.bin_end + timedelta(seconds=demand.horizon_seconds)
    course = (
        f"{listed(held.names)} used {unit.amount(demand.now_vcpu)} at {inputs.bin_end:%H:%M} UTC and should stay under "
        f"{unit.count(forecast.upper)} until {until:%H:%M} UTC ({forecast.upper_level:.1%} sure)"
    )
    if forecast.upper <= 0:
        course = f"{listed(held.names)} should need nothing until {until:%H:%M} UTC"
    return f"Pool {item.pool} {verb} {change}: {course}; the floor is set by {item.binding}"

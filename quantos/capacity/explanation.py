"""Why a plan is what it is: one sentence for a trader, the figures behind it, and the text that `explain` prints."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np

from quantos.capacity.pool_demand import PoolDemand
from quantos.capacity.requirement import PoolDecision, nodes_for
from quantos.contracts.plan import Alternative, Explanation, PoolReasoning, ResizeOutcome, ScalingPlan
from quantos.environment.settings import DecisionSettings
from quantos.forecasting.peak_model import PeakForecast

_ALTERNATIVES: Final = {
    "reactive": "Following measured demand only",
    "static": "Standing at the highest demand of the history",
    "one-cheaper": "One node fewer",
}

_STATUS: Final = {
    "applied": "It was applied",
    "unchanged": "Nothing had to be done",
    "observed": "It was only observed, as this stack's mode is",
    "blocked": "It was refused",
    "stale": "It came too late or out of order and was not used",
    "paused": "It was not applied, because the kill switch is thrown",
    "busy": "It was not applied, because another run held the stack",
    "drift": "It was not applied, because the stack differs in more than sizes",
    "interrupted": "It was interrupted; the next run makes the stack whole",
    "failed": "It failed",
}


def shortage_probability(forecast: PeakForecast, *, capacity_vcpu: float) -> float:
    """Probability that the largest demand of the horizon exceeds a capacity, read off the forecast's quantiles.

    Linear between the levels; below the lowest, linear to certainty at no capacity; above the highest, falling off
    exponentially from there, at the pace at which the last two levels lie apart.
    """
    peaks, levels = np.asarray(forecast.peaks), np.asarray(forecast.levels)
    if peaks[-1] <= 0:
        return 0.0
    if capacity_vcpu <= peaks[-1]:
        held = float(np.interp(capacity_vcpu, np.concatenate([[0.0], peaks]), np.concatenate([[0.0], levels])))
        return min(max(1.0 - held, 0.0), 1.0)
    spread = float(peaks[-1] - peaks[-2]) if len(peaks) > 1 else 0.0
    if spread <= 0:
        return 0.0
    beyond = (capacity_vcpu - float(peaks[-1])) / spread
    pace = math.log((1 - levels[-2]) / (1 - levels[-1]))
    return float((1 - levels[-1]) * math.exp(-pace * beyond))


def explain(
    decisions: Sequence[PoolDecision], *, bin_end: datetime, decided: DecisionSettings, violations: Sequence[str]
) -> Explanation:
    """The explanation of a plan's decisions; pools without strategies need none."""
    return Explanation(
        sentence=_sentence(decisions, bin_end=bin_end, decided=decided, violations=violations),
        pools=tuple(_reasoning(item, item.demand) for item in decisions if item.demand is not None),
        expected_violations=tuple(violations),
    )


def explain_text(plan: ScalingPlan, outcome: ResizeOutcome | None) -> str:
    """Plan and outcome as short paragraphs for a trader; `outcome` is None while none is known."""
    return "\n".join([*_head(plan), "", *_pool_lines(plan), *_money_lines(plan), "", *_outcome_lines(plan, outcome)])


def _reasoning(decision: PoolDecision, demand: PoolDemand) -> PoolReasoning:
    forecast = demand.forecast
    degraded = forecast.degraded
    if demand.stale:
        degraded = f"stale feed of {_listed(demand.stale)}" + (f"; {degraded}" if degraded else "")
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
    )


def _alternatives(decision: PoolDecision, demand: PoolDemand) -> Iterator[Alternative]:
    floor_nodes = decision.settings.floor_nodes
    static = nodes_for(max(demand.history_peak_vcpu, demand.recent_vcpu), vcpu_per_node=decision.price.vcpu)
    choices: tuple[tuple[Literal["reactive", "static", "one-cheaper"], int], ...] = (
        ("reactive", max(decision.reactive_nodes, floor_nodes)),
        ("static", max(static, floor_nodes)),
        ("one-cheaper", decision.size.floor - 1),
    )
    for name, nodes in choices:
        if nodes >= floor_nodes:
            yield Alternative(
                name=name,
                nodes=nodes,
                usd_per_hour=nodes * decision.price.usd_per_hour,
                risk_of_shortage=shortage_probability(demand.forecast, capacity_vcpu=nodes * decision.price.vcpu),
            )


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
            saved, risk = decision.price.usd_per_hour, _percent(choice.risk_of_shortage)
            yield f"one node fewer would save {saved:.2f} and run short with a probability of {risk}"


def _movement(decision: PoolDecision, *, bin_end: datetime, decided: DecisionSettings) -> str:
    change = f"from {decision.previous.floor} to {_nodes(decision.size.floor)}"
    demand = decision.demand
    if demand is None:
        return f"Pool {decision.pool} goes {change}, {decision.binding}, since no strategy runs on it"
    names = [part.strategy.name for part in demand.strategies]
    verb = "rises" if decision.size.floor > decision.previous.floor else "can fall"
    until = bin_end + timedelta(seconds=decided.horizon_seconds)
    course = (
        f"{_listed(names)} used {demand.now_vcpu:.0f} vCPU at {bin_end:%H:%M} UTC and should stay under "
        f"{demand.forecast.upper:.0f} until {until:%H:%M} UTC ({demand.forecast.upper_level:.1%} sure)"
    )
    if demand.forecast.upper <= 0:
        course = f"{_listed(names)} should need nothing until {until:%H:%M} UTC"
    return f"Pool {decision.pool} {verb} {change}: {course}; the floor is set by {decision.binding}"


def _head(plan: ScalingPlan) -> list[str]:
    return [
        f"Plan {plan.plan_id[:12]} for {plan.stack}, decided at {plan.created_at:%Y-%m-%d %H:%M} UTC"
        + (", urgent." if plan.urgent else "."),
        plan.explanation.sentence,
    ]


def _pool_lines(plan: ScalingPlan) -> Iterator[str]:
    for item in plan.explanation.pools:
        size, price = plan.sizes[item.pool], plan.pool_costs[item.pool].usd_per_node_hour
        yield (
            f"Pool {item.pool} may run {size.floor} to {_nodes(size.ceiling)} at {price:.3f} USD each; "
            f"the floor is set by {item.binding}."
        )
        yield f"  {_demand_sentence(item)}"
        yield f"  {_model_sentence(item)}"
        yield from (f"  {_alternative_sentence(choice)}" for choice in item.alternatives)
        yield ""


def _demand_sentence(item: PoolReasoning) -> str:
    now = f"Demand is {item.demand_now_vcpu:.0f} vCPU now"
    if item.demand_upper_vcpu <= 0:
        return f"{now}, and none is expected within the horizon."
    return (
        f"{now}; at its height within the horizon {item.demand_expected_vcpu:.0f} is as likely as not to be exceeded, "
        f"and {item.demand_upper_vcpu:.0f} holds with {item.level:.1%}."
    )


def _model_sentence(item: PoolReasoning) -> str:
    score = "" if item.score is None else f" with a held-out loss of {item.score:.2f} node-bins a bin"
    rivals = [
        rival.model + (f" ({rival.score:.2f})" if rival.score is not None else "") + f": {rival.reason}"
        for rival in item.rejected
    ]
    rejected = f"; rejected {'; '.join(rivals)}" if rivals else ""
    degraded = f" Degraded: {item.degraded}." if item.degraded else ""
    return f"The forecast is by {item.model}{score}{rejected}.{degraded}"


def _alternative_sentence(choice: Alternative) -> str:
    return (
        f"{_ALTERNATIVES[choice.name]} would be {_nodes(choice.nodes)} for {choice.usd_per_hour:.2f} USD/hour "
        f"and run short with a probability of {_percent(choice.risk_of_shortage)}."
    )


def _money_lines(plan: ScalingPlan) -> Iterator[str]:
    after, before = plan.usd_per_hour_after, plan.usd_per_hour_before
    yield f"All floors together cost {after:.2f} USD/hour; before it was {before:.2f}."
    for name, cost in sorted(plan.strategy_costs.items()):
        over = cost.usd_per_hour > cost.ceiling_usd_per_hour
        verdict = "more than" if over else "within"
        yield f"  {name} causes {cost.usd_per_hour:.2f} USD/hour of it, {verdict} its {cost.ceiling_usd_per_hour:.2f}."


def _outcome_lines(plan: ScalingPlan, outcome: ResizeOutcome | None) -> Iterator[str]:
    if outcome is None:
        yield "No outcome is known yet."
        yield from (f"  The cost policy is expected to refuse: {text}" for text in plan.explanation.expected_violations)
        return
    yield f"{_STATUS[outcome.status]} ({outcome.finished_at:%Y-%m-%d %H:%M} UTC): {outcome.reason.rstrip('.')}."
    yield from (f"  Rule {item.rule} of {item.pack}: {item.message}" for item in outcome.violations)
    yield from (f"  Differs: {item}" for item in outcome.drift)
    if outcome.sizes and outcome.status != "applied":
        yield (
            "  The stack stands at "
            + _listed([f"{pool} {_nodes(size.floor)}" for pool, size in outcome.sizes.items()])
            + "."
        )


def _nodes(count: int) -> str:
    return f"{count} node" if count == 1 else f"{count} nodes"


def _percent(probability: float) -> str:
    if 0 < probability < 0.001:
        return "less than 0.1%"
    return f"{probability:.1%}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

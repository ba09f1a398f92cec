"""From what the replay saw to the result: rows, ways of sizing, phases."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from quantos.arrays import FloatArray
from quantos.backtest.flaps import flaps
from quantos.backtest.judge import FLAP_SECONDS
from quantos.capacity.planning.baselines import account, static_nodes
from quantos.capacity.planning.vocabulary import model_name
from quantos.capacity.resize.ports import GroupSize
from quantos.contracts.plan import PlanDocument, PoolReasoning, ResizeOutcome, ScalingPlan
from sandbox.demo.replay import Observation
from sandbox.demo.result import BinRow, DecisionRow, GroupRow, LeadTimeRow, Phase, WayName, WayOfSizing
from sandbox.demo.scenario import POOL, Scenario
from sandbox.demo.world import Pods, Pool, reactive_ready
from sandbox.node_pool import NodePool

PHASE_EDGE = timedelta(hours=1)
UNDECIDED = PoolReasoning(
    pool=POOL,
    demand_now_vcpu=0.0,
    demand_expected_vcpu=0.0,
    demand_upper_vcpu=0.0,
    level=0.5,
    binding="nothing was decided",
    model="none",
    score=None,
    rejected=(),
    degraded=None,
    alternatives=(),
)


def bin_rows(
    scenario: Scenario, seen: Sequence[Observation], *, static: Sequence[int], reactive: Sequence[int], pool: Pool
) -> tuple[BinRow, ...]:
    """The main pool bin by bin."""
    phases = session_phases(scenario, [observation.start for observation in seen])
    rows = []
    for observation, phase, peak, late in zip(seen, phases, static, reactive, strict=True):
        reasoning = _reasoning(observation.plan)
        rows.append(
            BinRow(
                start=observation.start,
                phase=phase,
                demand_vcpu=observation.demand_vcpu,
                expected_vcpu=reasoning.demand_expected_vcpu,
                upper_vcpu=reasoning.demand_upper_vcpu,
                floor_vcpu=observation.floor_nodes * pool.vcpu_per_node,
                ready_vcpu=observation.ready_nodes * pool.vcpu_per_node,
                static_vcpu=peak * pool.vcpu_per_node,
                reactive_vcpu=late * pool.vcpu_per_node,
            )
        )
    return tuple(rows)


def decision_rows(seen: Sequence[Observation], *, bin_seconds: int) -> tuple[DecisionRow, ...]:
    """Every plan and every end it came to, in order; a killed process comes before what followed it."""
    rows: list[DecisionRow] = []
    for observation in seen:
        if observation.plan is None:
            continue
        moment = observation.start + timedelta(seconds=bin_seconds)
        if observation.killed:
            rows.append(_killed_row(observation.plan, moment))
        rows += [decision_row(observation.plan, outcome, moment) for outcome in observation.outcomes]
    return tuple(rows)


def static_peak(
    scenario: Scenario, seen: Sequence[Observation], *, vcpu_per_node: float, floor_nodes: int
) -> list[int]:
    """Nodes that a static peak would have had Ready, bin by bin."""
    history = np.array(
        [
            value / scenario.units_per_vcpu
            for start, value in scenario.trace.demand.items()
            if scenario.history_start <= start < scenario.start
        ]
    )
    return static_nodes(history, count=len(seen), vcpu_per_node=vcpu_per_node, floor_nodes=floor_nodes).tolist()


def reactive_alone(
    scenario: Scenario, seen: Sequence[Observation], *, nodes: NodePool, pods: Pods, floor_nodes: int
) -> list[int]:
    """Nodes that a purely reactive autoscaler would have had Ready, bin by bin."""
    bin_length = timedelta(seconds=scenario.trace.bin_seconds)
    bins = ((observation.start, observation.start + bin_length, observation.demand_vcpu) for observation in seen)
    return list(reactive_ready(bins, nodes, pods, floor_nodes=floor_nodes))


def lead_times(seen: Sequence[Observation], nodes: NodePool) -> LeadTimeRow:
    """What nodes took and what was planned with, at first and at last."""
    planned = [time for observation in seen if (time := _reasoning(observation.plan).lead_time) is not None]
    return LeadTimeRow(
        stated_median_seconds=nodes.lead_time.median_seconds,
        stated_p95_seconds=nodes.lead_time.p95_seconds,
        orders=nodes.orders,
        first_planned=planned[0] if planned else None,
        last_planned=planned[-1] if planned else None,
    )


def ways(
    scenario: Scenario, seen: Sequence[Observation], *, static: Sequence[int], reactive: Sequence[int], pool: Pool
) -> tuple[WayOfSizing, ...]:
    """Cost and shortage of the three ways, all on Ready nodes of the same bins."""
    return (
        _way("quantos", [observation.ready_nodes for observation in seen], scenario, seen=seen, pool=pool),
        _way("static peak", static, scenario, seen=seen, pool=pool),
        _way("reactive", reactive, scenario, seen=seen, pool=pool),
    )


def group_rows(document: PlanDocument, sizes: dict[str, GroupSize]) -> tuple[GroupRow, ...]:
    """Node groups as the plan pointer has them, beside what the cloud reports."""
    return tuple(
        GroupRow(
            pool=pool,
            planned_minimum=size.floor,
            planned_maximum=size.ceiling,
            minimum=sizes[pool].minimum,
            maximum=sizes[pool].maximum,
            desired=sizes[pool].desired,
        )
        for pool, size in sorted(document.sizes.items())
        if pool in sizes
    )


def models(seen: Sequence[Observation]) -> dict[str, int]:
    """How many plans each forecast model served."""
    return dict(
        Counter(model_name(_reasoning(observation.plan).model) for observation in seen if observation.plan is not None)
    )


def phase_nodes(rows: Sequence[BinRow], *, vcpu_per_node: float) -> dict[Phase, float]:
    """Mean Ready nodes by session phase."""
    nodes: dict[Phase, float] = {}
    for phase in dict.fromkeys(row.phase for row in rows):
        ready = [row.ready_vcpu / vcpu_per_node for row in rows if row.phase == phase]
        nodes[phase] = round(sum(ready) / len(ready), 2)
    return nodes


def session_phases(scenario: Scenario, starts: Sequence[datetime]) -> list[Phase]:
    """The phase of each bin: closed, the first hour open, the last hour open, or the session between.

    A trace without a session is open where its hour of the day ever has demand.
    """
    is_open = [_is_open(scenario, start) for start in starts]
    edge = int(PHASE_EDGE.total_seconds()) // scenario.trace.bin_seconds
    phases: list[Phase] = []
    for place, opened in enumerate(is_open):
        before = is_open[max(place - edge, 0) : place]
        after = is_open[place + 1 : place + 1 + edge]
        if not opened:
            phases.append("closed")
        elif not all(before):
            phases.append("opening")
        elif not all(after):
            phases.append("closing")
        else:
            phases.append("session")
    return phases


def _way(
    name: WayName, nodes: Sequence[int], scenario: Scenario, *, seen: Sequence[Observation], pool: Pool
) -> WayOfSizing:
    result = account(
        np.array(nodes, dtype=np.int64),
        _demand(seen),
        vcpu_per_node=pool.vcpu_per_node,
        usd_per_node_hour=scenario.usd_per_node_hour,
        bin_seconds=scenario.trace.bin_seconds,
    )
    return WayOfSizing(
        name=name,
        usd_per_hour=round(result.usd_per_hour, 4),
        missing_vcpu_hours=round(result.missing_vcpu_hours, 3),
        short_share=result.short_bins / len(seen),
        flaps=flaps(
            np.asarray(nodes, dtype=np.float64), within_bins=max(FLAP_SECONDS // scenario.trace.bin_seconds, 1)
        ),
    )


def _is_open(scenario: Scenario, start: datetime) -> bool:
    session = scenario.trace.session
    if session is not None:
        return session.is_open(start, bin_seconds=scenario.trace.bin_seconds)
    return scenario.trace.demand.get(start, 0.0) > 0


def _demand(seen: Sequence[Observation]) -> FloatArray:
    return np.array(
        [np.nan if observation.demand_vcpu is None else observation.demand_vcpu for observation in seen],
        dtype=np.float64,
    )


def _reasoning(plan: ScalingPlan | None) -> PoolReasoning:
    if plan is None:
        return UNDECIDED
    return next((part for part in plan.explanation.pools if part.pool == POOL), UNDECIDED)


def decision_row(plan: ScalingPlan, outcome: ResizeOutcome, moment: datetime) -> DecisionRow:
    """A plan and what became of it; floors, and what they cost, are those that the stack stood on then."""
    floors = {pool: size.floor for pool, size in (outcome.sizes or plan.sizes).items()}
    return DecisionRow(
        time=moment,
        plan_id=outcome.plan_id,
        status=outcome.status,
        sentence=plan.explanation.sentence,
        reason=outcome.reason,
        floors=floors,
        usd_per_hour=sum(count * plan.pool_costs[pool].usd_per_node_hour for pool, count in floors.items()),
        violations=outcome.violations,
        seconds=round(sum(timing.seconds for timing in outcome.timings), 2),
    )


def _killed_row(plan: ScalingPlan, moment: datetime) -> DecisionRow:
    return DecisionRow(
        time=moment,
        plan_id=plan.plan_id,
        status="killed",
        sentence=plan.explanation.sentence,
        reason="the process was killed at its work; state, pointer and groups may disagree until the next attempt",
        floors={pool: size.floor for pool, size in plan.sizes.items()},
        usd_per_hour=plan.usd_per_hour_after,
        note="process killed",
    )

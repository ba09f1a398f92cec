"""A demo run of two days made up by formula: every status occurs, nights and one feed gap are unknown."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from quantos.contracts.plan import PlannedLeadTime, Violation
from sandbox.demo.result import BinRow, DecisionRow, DemoResult, GroupRow, LeadTimeRow, Phase, StageRow, WayOfSizing

START = datetime(2003, 10, 23, tzinfo=UTC)
BIN = timedelta(minutes=5)
BINS = 576
VCPU_PER_NODE = 8.0
USD_PER_NODE_HOUR = 0.357
STATIC_NODES = 14
OTHERS = {"cpu-spot": 0, "memory": 1, "network": 1, "gpu": 0, "gpu-spot": 0, "ray": 0, "spark": 0}
STRATEGY_REFUSED = Violation(
    pack="cost",
    rule="strategy-ceiling",
    message="strategy hedging would cost 6.42 USD/hour, its trader's ceiling is 3.20 <hedging & co>",
)
STEP_REFUSED = Violation(pack="cost", rule="step-up", message="cpu would rise by 21 nodes at once, 20 are allowed")
EVENTS = {
    100: "applied", 118: "applied", 130: "blocked", 131: "blocked", 150: "busy", 151: "busy", 166: "paused",
    210: "applied", 246: "applied", 300: "stale", 330: "observed", 372: "killed", 373: "interrupted", 374: "applied",
    390: "applied", 430: "drift", 452: "failed", 498: "applied", 533: "applied",
}  # fmt: skip
NOTES = {"killed": "the process was killed after the update began", "busy": "a second resizer held the lease"}
REASONS = {
    "applied": "the largest change is 4 nodes",
    "blocked": "the cost policy refused the preview",
    "busy": "the lease is held by resize-2 until 12:36:10",
    "paused": "resizing is paused by ada: exchange test",
    "stale": "the plan expired at 2003-10-24 01:15:00 UTC",
    "observed": "the environment is in observe mode: plans are explained and never acted on",
    "killed": "",
    "interrupted": "the update of an earlier plan was not finished; the stack was made whole",
    "drift": "the stack differs in more than sizes: update pool cpu: instanceTypes",
    "failed": "the engine ended with code 255: error reading node group (engine.failed); see the log and retry",
}


def demo_result(*, bins: int = BINS) -> DemoResult:
    """The run, or its first `bins` bins."""
    rows = tuple(_bin(index) for index in range(bins))
    return DemoResult(
        trace="bank calls (fpp3)",
        unit="calls per 5 minutes",
        pool="cpu",
        vcpu_per_node=VCPU_PER_NODE,
        bin_seconds=int(BIN.total_seconds()),
        bus="in-process",
        bins=rows,
        decisions=tuple(_decisions(rows)),
        ways=_ways(rows),
        groups=_groups(rows[-1].floor_vcpu),
        stages=(
            StageRow(name="engine", seconds=0.6),
            StageRow(name="sandbox", seconds=3.1),
            StageRow(name="foundation", seconds=24.8),
            StageRow(name="capacity", seconds=9.4),
            StageRow(name="control", seconds=14.2),
            StageRow(name="history", seconds=6.3),
            StageRow(name="replay of two days", seconds=141.7),
            StageRow(name="verification", seconds=5.9),
        ),
        models={"quantile regression": bins - 61, "seasonal naive with level": 61},
        phase_nodes={"closed": 2.1, "opening": 9.8, "session": 11.6, "closing": 7.9},
        audit_links=1_214,
        audit_problem="",
        drift=(),
        autoscaler_moves=41,
        lowered_desired=0,
        lead_times=LeadTimeRow(
            stated_median_seconds=180,
            stated_p95_seconds=480,
            orders=74,
            first_planned=PlannedLeadTime(seconds=600, observations=0, source="prior"),
            last_planned=PlannedLeadTime(seconds=506.3, observations=37, source="measured"),
        ),
    )


def troubled_result() -> DemoResult:
    """The run with everything wrong at its end."""
    good = demo_result()
    group = replace(good.groups[0], maximum=good.groups[0].maximum - 1)
    return replace(
        good,
        groups=(group, *good.groups[1:]),
        audit_problem="link 17 does not follow link 16",
        drift=("update nodeGroup cpu: scalingConfig.minSize", "delete tag <b>cpu</b>"),
        lowered_desired=2,
    )


def empty_result() -> DemoResult:
    """A run that ended before its first bin."""
    return replace(
        demo_result(),
        bins=(), decisions=(), ways=(), groups=(), stages=(), models={}, phase_nodes={}, audit_links=0,
    )  # fmt: skip


def _hour(index: int) -> float:
    return index * 5 / 60 % 24


def _level(hour: float) -> float:
    """Demand by hour in vCPU: a fast opening, a peak before noon, a second one, and a long fall to the close."""
    if not 7 <= hour < 21.08:
        return 0.0
    rise = 1 / (1 + math.exp(-(hour - 8.6) * 2.2))
    fall = 1 / (1 + math.exp((hour - 17.6) * 1.1))
    return 10 + 92 * rise * fall * (1 + 0.08 * math.sin((hour - 9) * 1.1))


def _demand(index: int) -> float | None:
    hour = _hour(index)
    if not 7 <= hour < 21.08 or 196 <= index < 202:
        return None
    return _level(hour) * (1 + 0.05 * math.sin(index * 1.7) + 0.04 * math.sin(index * 0.61)) * (1.06 - index / 5000)


def _phase(hour: float) -> Phase:
    if 7 <= hour < 8.5:
        return "opening"
    if 8.5 <= hour < 19.5:
        return "session"
    return "closing" if 19.5 <= hour < 21.08 else "closed"


def _steps(vcpu: float) -> float:
    return max(math.ceil(vcpu / VCPU_PER_NODE), 1) * VCPU_PER_NODE


def _bin(index: int) -> BinRow:
    hour = _hour(index)
    ahead = max(_level((hour + lag / 4) % 24) for lag in range(7))
    behind = [_demand(max(index - lag, 0)) or 0.0 for lag in range(3, 9)]
    floor = _steps(max(_level((index // 18 * 18 + lag) * 5 / 60 % 24) for lag in range(0, 30, 3)) * 1.08)
    return BinRow(
        start=START + index * BIN,
        phase=_phase(hour),
        demand_vcpu=_demand(index),
        expected_vcpu=ahead * 0.99,
        upper_vcpu=ahead * 1.14,
        floor_vcpu=floor,
        ready_vcpu=floor + (VCPU_PER_NODE if index % 60 > 47 else 0.0)
        if not 132 <= index < 136
        else floor - VCPU_PER_NODE * 3,
        static_vcpu=STATIC_NODES * VCPU_PER_NODE,
        reactive_vcpu=_steps(max(behind)),
    )


def _decisions(rows: tuple[BinRow, ...]) -> Iterator[DecisionRow]:
    for index, row in enumerate(rows):
        status = EVENTS.get(index, "paused" if 166 <= index < 178 else "unchanged")
        nodes = round(row.floor_vcpu / VCPU_PER_NODE)
        quiet = "the pools already stand at these sizes" if index % 5 else "a change of 1 node is within the dead band"
        time = row.start + BIN
        yield DecisionRow(
            time=time,
            plan_id=f"{index:04x}" + "9f3ac2" * 10,
            status=status,
            sentence=_sentence(nodes, time=time, upper=row.upper_vcpu, moved=status not in {"unchanged", "paused"}),
            reason=REASONS.get(status, quiet),
            floors={"cpu": nodes, **OTHERS},
            usd_per_hour=(nodes + 2) * USD_PER_NODE_HOUR,
            violations={130: (STRATEGY_REFUSED,), 131: (STRATEGY_REFUSED, STEP_REFUSED)}.get(index, ()),
            seconds=7.4 if status in {"applied", "blocked", "killed", "failed", "interrupted", "drift"} else 0.02,
            note=NOTES.get(status, ""),
        )


def _sentence(nodes: int, *, time: datetime, upper: float, moved: bool) -> str:
    if not moved:
        return (
            f"Every pool keeps its floor (cpu {nodes} nodes) at {time:%H:%M} UTC; the floors cost {nodes * 0.357:.2f}."
        )
    until = time + timedelta(minutes=90)
    return (
        f"Pool cpu rises from {max(nodes - 4, 1)} to {nodes} nodes: quotes and hedging used {upper * 0.7:.0f} vCPU at "
        f"{time:%H:%M} UTC and should stay under {upper:.0f} until {until:%H:%M} UTC (98.5% sure); the floor is set by "
        f"the forecast's upper bound; the floors cost {(nodes + 2) * 0.357:.2f} USD/hour, 1.43 more than before; one "
        "node fewer would save 0.36 and run short with a probability of 2.1%."
    )


def _ways(rows: tuple[BinRow, ...]) -> tuple[WayOfSizing, ...]:
    return (
        _way("quantos", rows, [row.ready_vcpu for row in rows]),
        _way("static peak", rows, [row.static_vcpu for row in rows]),
        _way("reactive", rows, [row.reactive_vcpu for row in rows]),
    )


def _way(name: str, rows: tuple[BinRow, ...], capacity: list[float]) -> WayOfSizing:
    known = [(row.demand_vcpu, vcpu) for row, vcpu in zip(rows, capacity, strict=True) if row.demand_vcpu is not None]
    short = [demand - vcpu for demand, vcpu in known if demand > vcpu]
    return WayOfSizing(
        name=name,
        usd_per_hour=sum(capacity) / len(rows) / VCPU_PER_NODE * USD_PER_NODE_HOUR,
        missing_vcpu_hours=sum(short) * BIN / timedelta(hours=1),
        short_share=len(short) / len(known) if known else 0.0,
        flaps=3,
    )


def _groups(floor_vcpu: float) -> tuple[GroupRow, ...]:
    floors = {"cpu": round(floor_vcpu / VCPU_PER_NODE), **OTHERS}
    return tuple(
        GroupRow(
            pool=pool,
            planned_minimum=floor,
            planned_maximum=40 if pool == "cpu" else 20,
            minimum=floor,
            maximum=40 if pool == "cpu" else 20,
            desired=floor + (pool == "cpu"),
        )
        for pool, floor in floors.items()
    )

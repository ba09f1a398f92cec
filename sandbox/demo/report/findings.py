"""What a run comes to, in figures and in one sentence; the report, the summary and the terminal all say this."""

from collections import Counter
from typing import Final

from quantos.contracts.plan import PlannedLeadTime
from sandbox.demo.report.wording import counted, percent, usd
from sandbox.demo.result import DemoResult, WayOfSizing

_STATUSES: Final = (
    "applied", "unchanged", "observed", "blocked", "paused", "busy", "stale", "killed", "interrupted", "drift",
    "unreadable", "locked", "overtaken", "failed",
)  # fmt: skip


def demand_vcpu_hours(result: DemoResult) -> float:
    """All known demand of the replay."""
    known = (row.demand_vcpu for row in result.bins if row.demand_vcpu is not None)
    return sum(known) * result.bin_seconds / 3600


def missing_share(result: DemoResult, way: WayOfSizing) -> float | None:
    """Missing demand as a share of all known demand; None where there was none."""
    total = demand_vcpu_hours(result)
    return way.missing_vcpu_hours / total if total > 0 else None


def way_named(result: DemoResult, name: str) -> WayOfSizing | None:
    """One way of sizing, where the run compared it."""
    return next((way for way in result.ways if way.name == name), None)


def outcome_counts(result: DemoResult) -> dict[str, int]:
    """Plans by what became of them, those that happened only, in the order of concern."""
    counts = Counter(row.status for row in result.decisions)
    return {status: counts[status] for status in _STATUSES if counts[status]}


def lead_time_figures(result: DemoResult) -> dict[str, str]:
    """How long nodes were taken to need from order to Ready, and how long they took."""
    row = result.lead_times
    return {
        "planned at first": _planned(row.first_planned),
        "planned at last": _planned(row.last_planned),
        "drawn, on stated terms": f"median {row.stated_median_seconds:.0f} s, P95 {row.stated_p95_seconds:.0f} s",
        "orders": f"{row.orders:,}",
    }


def _planned(time: PlannedLeadTime | None) -> str:
    if time is None:
        return "nothing"
    if time.source == "measured":
        return f"{time.seconds:.0f} s, P95 of {counted(time.observations, 'order')}"
    return f"{time.seconds:.0f} s, not measured ({counted(time.observations, 'order')})"


def problems(result: DemoResult) -> tuple[str, ...]:
    """What did not hold at the end of the run, one clause each; empty when everything did."""
    clauses = []
    wrong = [group.pool for group in result.groups if not group.agrees]
    if not result.groups:
        clauses.append("no node group was read back")
    if wrong:
        clauses.append(f"node groups differ from the plan: {', '.join(wrong)}")
    if result.audit_problem:
        clauses.append(f"the audit chain is broken: {result.audit_problem}")
    elif not result.audit_links:
        clauses.append("the audit chain has no links")
    if result.drift:
        clauses.append(f"a preview of the capacity stack would still change {counted(len(result.drift), 'thing')}")
    if result.lowered_desired:
        clauses.append(f"a resize lowered a desired size {counted(result.lowered_desired, 'time')}")
    return tuple(clauses)


def headline(result: DemoResult) -> str:
    """What quantos cost and missed beside the two other ways, in one sentence, whichever way it went."""
    own = way_named(result, "quantos")
    if own is None:
        return "The run compared no ways of sizing."
    parts = [f"quantos cost {usd(own.usd_per_hour)} USD/hour"]
    static = way_named(result, "static peak")
    if static is not None and static.usd_per_hour > 0:
        parts.append(_beside_static(own.usd_per_hour / static.usd_per_hour - 1))
    sentence = ", ".join(parts) + (", and " if len(parts) > 1 else " and ") + _missed(result, own)
    reactive = way_named(result, "reactive")
    if reactive is not None:
        sentence += f"; reactive sizing cost {usd(reactive.usd_per_hour)} and {_missed(result, reactive)}"
    return sentence + "."


def closing_statement(result: DemoResult) -> str:
    """Whether what was planned, done and written down agree at the end."""
    clauses = problems(result)
    if clauses:
        return "Not everything held: " + "; ".join(clauses) + "."
    return (
        f"All {len(result.groups)} node groups agree with the plan, the audit chain of {result.audit_links:,} links "
        "verifies, a preview shows no drift, and no resize lowered a running pool."
    )


def _beside_static(change: float) -> str:
    if abs(change) < 0.0005:
        return "as much as a static peak"
    return f"{percent(abs(change))} {'above' if change > 0 else 'below'} a static peak"


def _missed(result: DemoResult, way: WayOfSizing) -> str:
    share = missing_share(result, way)
    if way.missing_vcpu_hours <= 0:
        return "missed no demand"
    if share is None:
        return f"missed {way.missing_vcpu_hours:.1f} vCPU-hours"
    return f"missed {percent(share)} of demand"

"""A demo run in figures: `summary.json` for machines, a short table for the end of a terminal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from sandbox.demo.report.findings import (
    closing_statement,
    demand_vcpu_hours,
    headline,
    lead_time_figures,
    missing_share,
    outcome_counts,
    problems,
    way_named,
)
from sandbox.demo.report.wording import DASH, counted, duration, percent, usd
from sandbox.demo.result import DemoResult, GroupRow, LeadTimeRow, WayOfSizing

FILE_NAME: Final = "summary.json"


def summary_document(result: DemoResult) -> dict[str, JsonValue]:
    """What a run came to, as plain JSON values. Shares are of one; times are UTC; `problems` is empty when all held."""
    return {
        "headline": headline(result),
        "problems": [*problems(result)],
        "trace": result.trace,
        "bus": result.bus,
        "pool": result.pool,
        "first_bin": result.bins[0].start.isoformat() if result.bins else None,
        "last_bin": result.bins[-1].start.isoformat() if result.bins else None,
        "bins": len(result.bins),
        "bin_seconds": result.bin_seconds,
        "stages": [{"name": stage.name, "seconds": round(stage.seconds, 3)} for stage in result.stages],
        "total_seconds": round(sum(stage.seconds for stage in result.stages), 3),
        "plans": len(result.decisions),
        "plans_by_outcome": {**outcome_counts(result)},
        "forecast_models": {**result.models},
        "ready_nodes_by_phase": {phase: round(nodes, 3) for phase, nodes in result.phase_nodes.items()},
        "demand_vcpu_hours": round(demand_vcpu_hours(result), 3),
        "sizing": {way.name: _way(result, way) for way in result.ways},
        "node_lead_time": _lead_times(result.lead_times),
        "node_groups": {group.pool: _group(group) for group in result.groups},
        "audit": {
            "links": result.audit_links,
            "verified": result.audit_links > 0 and not result.audit_problem,
            "problem": result.audit_problem,
        },
        "drift": [*result.drift],
        "autoscaler": {"moves": result.autoscaler_moves, "lowered_by_a_resize": result.lowered_desired},
    }


def write_summary(result: DemoResult, folder: Path) -> Path:
    """Write the document as `summary.json` into a folder, which is made where it is missing; its path is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    text = json.dumps(summary_document(result), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def summary_table(result: DemoResult) -> Table:
    """The run for a terminal: a line on what it came to, the ways of sizing, and what was found at the end."""
    table = Table(title=Text(headline(result)), title_justify="left", title_style="bold", show_header=False, box=None)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, text in _lines(result):
        table.add_row(name, Text(text))
    table.add_row("at the end", Text(closing_statement(result), style="red" if problems(result) else "green"))
    return table


def _lines(result: DemoResult) -> Iterator[tuple[str, str]]:
    yield from ((way.name, _way_line(result, way)) for way in result.ways)
    outcomes = (f"{count:,} {status}" for status, count in outcome_counts(result).items())
    models = (f"{name} ({counted(count, 'plan')})" for name, count in result.models.items())
    phases = (f"{phase} {nodes:.1f}" for phase, nodes in result.phase_nodes.items())
    groups = (f"{group.pool} {group.minimum}{DASH}{group.maximum}" for group in result.groups)
    for name, parts in (("plans", outcomes), ("model", models), ("Ready nodes", phases), ("node groups", groups)):
        yield name, ", ".join(parts) or "none"
    yield "lead time", "; ".join(f"{name} {text}" for name, text in lead_time_figures(result).items())
    yield "time", duration(sum(stage.seconds for stage in result.stages))


def _way(result: DemoResult, way: WayOfSizing) -> dict[str, JsonValue]:
    static = way_named(result, "static peak")
    share = missing_share(result, way)
    against = way.usd_per_hour / static.usd_per_hour - 1 if static is not None and static.usd_per_hour > 0 else None
    return {
        "usd_per_hour": round(way.usd_per_hour, 4),
        "cost_against_static": None if against is None else round(against, 4),
        "missing_vcpu_hours": round(way.missing_vcpu_hours, 3),
        "missing_share_of_demand": None if share is None else round(share, 6),
        "short_share_of_bins": round(way.short_share, 6),
        "flaps": way.flaps,
    }


def _way_line(result: DemoResult, way: WayOfSizing) -> str:
    share = missing_share(result, way)
    missed = "" if share is None else f" ({percent(share)} of demand)"
    return f"{usd(way.usd_per_hour)} USD/hour, {way.missing_vcpu_hours:,.2f} vCPU-hours missing{missed}"


def _lead_times(row: LeadTimeRow) -> dict[str, JsonValue]:
    return {
        "drawn_from": {"median_seconds": row.stated_median_seconds, "p95_seconds": row.stated_p95_seconds},
        "orders": row.orders,
        "first_planned": None if row.first_planned is None else row.first_planned.model_dump(mode="json"),
        "last_planned": None if row.last_planned is None else row.last_planned.model_dump(mode="json"),
    }


def _group(group: GroupRow) -> dict[str, JsonValue]:
    return {
        "planned": {"minimum": group.planned_minimum, "maximum": group.planned_maximum},
        "read_back": {"minimum": group.minimum, "maximum": group.maximum, "desired": group.desired},
        "agrees": group.agrees,
    }

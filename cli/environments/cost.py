"""`quantos cost`: what an environment costs a month, by layer and component."""

import json
from collections.abc import Mapping

import typer
from rich.table import Table

from cli.console import err, out, print_table
from cli.target import Target, open_target
from quantos.clock import utc_now
from quantos.costing.cost import MonthlyCost, StackCost
from quantos.costing.pricing import priced
from quantos.costing.state import resources_in
from quantos.deployment.adapters.layers import LayerStacks
from quantos.environment.names import LAYERS
from quantos.errors import StackMissingError
from quantos.policy.cost.limits import usage_of
from stacks.programs import declare


def cost(environment: str, *, as_json: bool) -> None:
    """Print what the stacks that are up cost. Raises Exit(1) where something in them has no price."""
    target = open_target(environment)
    costs = _costs(target)
    if as_json:
        out.print(json.dumps({layer: _as_json(of) for layer, of in costs.items()}, indent=1), markup=False)
    else:
        _print(costs, target.settings.limits.usd_per_month)
    for layer, of in costs.items():
        for missing in of.unpriced:
            err.print(f"[red]no price[/] {layer}, {missing.component}: {missing.reason}; {missing.remedy}")
    if any(of.unpriced for of in costs.values()):
        raise typer.Exit(1)


def _costs(target: Target) -> dict[str, StackCost]:
    settings = target.settings
    stacks = LayerStacks(target.project_dir, target.variables, (), declare)
    usage, costs, today = usage_of(settings), dict[str, StackCost](), utc_now().date()
    for layer in LAYERS:
        try:
            exported = stacks.handle(settings.names().stack(layer), create=False).export_stack()
        except StackMissingError:
            err.print(f"{settings.names().stack(layer)}: not up", style="dim")
            continue
        declared = resources_in(exported.deployment or {})
        costs[layer] = priced(declared, target.catalog, usage=usage, region=settings.region, on=today)
    return costs


def _print(costs: Mapping[str, StackCost], budgets: Mapping[str, float]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("USD a month", no_wrap=True)
    table.add_column("component", no_wrap=True)
    for title in ("floor", "ceiling", "budget"):
        table.add_column(title, justify="right", no_wrap=True)
    for layer, of in costs.items():
        for component, monthly_cost in of.by_component().items():
            table.add_row(layer, component, *_cells(monthly_cost), "")
        table.add_row(layer, "", *_cells(of.usd_per_month), f"{budgets[layer]:,.0f}", style="bold", end_section=True)
    totals = [of.usd_per_month for of in costs.values()]
    whole = MonthlyCost(
        ceiling=sum(monthly_cost.ceiling for monthly_cost in totals),
        floor=sum(monthly_cost.floor for monthly_cost in totals),
    )
    table.add_row("all", "", *_cells(whole), "", style="bold")
    print_table(table)


def _cells(of: MonthlyCost) -> tuple[str, str]:
    return f"{of.floor:,.2f}", f"{of.ceiling:,.2f}"


def _as_json(of: StackCost) -> dict[str, object]:
    """Round to a hundredth of a cent: more digits are not in the prices."""
    return {
        "usd_per_month": {"floor": round(of.usd_per_month.floor, 4), "ceiling": round(of.usd_per_month.ceiling, 4)},
        "components": {
            name: {"floor": round(monthly_cost.floor, 4), "ceiling": round(monthly_cost.ceiling, 4)}
            for name, monthly_cost in of.by_component().items()
        },
        "lines": [
            {
                "urn": line.urn,
                "component": line.component,
                "what": line.what,
                "quantity": round(line.quantity, 4),
                "unit": line.unit,
                "floor_usd": round(line.usd_per_month_floor, 4),
                "ceiling_usd": round(line.usd_per_month, 4),
                "basis": line.basis,
            }
            for line in of.lines
        ],
        "unpriced": [{"urn": item.urn, "component": item.component, "reason": item.reason} for item in of.unpriced],
    }

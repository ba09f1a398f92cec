"""What a benchmark found, held against its budget, shown and kept."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from quantos.errors import SettingsError

ROOT = Path(__file__).resolve().parents[1]
BUDGETS = Path(__file__).with_name("budgets.yaml")
OUT = ROOT / "out" / "bench"


@dataclass(frozen=True)
class Budget:
    """The most a figure may be, in the figure's own unit, and why."""

    limit: float
    unit: str
    source: str


@dataclass(frozen=True)
class Figure:
    """One result. `samples` are the single runs it is the median of, in its own unit."""

    name: str
    value: float
    unit: str
    samples: tuple[float, ...] = ()


@dataclass(frozen=True)
class Report:
    """All figures of one benchmark, and the command that makes them again.

    `tables` are shown before the figures, the first row of each being its head; `details` are kept beside them.
    """

    benchmark: str
    command: str
    subject: str
    figures: tuple[Figure, ...]
    made_at: datetime
    tables: tuple[list[list[str]], ...] = ()
    details: object = None
    machine: str = field(
        default_factory=lambda: f"{platform.machine()}, {os.cpu_count()} CPUs, {platform.python_version()}"
    )


def median_figure(name: str, samples: Sequence[float], *, unit: str) -> Figure:
    """The median of some runs."""
    return Figure(name, statistics.median(samples), unit, tuple(round(sample, 4) for sample in samples))


def budgets_of(benchmark: str) -> dict[str, Budget]:
    """Budgets by figure. Raises SettingsError for a benchmark without any."""
    entries = yaml.safe_load(BUDGETS.read_text(encoding="utf-8")).get(benchmark)
    if not entries:
        raise SettingsError(f"{BUDGETS.name} has no budgets for {benchmark}", remedy="state them, with their source")
    return {
        name: Budget(float(entry["limit"]), str(entry["unit"]), str(entry["source"])) for name, entry in entries.items()
    }


def exceeded(report: Report) -> list[str]:
    """Budgets that a report does not keep, one sentence each; a budget without a figure is not kept."""
    values = {figure.name: figure.value for figure in report.figures}
    return [
        f"{name} is {values[name]:.3g}, its budget is {budget.limit:g}"
        if name in values
        else f"{name} was not measured"
        for name, budget in budgets_of(report.benchmark).items()
        if values.get(name, float("inf")) > budget.limit
    ]


def show(report: Report, console: Console) -> None:
    """Print the figures, their budgets, and the command."""
    budgets = budgets_of(report.benchmark)
    for rows in report.tables:
        shown = Table(box=None, pad_edge=False)
        for place, heading in enumerate(rows[0]):
            shown.add_column(heading, justify="right" if place else "left")
        for row in rows[1:]:
            shown.add_row(*row)
        console.print(shown)
        console.print()
    table = Table(title=f"{report.benchmark}: {report.subject}", title_justify="left", box=None, pad_edge=False)
    for heading, justify in (
        ("figure", "left"),
        ("value", "right"),
        ("unit", "left"),
        ("budget", "right"),
        ("", "left"),
    ):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for figure in report.figures:
        budget = budgets.get(figure.name)
        verdict = "" if budget is None else "[green]✓[/]" if figure.value <= budget.limit else "[red]✗ over[/]"
        table.add_row(
            figure.name, f"{figure.value:.4g}", figure.unit, "" if budget is None else f"{budget.limit:g}", verdict
        )
    console.print(table)
    console.print(f"{report.machine} · {report.command}", style="dim", markup=False)


def keep(report: Report, folder: Path = OUT) -> Path:
    """Write the report as JSON, with its budgets, and return where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{report.benchmark}.json"
    content = asdict(report) | {
        "made_at": report.made_at.isoformat(timespec="seconds"),
        "budgets": {name: asdict(budget) for name, budget in budgets_of(report.benchmark).items()},
        "exceeded": exceeded(report),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def now() -> datetime:
    """The present moment, aware."""
    return datetime.now(tz=UTC)

"""`quantos doctor`: what this machine has, what is missing, and how to get it."""

import typer
from rich.table import Table

from cli.console import err, out
from cli.places import ROOT
from cli.target import sandbox_asked
from sandbox import lifecycle
from sandbox.engine.doctor import diagnose

MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "missing": "[red]✗[/]"}


def doctor() -> None:
    """Print what was found and what is missing. Raises Exit(1) when something needed is missing."""
    err.print(f"target: this machine{', for the sandbox' if sandbox_asked() else ''}", style="dim")
    state_dir = lifecycle.default_state_dir(ROOT)
    findings = diagnose(plugin_path=str(state_dir / "bin"), backend=state_dir / "pulumi")
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        remedy = f"\n[dim]{finding.remedy}[/]" if finding.remedy and finding.status != "ok" else ""
        table.add_row(MARKS[finding.status], finding.name, f"{finding.detail}{remedy}")
    out.print(table)
    if any(finding.status == "missing" for finding in findings):
        raise typer.Exit(1)

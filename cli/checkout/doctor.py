"""`quantos doctor`: what this machine has, what is missing, and how to get it."""

import os
from collections.abc import Mapping

import typer
from rich.table import Table

from cli.console import err, out
from cli.places import ROOT
from cli.target import sandbox_asked
from sandbox import lifecycle
from sandbox.engine.doctor import Finding, diagnose
from sandbox.errors import SandboxError
from sandbox.lake.trino_files import MIN_JAVA, TRINO_VERSION, missing_tools

MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "missing": "[red]✗[/]"}


def doctor() -> None:
    """Print what was found and what is missing. Raises Exit(1) when something needed is missing."""
    err.print(f"target: this machine{', for the sandbox' if sandbox_asked() else ''}", style="dim")
    state_dir = lifecycle.default_state_dir(ROOT)
    diagnosis = diagnose(plugin_path=str(state_dir / "bin"), backend=state_dir / "pulumi")
    findings = (*diagnosis, trino_finding(os.environ))
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        remedy = f"\n[dim]{finding.remedy}[/]" if finding.remedy and finding.status != "ok" else ""
        table.add_row(MARKS[finding.status], finding.name, f"{finding.detail}{remedy}")
    out.print(table)
    if any(finding.status == "missing" for finding in findings):
        raise typer.Exit(1)


def trino_finding(environment: Mapping[str, str]) -> Finding:
    """Whether a real Trino can run here."""
    needs = f"Trino {TRINO_VERSION} needs Java {MIN_JAVA} or later, Maven (which fetches it once) and Postgres"
    try:
        missing = missing_tools(environment)
    except SandboxError as exc:
        return Finding(name="trino", status="warning", detail=f"{needs}; {exc.what}", remedy=exc.remedy)
    if not missing:
        return Finding(name="trino", status="ok", detail=f"{needs}: all of it is here")
    names = ", ".join(missing)
    return Finding(
        name="trino",
        status="warning",
        detail=f"{needs}; missing: {names}. Without it DuckDB takes its place, its SQL translated",
        remedy=f"Install {names} for `--trino`.",
    )

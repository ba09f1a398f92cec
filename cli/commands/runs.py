"""Commands on runs: clients of the HTTP API."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.arguments import EnvironmentName

Id = Annotated[str, typer.Argument(metavar="ID", help="The submission's id.")]
RunNumber = Annotated[
    int | None, typer.Option("--run", min=1, help="Which run under the id; the last where it is left out.")
]


def submit(
    environment: EnvironmentName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A DAG or a whole submission, in YAML or JSON.")],
    *,
    submission_id: Annotated[str, typer.Option("--id", help="The submission's id, unless FILE states it.")] = "",
    priority: Annotated[str, typer.Option(help="low, normal or high, in place of the DAG's.")] = "",
    pool: Annotated[str, typer.Option(help="The pool that nodes should run on.")] = "",
    max_cost_usd: Annotated[float | None, typer.Option(help="What the run may cost.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be accepted.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end. Exit code 1 unless it succeeds.")] = False,
) -> None:
    """Submit a DAG: where its nodes would run, what it holds and what it costs."""
    from cli.runs import submission as work

    stated = work.Stated(submission_id=submission_id, priority=priority, pool=pool, max_cost_usd=max_cost_usd)
    work.submit(environment, file, stated, dry_run=dry_run, wait=wait)


def submissions(
    environment: EnvironmentName,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many of the newest.")] = 20,
) -> None:
    """List your team's runs, the newest first."""
    from cli.runs import standing as work

    work.submissions(environment, limit=limit)


def status(
    environment: EnvironmentName,
    submission_id: Id,
    *,
    run: RunNumber = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end. Exit code 1 unless it succeeds.")] = False,
) -> None:
    """Show a run as it stands: its nodes, what they wait for, where they run and what they cost."""
    from cli.runs import standing as work

    work.status(environment, submission_id, run=run, wait=wait)


def logs(
    environment: EnvironmentName,
    submission_id: Id,
    *,
    node: Annotated[str, typer.Option("--node", help="The node; each that has begun where it is left out.")] = "",
    run: RunNumber = None,
    attempt: Annotated[int, typer.Option(min=0, help="Which attempt; the last where it is left out.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until the node has ended.")] = False,
) -> None:
    """Print what attempts of nodes wrote."""
    from cli.runs import reading as work

    work.logs(environment, submission_id, node, run=run, attempt=attempt, follow=follow)


def lineage(
    environment: EnvironmentName,
    submission_id: Id,
    *,
    run: RunNumber = None,
    picture: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="An SVG to write.")] = None,
) -> None:
    """Show what a run took and gave, by snapshots and hashes."""
    from cli.runs import reading as work

    work.lineage(environment, submission_id, run=run, picture=picture)


def cancel(environment: EnvironmentName, submission_id: Id) -> None:
    """Ask a run to end."""
    from cli.runs import standing as work

    work.change(environment, submission_id, "cancel")


def rerun(environment: EnvironmentName, submission_id: Id) -> None:
    """Begin the next run under an id whose last one ended without success."""
    from cli.runs import standing as work

    work.change(environment, submission_id, "rerun")


def approve_burst(environment: EnvironmentName, submission_id: Id) -> None:
    """Grant another person's waiting run what it misses, of the team's credit."""
    from cli.runs import standing as work

    work.change(environment, submission_id, "approve-burst")


def why(environment: EnvironmentName, submission_id: Id) -> None:
    """Say why a run does not go on, what would let it, and who holds what it misses."""
    from cli.runs import standing as work

    work.why(environment, submission_id)

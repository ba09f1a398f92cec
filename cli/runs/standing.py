"""`quantos status`, `submissions`, `why`, and what changes a run."""

import time
from collections.abc import Callable
from typing import Final, Literal

import typer
from rich.live import Live
from rich.table import Table

from cli.console import err, out, print_table, verbatim
from cli.runs.client import ApiClient, quoted
from cli.runs.connection import connected
from quantos.contracts.dag.answers import AmountAnswer, ListAnswer, NodeAnswer, StatusAnswer, WhyAnswer
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.submission.why import said

POLL_SECONDS: Final = 0.5
LONGEST_IN_PIPES: Final = 100
"""Letters of what is told of where a node ran, where no terminal wraps it."""
ENDED: Final = frozenset({"succeeded", "failed", "cancelled", "expired"})


def status(environment: str, submission_id: str, *, run: int | None, wait: bool) -> None:
    """Print a run as it stands, or follow it. Raises Exit(1) where it was followed and did not succeed."""
    client = connected(environment)
    if wait:
        if follow(client, submission_id, run=run).state != "succeeded":
            raise typer.Exit(1)
        return
    _print(_status(client, submission_id, run=run))


def submissions(environment: str, *, limit: int) -> None:
    """Print the team's newest runs."""
    answer = connected(environment).get("/api/orch/submissions", ListAnswer, limit=limit)
    table = Table("submission", "run", "pipeline", "state", "submitted", "by", box=None)
    for each in answer.runs:
        submitted = f"{each.submitted_at:%Y-%m-%d %H:%M:%S}"
        row = (each.submission_id, str(each.run), each.pipeline_id, each.state, submitted, each.submitted_by)
        table.add_row(*row)
    print_table(table)


def change(environment: str, submission_id: str, what: Literal["cancel", "rerun", "approve-burst"]) -> None:
    """Ask for a change of a run, and print how it stands then."""
    client = connected(environment)
    answer = client.post(f"/api/orch/{what}/{quoted(submission_id)}", StatusAnswer)
    _print(answer)
    if what == "cancel" and answer.state in ENDED - {"cancelled"}:
        err.print(f"it had {answer.state} before, and stays as it is", style="dim")


def why(environment: str, submission_id: str) -> None:
    """Print why a run does not go on."""
    answer = connected(environment).get(f"/api/orch/why/{quoted(submission_id)}", WhyAnswer)
    out.print(verbatim(f"{answer.submission_id} run {answer.run}, {answer.state}: {answer.sentence}"))
    if answer.state == "waiting":
        out.print(f"today's room: {amount_text(answer.room)}; credit: {amount_text(answer.credit)}", markup=False)
        for holder in answer.holders:
            out.print(f"  held by {holder}", markup=False)


def follow(client: ApiClient, submission_id: str, *, run: int | None) -> StatusAnswer:
    """Show a run until it has ended, and return how."""
    if err.is_terminal:
        with Live(console=err, refresh_per_second=4, transient=True) as live:
            answer = _until_ended(client, submission_id, run=run, show=lambda each: live.update(_table(each)))
    else:
        said_states: dict[str, str] = {}
        answer = _until_ended(client, submission_id, run=run, show=lambda each: _say_changes(each, said_states))
    _print(answer)
    return answer


def usd(value: float) -> str:
    """Dollars, as many digits as tell something."""
    return f"{value:.2f}" if value >= 1 else f"{value:.4f}"


def amount_text(amount: AmountAnswer) -> str:
    """An amount for people."""
    return said(Amount(cpu_ms=amount.cpu_ms, gpu_ms=amount.gpu_ms, io_bytes=amount.io_bytes))


def _status(client: ApiClient, submission_id: str, *, run: int | None) -> StatusAnswer:
    return client.get(f"/api/orch/status/{quoted(submission_id)}", StatusAnswer, run=run)


def _until_ended(
    client: ApiClient, submission_id: str, *, run: int | None, show: Callable[[StatusAnswer], None]
) -> StatusAnswer:
    while True:
        answer = _status(client, submission_id, run=run)
        show(answer)
        if answer.state in ENDED:
            return answer
        time.sleep(POLL_SECONDS)


def _say_changes(answer: StatusAnswer, before: dict[str, str]) -> None:
    """A line for each node whose state is another than before."""
    for node in answer.nodes:
        now = _state(node)
        if before.get(node.id) != now:
            before[node.id] = now
            err.print(f"  {node.id}: {now}", markup=False)


def _print(answer: StatusAnswer) -> None:
    print_table(_table(answer, longest=None if out.is_terminal else LONGEST_IN_PIPES))
    ended = "" if answer.ended_at is None else f", ended {answer.ended_at:%H:%M:%S}"
    cleared = "" if answer.cleared_at is None else f", cleared {answer.cleared_at:%Y-%m-%d}"
    out.print(
        f"{answer.submission_id} run {answer.run}: {answer.state}{ended}{cleared}; ran {answer.ran_seconds:.1f} s, cost"
        f" {usd(answer.spent_usd)} of {usd(answer.expected_usd)} USD expected; used {amount_text(answer.used)}",
        markup=False,
    )


def _table(answer: StatusAnswer, *, longest: int | None = None) -> Table:
    table = Table("node", "kind", "state", "attempt", "pool", "USD", "ran on", box=None)
    for node in answer.nodes:
        evidence = verbatim(node.evidence or node.detail)
        if longest is not None:
            evidence.truncate(longest, overflow="ellipsis")
        pool = node.pool or ""
        table.add_row(node.id, node.kind, _state(node), str(node.attempt), pool, usd(node.spent_usd), evidence)
    return table


def _state(node: NodeAnswer) -> str:
    waits = f"waits: {node.reason}" if node.reason else node.state
    failures = f" after {', '.join(node.failures)}" if node.failures else ""
    return f"{waits}{failures}"

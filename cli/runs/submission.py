"""`quantos submit`."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer
import yaml
from rich.table import Table

from cli.console import out, print_table
from cli.runs.client import ApiClient
from cli.runs.connection import connected
from cli.runs.standing import amount_text, follow, usd
from quantos.contracts.dag.answers import SubmitAnswer
from quantos.documents.settings_file import refusal
from quantos.documents.yaml_document import read_yaml
from quantos.errors import SettingsError
from quantos.orchestration.spec.reading import read_dag

_REMEDY: Final = "correct the lines above; nothing was submitted"


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What the command line states beside the file; empty where it does not."""

    submission_id: str
    priority: str
    pool: str
    max_cost_usd: float | None


@dataclass(frozen=True, kw_only=True)
class _Request:
    """What is sent; `as_written` where its lines are those of the file."""

    body: bytes
    as_written: bool


def submit(environment: str, file: Path, stated: Stated, *, dry_run: bool, wait: bool) -> None:
    """Submit a file, print what was accepted, and follow it where asked to."""
    request = _request(environment, file, stated)
    client = connected(environment)
    query = {"dry_run": "true"} if dry_run else None
    answer = client.post(
        "/api/orch/submit", SubmitAnswer, body=request.body, query=query, as_written=request.as_written
    )
    _print(answer)
    if wait and not dry_run:
        _follow(client, answer)


def _follow(client: ApiClient, answer: SubmitAnswer) -> None:
    if follow(client, answer.submission_id, run=answer.run).state != "succeeded":
        raise typer.Exit(1)


def _request(environment: str, file: Path, stated: Stated) -> _Request:
    """The submission in a file, or around the DAG in it; a text that is neither goes as it is, and is told of there.

    Raises:
        SettingsError: the file would have to be written anew, and not all of it says what it seems to.
    """
    content, shown = _read(file), "standard input" if str(file) == "-" else str(file)
    try:
        document = read_yaml(content.decode())
    except UnicodeDecodeError:
        return _Request(body=content, as_written=True)
    value, given = document.value, _given(stated)
    if not isinstance(value, dict) or ("dag" in value and not given):
        return _Request(body=content, as_written=True)
    if "dag" in value:
        if document.faults:
            raise refusal(shown, document.faults, remedy=_REMEDY)
        params = value.get("params")
        return _anew({**value, "params": {**(params if isinstance(params, dict) else {}), **given}})
    if not stated.submission_id:
        raise SettingsError(f"{shown} is a DAG, and has no id of its own", remedy="name the submission: --id nightly-1")
    read_dag(content, shown=shown)
    return _anew({"dag": value, "params": {"env": environment, **given}})


def _given(stated: Stated) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if stated.priority:
        given["priority"] = stated.priority
    if stated.pool:
        given["affinity"] = {"compute_pool": stated.pool}
    if stated.max_cost_usd is not None:
        given["max_cost_usd"] = stated.max_cost_usd
    if stated.submission_id:
        given["submission_id"] = stated.submission_id
    return given


def _anew(document: Mapping[Any, Any]) -> _Request:
    body = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True).encode()
    return _Request(body=body, as_written=False)


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as exc:
        raise SettingsError(f"{file} cannot be read: {exc.strerror}", remedy="name a file with a DAG in it") from exc


def _print(answer: SubmitAnswer) -> None:
    table = Table("node", "pool", "USD", "because", "otherwise", box=None)
    for route in answer.routing:
        other = "" if route.other is None else f"{route.other.pool}: {usd(route.other.expected_usd)}"
        table.add_row(route.node, route.chosen.pool, usd(route.chosen.expected_usd), route.reason, other)
    print_table(table)
    if answer.hold.state == "none":
        known = f"{answer.submission_id} run {answer.run} was submitted before and has ended; nothing is run again"
        out.print(f"{known}. `quantos status` tells how it ended.", markup=False)
        return
    verb = "would be accepted" if answer.dry_run else "accepted"
    held = amount_text(answer.hold.amount)
    holds = f"holds {held}" if answer.hold.state == "held" else f"waits for {answer.hold.reason}: it needs {held}"
    out.print(
        f"{answer.submission_id} run {answer.run} {verb}: {answer.job_class}, priority {answer.priority}, {holds},"
        f" at most {usd(answer.expected_usd)} USD expected",
        markup=False,
    )
    for table_name, snapshot in answer.snapshots.items():
        out.print(f"reads {table_name} as of snapshot {snapshot}", markup=False)

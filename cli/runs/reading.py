"""`quantos logs` and `lineage`."""

import time
from pathlib import Path
from typing import Final

from cli.console import err, out, verbatim
from cli.runs.client import ApiClient, quoted
from cli.runs.connection import connected
from quantos.contracts.dag.answers import LineageAnswer, LogsAnswer, StatusAnswer
from quantos.errors import SettingsError
from quantos.orchestration.lineage import drawing
from quantos.orchestration.lineage.view import lineage_in
from quantos.orchestration.spec.drawing import svg

POLL_SECONDS: Final = 1.0


def logs(environment: str, submission_id: str, node: str, *, run: int | None, attempt: int, follow: bool) -> None:
    """Print a node's log as far as it is archived, or to its end; those of all that have begun where none is named."""
    client = connected(environment)
    if node:
        _log(client, submission_id, node, run=run, attempt=attempt, follow=follow)
        return
    if attempt:
        raise SettingsError("an attempt is one of a node", remedy="name the node: --node NODE")
    answer = client.get(f"/api/orch/status/{quoted(submission_id)}", StatusAnswer, run=run)
    begun = [each.id for each in answer.nodes if each.attempt]
    if not begun:
        err.print("no node has begun", style="dim")
    for each in begun:
        err.print(f"{each}:", style="bold", markup=False)
        _log(client, submission_id, each, run=answer.run, attempt=0, follow=follow)


def _log(client: ApiClient, submission_id: str, node: str, *, run: int | None, attempt: int, follow: bool) -> None:
    cursor: str | None = None
    wrote = False
    while True:
        page = client.get(
            f"/api/orch/logs/{quoted(submission_id)}",
            LogsAnswer,
            node=node,
            run=run,
            attempt=attempt or None,
            cursor=cursor,
        )
        for line in page.lines:
            out.print(verbatim(line))
        wrote = wrote or bool(page.lines)
        cursor, attempt = page.cursor, page.attempt
        if page.state in {"ended", "tried again"}:
            if not wrote:
                err.print("it wrote nothing", style="dim")
            return
        if page.state != "more":
            if not follow:
                err.print(f"so far: {page.state}", style="dim")
                return
            time.sleep(POLL_SECONDS)


def lineage(environment: str, submission_id: str, *, run: int | None, picture: Path | None) -> None:
    """Print what a run took and gave, or draw it."""
    answer = connected(environment).get(f"/api/orch/lineage/{quoted(submission_id)}", LineageAnswer, run=run)
    shown = lineage_in(answer)
    if picture is None:
        for line in drawing.lines(shown):
            out.print(verbatim(line))
        return
    try:
        picture.write_text(svg(drawing.picture_of(shown)), encoding="utf-8")
    except OSError as exc:
        raise SettingsError(f"{picture} cannot be written: {exc.strerror or exc}", remedy="name another file") from exc
    out.print(f"{picture}", markup=False)

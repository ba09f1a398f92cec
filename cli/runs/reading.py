"""`quantos logs` and `lineage`."""

import time
from pathlib import Path
from typing import Final

from cli.console import err, out, verbatim
from cli.runs.client import quoted
from cli.runs.connection import connected
from quantos.contracts.dag.answers import LineageAnswer, LogsAnswer
from quantos.errors import SettingsError
from quantos.orchestration.lineage import drawing
from quantos.orchestration.lineage.view import lineage_in
from quantos.orchestration.spec.drawing import svg

POLL_SECONDS: Final = 1.0


def logs(environment: str, submission_id: str, node: str, *, run: int | None, attempt: int, follow: bool) -> None:
    """Print a log as far as it is archived, or to its end."""
    client = connected(environment)
    cursor: str | None = None
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
        cursor, attempt = page.cursor, page.attempt
        if page.state in {"ended", "tried again"}:
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

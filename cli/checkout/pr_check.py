"""`quantos pr-check`: what a change would do to every environment, and whether the rules let it."""

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import typer

from cli.console import err, out
from cli.places import ROOT
from quantos.pull_request.document import document
from quantos.pull_request.markdown import comment, refused_by
from quantos.pull_request.model import PullRequestFinding
from quantos.pull_request.sarif import sarif
from quantos.pull_request.verdict import passes
from sandbox.engine.display import shown_progress
from sandbox.engine.locate import find_engine
from sandbox.pull_request.check import PullRequestCheck
from sandbox.pull_request.protocol import EnvironmentMessage
from sandbox.pull_request.revisions import base_of, head_of

OPERATIONS = {"base": "up of the base", "preview": "preview of the head", "up": "up of the head"}


def pr_check(environments: Sequence[str], *, base: str | None, head: str | None, folder: Path) -> None:
    """Judge `head` against `base` and write the report to `folder`. Raises Exit(1) where it is refused or unjudged."""
    signal.signal(signal.SIGTERM, _interrupted)
    tip = head_of(ROOT, asked=head)
    start = base_of(ROOT, tip, asked=base)
    err.print(f"head: {tip.label} at {tip.commit[:9]}, {tip.uncommitted_files} uncommitted files", style="dim")
    err.print(f"base: {start.label}, {start.commit[:9]}", style="dim")
    with shown_progress(err) as progress:
        engine = find_engine(progress=progress)
    finding = PullRequestCheck(
        root=ROOT,
        base=start,
        head=tip,
        head_extracted=head is not None,
        environments=environments,
        engine_bin_dir=engine.bin_dir,
        side_by_side=max(1, os.cpu_count() or 1),
        tell=_say,
    ).run()
    written = _write(finding, folder)
    out.print(comment(finding), markup=False)
    err.print(f"written: {', '.join(str(path) for path in written)}", style="dim")
    if not passes(finding):
        err.print(f"[red]refused[/]: {refused_by(finding)}")
        raise typer.Exit(1)


def _say(message: EnvironmentMessage) -> None:
    if message.operation is None:
        return
    what = f"{message.environment}-{message.layer}: {OPERATIONS[message.operation]}"
    if message.seconds is None:
        err.print(f"  {what}, {message.done} resources", style="dim")
    else:
        err.print(f"[green]✓[/] {what} [dim]{message.seconds:.1f} s[/]")


def _write(finding: PullRequestFinding, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "comment.md": comment(finding),
        "report.json": document(finding),
        "report.sarif": json.dumps(sarif(finding, page=_page), indent=1),
    }
    for name, text in texts.items():
        (folder / name).write_text(f"{text}\n", encoding="utf-8")
    return [folder / name for name in texts]


def _page(path: str) -> str:
    """A page of the project: at the forge in its continuous integration, else here on disk."""
    server, repository = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    if server and repository:
        return f"{server}/{repository}/blob/{os.environ.get('GITHUB_SHA', 'HEAD')}/{path}"
    return (ROOT / path).as_uri()


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(130)

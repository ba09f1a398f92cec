"""Where the command line speaks: results on standard output, everything about the work on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from quantos.orchestration.execution.words import printable

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)
LINE_SECONDS = 5.0
TABLE_WIDTH = 1000
"""Wider than any: figures are never cut off, and a narrow terminal wraps."""


def print_table(table: Table) -> None:
    """Print a table as wide as it is."""
    Console(file=out.file, width=TABLE_WIDTH, highlight=False, soft_wrap=True).print(table, width=TABLE_WIDTH)


def verbatim(said: str) -> Text:
    """What a program said, letter by letter: no markup, no emoji, and nothing that a terminal acts upon."""
    return Text(printable(said))


class StepDisplay:
    """Shows one running step: what is happening, how far, how long so far."""

    def __init__(self, bars: Progress | None, title: str) -> None:
        self._bars = bars
        self._title = title
        self._task = None if bars is None else bars.add_task(title, total=None, at="")
        self._said = time.monotonic()

    def progress(self, detail: str, done: int, total: int = 0) -> None:
        """Say that `done` things are done, of `total` where that is known, and what the last was."""
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=done, total=total or None, at=detail)
        elif time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            err.print(f"  {self._title}: {done}{f' of {total}' if total else ''}, {detail}", markup=False)


@contextmanager
def step(title: str) -> Iterator[StepDisplay]:
    """A step with a live line on a terminal, else one every few seconds; one with its seconds when it has ended."""
    started = time.monotonic()
    if err.is_terminal:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[at]}"))
        with Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as bars:
            yield StepDisplay(bars, title)
    else:
        yield StepDisplay(None, title)
    err.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]")

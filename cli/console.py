"""Where the command line speaks: results on standard output, everything about the work on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class StepDisplay:
    """Shows one running step: what is happening, how far, how long so far."""

    def __init__(self, bars: Progress | None, title: str) -> None:
        self._bars = bars
        self._title = title
        self._task = None if bars is None else bars.add_task(title, total=None)

    def progress(self, detail: str, done: int) -> None:
        """Say that `done` things are done, the last being `detail`."""
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, description=f"{self._title}: {done} done, {detail}")


@contextmanager
def step(title: str) -> Iterator[StepDisplay]:
    """A step with a live line on a terminal, and one line with its seconds when it has ended."""
    started = time.monotonic()
    if err.is_terminal:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=err, transient=True) as bars:
            yield StepDisplay(bars, title)
    else:
        err.print(f"{title} …")
        yield StepDisplay(None, title)
    err.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]")

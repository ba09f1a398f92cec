"""Show how far the search for an engine is: a live bar on a terminal, a line every few seconds elsewhere."""

import contextlib
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from sandbox.engine.progress import EngineProgress, ProgressListener

LINE_INTERVAL_S: Final = 5.0


@contextlib.contextmanager
def shown_progress(console: Console) -> Iterator[ProgressListener]:
    """A listener for `find_engine` that draws on `console` while the block runs."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bars:
        task = bars.add_task("", total=None, count="")

        def draw(event: EngineProgress) -> None:
            bars.update(task, description=event.stage, count=count_text(event))
            bars.update(task, completed=event.done, total=event.total)

        yield draw


def count_text(event: EngineProgress) -> str:
    """`431/1684 packages`, or `12 modules` where the end is unknown, or nothing."""
    if event.total:
        return f"{event.done}/{event.total} {event.unit}"
    return f"{event.done} {event.unit}" if event.done else ""


class _Lines:
    """Prints each new stage at once and a running one every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stage = ""
        self._shown_s = 0.0

    def __call__(self, event: EngineProgress) -> None:
        if event.stage == self._stage and event.elapsed_s - self._shown_s < LINE_INTERVAL_S:
            return
        self._stage, self._shown_s = event.stage, event.elapsed_s
        parts = (f"{event.elapsed_s:5.0f} s", event.stage, count_text(event))
        self._console.print("  ".join(part for part in parts if part), markup=False, highlight=False, soft_wrap=True)

"""What a listener is told while an engine is being found."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True)
class EngineProgress:
    """One thing seen; the same `stage` is reported again as `done` grows.

    `total` is None where the end is not known; `elapsed_s` counts from the start of the whole search.
    """

    stage: str
    done: int = 0
    total: int | None = None
    unit: str = ""
    elapsed_s: float = 0.0


ProgressListener: TypeAlias = Callable[[EngineProgress], None]


def ignore_progress(_event: EngineProgress) -> None:
    """The listener for callers who show nothing."""


@dataclass(frozen=True)
class Reporter:
    """Stamps events with the time since it was made and hands them to the listener."""

    listener: ProgressListener = ignore_progress
    clock: Callable[[], float] = time.monotonic
    started_s: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started_s", self.clock())

    def report(self, stage: str, *, done: int = 0, total: int | None = None, unit: str = "") -> None:
        """Tell the listener that `stage` is at `done` of `total` units."""
        elapsed_s = self.clock() - self.started_s
        self.listener(EngineProgress(stage=stage, done=done, total=total, unit=unit, elapsed_s=elapsed_s))

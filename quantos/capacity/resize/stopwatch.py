"""Seconds spent in the named steps of a transaction."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from quantos.contracts.plan import StepTiming


@dataclass
class Stopwatch:
    """Collects step timings in order; a step that raises is timed too."""

    taken: list[StepTiming] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block as `name`."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.taken.append(StepTiming(step=name, seconds=round(time.monotonic() - started, 3)))

    def timings(self) -> tuple[StepTiming, ...]:
        """What was timed so far."""
        return tuple(self.taken)

"""The demand history as the domain sees it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from quantos.contracts.demand import DemandSample


class DemandHistory(Protocol):
    """Samples by (series, time, source). Adding is idempotent and commutative, also for conflicting values."""

    def add(self, samples: Sequence[DemandSample]) -> None:
        """Add samples. Raises TelemetryError when the store cannot take them; adding all again is safe."""
        ...

    def samples(
        self, series: Collection[str], *, start: datetime, end: datetime
    ) -> dict[str, tuple[DemandSample, ...]]:
        """Samples with start <= time < end of every series asked for.

        In order of (time, source); of conflicting values the greatest. Raises TelemetryError.
        """
        ...

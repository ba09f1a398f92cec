"""Signals of the last weeks, kept between decisions and aligned with demand when read."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from quantos.arrays import FloatArray
from quantos.contracts.demand import LONGEST_AHEAD, LONGEST_HOLD
from quantos.telemetry.bins import Grid
from quantos.telemetry.ports import SignalHistory
from quantos.telemetry.windows.refresh import ReadSpan, continues, read_again
from quantos.telemetry.windows.signals import SignalReadings, known_values

_READ_BEFORE_SECONDS: Final = int((LONGEST_AHEAD + LONGEST_HOLD).total_seconds())
"""How long before a window something may have become known that stands in it."""


@dataclass(frozen=True)
class _Kept:
    span: ReadSpan
    readings: SignalReadings


@dataclass
class SignalWindows:
    """Signals by bin, read through from the history, as `DemandWindows` reads demand.

    Errors of the history (TelemetryError) pass through.
    """

    history: SignalHistory
    _kept: dict[tuple[str, int], _Kept] = field(default_factory=dict)

    def read(self, signals: Collection[str], grid: Grid, *, ahead_seconds: int) -> dict[str, FloatArray]:
        """What counted at the end of each bin, as known then; NaN where nothing was. Shape (count,) each.

        `ahead_seconds` is how far demand is looked ahead: values known about times that near count too.
        """
        ends = grid.start + grid.bin_seconds * np.arange(1, grid.count + 1, dtype=np.float64)
        return {
            name: known_values(self._readings(name, grid), ends, ahead_seconds=ahead_seconds)
            for name in sorted(signals)
        }

    def _readings(self, signal: str, grid: Grid) -> SignalReadings:
        """All that became known from before the grid's first bin, as far as it matters there, to its end."""
        before = -(-_READ_BEFORE_SECONDS // grid.bin_seconds)
        whole = Grid(grid.start - before * grid.bin_seconds, grid.bin_seconds, before + grid.count)
        kept = self._kept.get((signal, grid.bin_seconds))
        if kept is not None and continues(kept.span, whole):
            readings = kept.readings.where(kept.readings.known_at >= whole.start)
            for start, end in read_again(kept.span, whole):
                readings = readings.where((readings.known_at < start) | (readings.known_at > end))
                readings += self._fetch(signal, start=start, end=end)
        else:
            readings = self._fetch(signal, start=whole.start, end=whole.end)
        if kept is None or whole.end >= kept.span.end:
            self._kept[signal, grid.bin_seconds] = _Kept(ReadSpan.of(whole), readings)
        return readings

    def _fetch(self, signal: str, *, start: int, end: int) -> SignalReadings:
        """What became known from `start` to `end`, epoch seconds, both included."""
        until = datetime.fromtimestamp(end, UTC) + timedelta(seconds=1)
        samples = self.history.became_known([signal], start=datetime.fromtimestamp(start, UTC), end=until)
        return SignalReadings.of(samples[signal])

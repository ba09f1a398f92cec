"""Bins, computed when read: samples on a regular grid, where unknown is NaN and closed is zero."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from quantos.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class Grid:
    """`count` bins of `bin_seconds` each; the first starts at `start` (epoch seconds), a multiple of `bin_seconds`.

    `bin_seconds` divides a day.
    """

    start: int
    bin_seconds: int
    count: int

    @property
    def end(self) -> int:
        """End of the last bin, epoch seconds."""
        return self.start + self.count * self.bin_seconds

    @property
    def starts_at(self) -> datetime:
        """Start of the first bin, aware."""
        return datetime.fromtimestamp(self.start, UTC)

    @property
    def ends_at(self) -> datetime:
        """End of the last bin, aware."""
        return datetime.fromtimestamp(self.end, UTC)


def floor_to_bin(moment: datetime, *, bin_seconds: int) -> int:
    """The last bin boundary at or before `moment`, epoch seconds."""
    return int(moment.timestamp()) // bin_seconds * bin_seconds


def demand_in_session(sums: FloatArray, *, opened: BoolArray) -> FloatArray:
    """Demand by bin: what was measured, zero where nothing was and the session is closed, NaN where it is open."""
    return np.where(np.isnan(sums) & ~opened, 0.0, sums)

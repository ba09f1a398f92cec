"""Which coming bins a decision answers for, given the lead time of an increase and the hold before a decrease."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from quantos.arrays import FloatArray
from quantos.errors import ForecastError


@dataclass(frozen=True, kw_only=True)
class Aim:
    """The bins `first_bins` to `last_bins` after the one just ended; the first bin after it is 1."""

    first_bins: int
    last_bins: int

    def __post_init__(self) -> None:
        if not 1 <= self.first_bins <= self.last_bins:
            raise ForecastError(
                f"an aim at bins {self.first_bins} to {self.last_bins} ahead is empty",
                remedy="aim at one bin ahead or more",
            )

    def peaks(self, values: FloatArray) -> FloatArray:
        """Greatest value within the aim of each origin, shape (n,) to (n,); NaN where any bin of it is not yet known.

        Origin i is the end of bin i.
        """
        count = len(values)
        peaks = np.full(count, np.nan)
        known = count - self.last_bins
        if known > 0:
            width = self.last_bins - self.first_bins + 1
            peaks[:known] = sliding_window_view(values[self.first_bins :], width).max(axis=1)[:known]
        return peaks


def aim_of(*, lead_bins: int, hold_bins: int) -> Aim:
    """What a raw requirement must aim at, so that with the hold every bin is answered for by the latest decision.

    A decision at the end of bin i is in force from bin i + 1 and, held, through bin i + 1 + hold; an increase is there
    a lead later. Bin j is therefore covered by one decision of the bins j - hold - 1 to j - lead - 1. Where the hold
    is as long as the lead, the latest of them knows most, and it aims at the one bin lead + 1 ahead: earlier decisions
    are held and need not be repeated. Where it is shorter no single decision covers a bin, and each must aim at all
    bins from hold + 1 to lead + 1 ahead, so that decisions take turns.
    """
    return Aim(first_bins=min(lead_bins, hold_bins) + 1, last_bins=lead_bins + 1)

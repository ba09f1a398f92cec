"""What had been seen at each of some consecutive origins: lags, and means and maxima over trailing windows.

Every figure at an origin is made of bins up to and including it. Its cost grows with the origins asked for and with the
window, not with the length of the history.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from quantos.arrays import FloatArray

KERNEL_HALF_LIVES = 5


@dataclass(frozen=True)
class Lookback:
    """Origins `first` to `end` - 1 of a series; origin i is the end of bin i.

    Before the first bin, the first value is taken to have stood always.

    Attributes:
        values: shape (n,), finite.
    """

    values: FloatArray
    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first

    def at(self, lag: int) -> FloatArray:
        """The value `lag` bins before each origin, shape (m,); lag 0 is the bin just ended."""
        return self.span(lag, 1)

    def mean(self, width: int, *, lag: int = 0) -> FloatArray:
        """Mean of the `width` bins up to `lag` before each origin, shape (m,)."""
        sums = np.cumsum(np.concatenate([[0.0], self.span(lag, width)]))
        return np.maximum(sums[width:] - sums[:-width], 0.0) / width

    def maximum(self, width: int, *, lag: int = 0) -> FloatArray:
        """Greatest of the `width` bins up to `lag` before each origin, shape (m,)."""
        best, span = self.span(lag, width), 1
        while 2 * span <= width:
            best = np.maximum(best[span:], best[:-span])
            span *= 2
        rest = width - span
        return np.maximum(best[rest:], best[: len(best) - rest]) if rest else best

    def faded(self, half_life: int) -> FloatArray:
        """Mean that forgets by half every `half_life` bins, shape (m,); bins beyond five half-lives do not count."""
        width = KERNEL_HALF_LIVES * half_life
        kernel = 0.5 ** (np.arange(width)[::-1] / half_life)
        return sliding_window_view(self.span(0, width), width) @ (kernel / kernel.sum())

    def steps(self) -> "Lookback":
        """The absolute changes from bin to bin, at the same origins."""
        return Lookback(np.abs(np.diff(self.values, prepend=self.values[:1])), self.first, self.end)

    @cached_property
    def origins(self) -> FloatArray:
        """Indices of the origins, shape (m,)."""
        return np.arange(self.first, self.end, dtype=np.float64)

    def span(self, lag: int, width: int) -> FloatArray:
        """The bins that windows of `width`, `lag` before each origin, are made of; shape (m + width - 1,)."""
        low, high = self.first - lag - width + 1, self.end - lag
        missing = min(max(-low, 0), high - low)
        span = self.values[max(low, 0) : max(high, 0)]
        return np.concatenate([np.full(missing, self.values[0]), span]) if missing else span

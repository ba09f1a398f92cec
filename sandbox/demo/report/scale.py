"""From figures and times to places on a chart."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_TICK_HOURS: Final = (1, 2, 3, 4, 6, 12, 24, 48, 168)


@dataclass(frozen=True, kw_only=True)
class Plot:
    """The rectangle of a chart that data is drawn in, in SVG units, and what its edges mean.

    `start` and `end` are at the left and right edge; 0 vCPU at the bottom and `top_vcpu` at the top.
    """

    left: float
    right: float
    top: float
    bottom: float
    start: datetime
    end: datetime
    top_vcpu: float

    def x(self, time: datetime) -> float:
        """Place of a time from the left, held within the plot."""
        share = (time - self.start) / (self.end - self.start)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def y(self, vcpu: float) -> float:
        """Place of an amount from the top."""
        return self.bottom - vcpu / self.top_vcpu * (self.bottom - self.top)

    def ticks(self, *, apart: float) -> Iterator[datetime]:
        """Round hours of the day, at least `apart` units from each other."""
        hours = (self.end - self.start) / timedelta(hours=1)
        room = max((self.right - self.left) / apart, 1.0)
        step = timedelta(hours=next((choice for choice in _TICK_HOURS if hours / choice <= room), _TICK_HOURS[-1]))
        tick = self.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        while tick <= self.end:
            if tick >= self.start:
                yield tick
            tick += step


def round_steps(largest: float, *, at_most: int) -> list[float]:
    """Round values from zero to one not below `largest`, evenly apart, `at_most` steps."""
    if largest <= 0:
        return [0.0, 1.0]
    raw = largest / at_most
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9))
    return [index * step for index in range(math.ceil(largest / step - 1e-9) + 1)]

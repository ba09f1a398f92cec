"""Which parts of a window kept between decisions are read again, so that late samples are found."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Self

from quantos.telemetry.bins import Grid

TAIL_SECONDS: Final = 2 * 3600
"""Samples up to this old are read again at every decision."""

REREAD_PARTS: Final = 24
"""Whenever the window has moved on by an hour, one of this many parts of it is read again."""

_HOUR_SECONDS: Final = 3600


@dataclass(frozen=True)
class ReadSpan:
    """From `start` to `end`, epoch seconds, as read in `hour` of the clock that decisions run on."""

    start: int
    end: int
    hour: int

    @classmethod
    def of(cls, grid: Grid) -> Self:
        """The span of a grid that is read now."""
        return cls(start=grid.start, end=grid.end, hour=grid.end // _HOUR_SECONDS)


def continues(kept: ReadSpan, grid: Grid) -> bool:
    """Whether `grid` starts inside what is kept and moves on by less than the parts would be read again in."""
    moved_seconds = grid.end - kept.end
    return kept.start <= grid.start < kept.end and 0 <= moved_seconds < REREAD_PARTS * _HOUR_SECONDS


def read_again(kept: ReadSpan, grid: Grid) -> Iterator[tuple[int, int]]:
    """Spans of `grid` to read beside what is kept, epoch seconds; they may overlap.

    What comes less than `TAIL_SECONDS` late is so in the next decision; what comes later, within `REREAD_PARTS` hours
    of the clock that decisions run on.
    """
    yield min(kept.end, grid.end) - TAIL_SECONDS, grid.end
    for hour in range(kept.hour + 1, grid.end // _HOUR_SECONDS + 1):
        yield from _part(grid, hour=hour)


def _part(grid: Grid, *, hour: int) -> Iterator[tuple[int, int]]:
    """Spans to read again in an hour, epoch seconds.

    Time is cut into spans that do not move with the window; of any `REREAD_PARTS` in a row one has its turn.
    """
    hours = -(-grid.count * grid.bin_seconds // (REREAD_PARTS * _HOUR_SECONDS))
    length = hours * _HOUR_SECONDS
    for index in range(grid.start // length, -(-grid.end // length)):
        if index % REREAD_PARTS == hour % REREAD_PARTS:
            yield max(index * length, grid.start), min((index + 1) * length, grid.end)


def joined_hours(hours: Collection[int]) -> Iterator[tuple[int, int]]:
    """Spans of hours, each given by its start in epoch seconds; those that follow one another in one."""
    begins = [hour for hour in hours if hour - _HOUR_SECONDS not in hours]
    ends = [hour + _HOUR_SECONDS for hour in hours if hour + _HOUR_SECONDS not in hours]
    yield from zip(sorted(begins), sorted(ends), strict=True)

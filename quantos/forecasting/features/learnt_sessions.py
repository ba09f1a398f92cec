"""When there can be demand: known from a calendar, or learnt from stretches of zeros at the same time of day."""

from typing import Final

import numpy as np

from quantos.arrays import BoolArray, FloatArray

LOOKED_BACK_DAYS: Final = 14
"""Longer than any exchange stays closed, and two weeks of one that opens once a week."""

_CLOSED_SHARE: Final = 0.1
_LEAST_RUN_SECONDS: Final = 3600


def has_sessions(values: FloatArray, *, bin_seconds: int) -> bool:
    """Whether zeros make up a good part of a series, in stretches of an hour and more on average."""
    idle = values <= 0
    runs = int(np.count_nonzero(np.diff(idle.astype(np.int8), prepend=0) == 1))
    return bool(idle.mean() >= _CLOSED_SHARE and idle.sum() * bin_seconds >= _LEAST_RUN_SECONDS * max(runs, 1))


def learnt_sessions(values: FloatArray, *, ahead: int, day_bins: int, clock_bin: int) -> BoolArray:
    """Which bins should be open, judged by earlier days only, shape (n + ahead,); `ahead` is a day at most.

    A bin should be open if there was demand at its time on the last day that had any, and on its weekday in either of
    the last two weeks (while there are as many). What a calendar would know, a holiday or a change of the clock, is
    learnt a day late.
    """
    count = len(values) + ahead
    lead_in = clock_bin % day_bins
    days = -(-(lead_in + count) // day_bins)
    grid = np.zeros(days * day_bins)
    grid[lead_in : lead_in + len(values)] = values
    busy = grid.reshape(days, day_bins) > 0
    traded: list[bool] = [bool(day.any()) for day in busy]
    opened = np.zeros((days, day_bins), dtype=np.bool_)
    last = np.ones(day_bins, dtype=np.bool_)
    for day in range(days):
        weeks = [day - 7 * week for week in (1, 2) if day >= 7 * week]
        opened[day] = last if not weeks or any(traded[earlier] for earlier in weeks) else False
        if traded[day]:
            last = busy[day]
    return opened.reshape(-1)[lead_in : lead_in + count]


def session_reference(values: FloatArray, opened: BoolArray, *, day_bins: int) -> FloatArray:
    """Demand at the same time on the last day that was open then, shape of `opened`; zero where closed.

    `opened` reaches further than `values`, by a day at most.
    """
    count = len(opened)
    reference = np.zeros(count)
    missing = opened.copy()
    for day in range(1, LOOKED_BACK_DAYS + 1):
        lag = day * day_bins
        if lag >= count:
            break
        before = values[: count - lag]
        usable = np.flatnonzero(missing[lag : lag + len(before)] & opened[: len(before)])
        reference[lag + usable] = before[usable]
        missing[lag + usable] = False
    return reference

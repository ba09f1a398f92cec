"""Which bins a session is open in."""

from datetime import UTC, datetime
from functools import lru_cache

import numpy as np

from quantos.arrays import BoolArray
from quantos.contracts.strategy import ExchangeSession, Session
from quantos.telemetry.bins import Grid
from quantos.telemetry.sessions.exchange_hours import exchange_open_bins
from quantos.units import DAY_SECONDS


def open_bins(session: Session | ExchangeSession | None, grid: Grid) -> BoolArray:
    """Which bins have any part in the session, shape (count,); all of them when there is no session."""
    if session is None:
        return np.ones(grid.count, dtype=np.bool_)
    if isinstance(session, ExchangeSession):
        return exchange_open_bins(session, grid)
    first_day, last_day = grid.start // DAY_SECONDS, max(grid.end - 1, grid.start) // DAY_SECONDS
    days = [_open_bins_of_day(session, day, bin_seconds=grid.bin_seconds) for day in range(first_day, last_day + 1)]
    offset = (grid.start - first_day * DAY_SECONDS) // grid.bin_seconds
    return np.concatenate(days)[offset : offset + grid.count]


@lru_cache(maxsize=4096)
def _open_bins_of_day(session: Session, day: int, *, bin_seconds: int) -> BoolArray:
    starts = range(day * DAY_SECONDS, (day + 1) * DAY_SECONDS, bin_seconds)
    opened = np.fromiter(
        (session.is_open(datetime.fromtimestamp(start, UTC), bin_seconds=bin_seconds) for start in starts),
        dtype=np.bool_,
        count=len(starts),
    )
    opened.setflags(write=False)
    return opened

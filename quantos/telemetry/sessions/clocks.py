"""How far the clock that a session goes by is ahead of UTC, bin by bin."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from quantos.contracts.strategy import ExchangeSession, Session
from quantos.telemetry.bins import Grid
from quantos.telemetry.sessions.exchange_hours import exchange_time_zone
from quantos.units import DAY_SECONDS

UNSTATED: Final = "UTC"


def clock_of(session: Session | ExchangeSession | None, grid: Grid) -> str:
    """The IANA time zone that a session goes by; UTC where there is none."""
    if session is None:
        return UNSTATED
    return exchange_time_zone(session, grid) if isinstance(session, ExchangeSession) else session.time_zone


def clock_offsets(time_zone: str, grid: Grid) -> NDArray[np.int64]:
    """Seconds that a clock is ahead of UTC at the start of each bin, shape (count,), to whole bins."""
    starts = grid.start + np.arange(grid.count, dtype=np.int64) * grid.bin_seconds
    days = starts // DAY_SECONDS
    offsets = np.zeros(grid.count, dtype=np.int64)
    for day in range(int(days[0]), int(days[-1]) + 1) if grid.count else ():
        mine = slice(*np.searchsorted(days, [day, day + 1]))
        begin, end = (_offset(time_zone, moment) for moment in (day * DAY_SECONDS, (day + 1) * DAY_SECONDS))
        offsets[mine] = begin if begin == end else [_offset(time_zone, int(start)) for start in starts[mine]]
    return offsets // grid.bin_seconds * grid.bin_seconds


@lru_cache(maxsize=65_536)
def _offset(time_zone: str, moment: int) -> int:
    offset = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(time_zone)).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0

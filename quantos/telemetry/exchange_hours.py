"""When an exchange is open, holidays, half days and changes of the clock included.

Source: the calendars of the package exchange-calendars, named by MIC (`XNYS`, `XLON`). Lunch breaks count as open.
"""

import functools
import warnings
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from quantos.contracts.strategy import ExchangeSession

if TYPE_CHECKING:
    from pandas import Series, Timestamp

    from quantos.telemetry.bins import BoolArray, Grid

_MARGIN: Final = timedelta(days=14)
"""Longer than any exchange stays closed."""


def exchange_open_bins(session: ExchangeSession, grid: "Grid") -> "BoolArray":
    """Which bins have any part in a session of the exchange, shape (count,)."""
    opens, closes = _hours(
        session.calendar,
        first=_month(grid.starts_at - _MARGIN),
        last=_month(grid.ends_at + _MARGIN + timedelta(days=31)),
    )
    opens, closes = opens - 60 * session.opens_early_minutes, closes + 60 * session.closes_late_minutes
    starts = grid.start + np.arange(grid.count) * grid.bin_seconds
    latest = np.searchsorted(opens, starts + grid.bin_seconds, side="left") - 1
    return (latest >= 0) & (closes[np.maximum(latest, 0)] > starts)


def _month(moment: datetime) -> date:
    """The first of its month, so that few calendars are made."""
    return moment.astimezone(UTC).date().replace(day=1)


@functools.lru_cache(maxsize=64)
def _hours(calendar: str, *, first: date, last: date) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Opening and closing of every session from `first` to `last`, epoch seconds."""
    from exchange_calendars import get_calendar  # noqa: PLC0415  brings pandas, half a second

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pandas, inside the package
        found = get_calendar(calendar, start=first.isoformat(), end=last.isoformat())
    return _epoch_seconds(found.opens), _epoch_seconds(found.closes)


def _epoch_seconds(times: "Series[Timestamp]") -> NDArray[np.int64]:
    return times.dt.tz_convert(None).to_numpy().astype("datetime64[s]").astype(np.int64)

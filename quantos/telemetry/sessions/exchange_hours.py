"""When an exchange is open, holidays, half days and changes of the clock included.

Source: the calendars of the package exchange-calendars, named by MIC (`XNYS`, `XLON`). Lunch breaks count as open.
"""

import functools
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from quantos.contracts.strategy import ExchangeSession
from quantos.errors import ForecastError

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar
    from pandas import Series, Timestamp

    from quantos.telemetry.bins import BoolArray, Grid

_MARGIN: Final = timedelta(days=14)
"""Longer than any exchange stays closed."""

_USUAL: Final = timedelta(days=56)
"""As many sessions, or days, tell on which days of the week and at which hours an exchange usually opens."""


def exchange_open_bins(session: ExchangeSession, grid: "Grid") -> "BoolArray":
    """Which bins have any part in a session of the exchange, shape (count,)."""
    hours = _hours_around(session.calendar, grid)
    opens, closes = hours.opens - 60 * session.opens_early_minutes, hours.closes + 60 * session.closes_late_minutes
    starts = grid.start + np.arange(grid.count) * grid.bin_seconds
    latest = np.searchsorted(opens, starts + grid.bin_seconds, side="left") - 1
    return (latest >= 0) & (closes[np.maximum(latest, 0)] > starts)


def exchange_time_zone(session: ExchangeSession, grid: "Grid") -> str:
    """The IANA time zone that the exchange's hours go by."""
    return _hours_around(session.calendar, grid).time_zone


def _month(moment: datetime) -> date:
    """The first of its month, so that few calendars are made."""
    return moment.astimezone(UTC).date().replace(day=1)


@dataclass(frozen=True)
class _Hours:
    """Opening and closing of sessions, epoch seconds; `recorded_until` is the last day whose holidays are known."""

    opens: NDArray[np.int64]
    closes: NDArray[np.int64]
    recorded_until: date | None
    time_zone: str


def recorded_until(session: ExchangeSession, grid: "Grid") -> date | None:
    """The last day of which the package knows whether the exchange is open, where the grid goes beyond it; else None.

    Raises:
        ForecastError: the package lists the calendar and cannot make it.
    """
    known = _hours_around(session.calendar, grid).recorded_until
    return known if known is not None and known < grid.ends_at.date() else None


def _hours_around(calendar: str, grid: "Grid") -> _Hours:
    first, last = _month(grid.starts_at - _MARGIN), _month(grid.ends_at + _MARGIN + timedelta(days=31))
    return _hours(calendar, first=first, last=last)


@functools.lru_cache(maxsize=64)
def _hours(calendar: str, *, first: date, last: date) -> _Hours:
    """Every session from `first` to `last`.

    Where the package records holidays to a certain day only, every later day of the week on which the exchange usually
    opens counts as a session at the usual hours: a holiday that is not known costs money, a missed session costs more.
    """
    made, bound = _calendar(calendar, first=first, last=last)
    opens, closes = _epoch_seconds(made.opens), _epoch_seconds(made.closes)
    if bound is None or bound >= last:
        return _Hours(opens, closes, bound, str(made.tz))
    assumed = [_as_usual(made, day) for day in _days(bound, last)]
    more = np.array([hours for hours in assumed if hours is not None], dtype=np.int64).reshape(-1, 2)
    return _Hours(np.concatenate([opens, more[:, 0]]), np.concatenate([closes, more[:, 1]]), bound, str(made.tz))


def _calendar(calendar: str, *, first: date, last: date) -> "tuple[ExchangeCalendar, date | None]":
    """The calendar of the days, as far as holidays are recorded, and to which day they are at most."""
    from exchange_calendars import get_calendar  # noqa: PLC0415  brings pandas, half a second
    from exchange_calendars.errors import CalendarError  # noqa: PLC0415  likewise

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of pandas, inside the package
            try:
                made = get_calendar(calendar, start=first.isoformat(), end=last.isoformat())
            except ValueError:
                kind = get_calendar(calendar)
                earliest, latest = (
                    None if limit is None else limit.date() for limit in (kind.bound_min(), kind.bound_max())
                )
                end = min(last, latest or last)
                start = max(min(first, end - _USUAL), earliest or first)
                made = get_calendar(calendar, start=start.isoformat(), end=end.isoformat())
    except (CalendarError, NotImplementedError, ValueError) as exc:
        raise ForecastError(
            f"exchange-calendars cannot make {calendar} from {first} to {last}: {str(exc) or type(exc).__name__}",
            remedy="state the session by its hours (time_zone, opens, closes), or by another exchange's calendar",
        ) from exc
    bound = made.bound_max()
    return made, None if bound is None else bound.date()


def _days(after: date, last: date) -> Iterator[date]:
    for count in range(1, (last - after).days + 1):
        yield after + timedelta(days=count)


def _as_usual(calendar: "ExchangeCalendar", day: date) -> tuple[int, int] | None:
    """The hours, epoch seconds, at which the exchange mostly opens on that day of the week; None where it does not."""
    weeks = calendar.schedule.iloc[-_USUAL.days :]
    hours = [
        (opens.tz_convert(calendar.tz), closes.tz_convert(calendar.tz))
        for opens, closes in zip(weeks["open"], weeks["close"], strict=True)
        if closes.tz_convert(calendar.tz).weekday() == day.weekday()
    ]
    if len(hours) < _USUAL.days // 14:
        return None
    (opens, closes), _ = Counter((opens.time(), closes.time()) for opens, closes in hours).most_common(1)[0]
    begin, end = (datetime.combine(day, moment, calendar.tz) for moment in (opens, closes))
    if opens >= closes:
        begin -= timedelta(days=1)
    return int(begin.timestamp()), int(end.timestamp())


def _epoch_seconds(times: "Series[Timestamp]") -> NDArray[np.int64]:
    return times.dt.tz_convert(None).to_numpy().astype("datetime64[s]").astype(np.int64)

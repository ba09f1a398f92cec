"""What is known beside demand: a market calendar, a time zone, and signals with the time at which each was known."""

import csv
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, ValidationError

from quantos.arrays import BoolArray, FloatArray
from quantos.backtest.trace import Trace
from quantos.errors import SettingsError
from quantos.forecasting.features.covariates import signal_columns
from quantos.telemetry.bins import Grid
from quantos.telemetry.sessions.clocks import clock_offsets
from quantos.telemetry.windows.signals import SignalReadings, known_values
from quantos.units import DAY_SECONDS

SUFFIX: Final = ".meta.json"


class Signal(BaseModel):
    """A column of the trace's file that is not demand.

    A value is known when its bin starts plus `known_after_seconds`, or at the time that column `known_at` tells. It
    stands for `holds_seconds` from its bin's start, without end where that is not stated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    known_after_seconds: NonNegativeFloat | None = None
    known_at: str | None = None
    holds_seconds: PositiveFloat | None = None


class Sidecar(BaseModel):
    """`TRACE.meta.json` beside `TRACE.csv`. `calendar` is one that exchange-calendars knows, such as XNYS."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calendar: str | None = None
    time_zone: str | None = None
    signals: tuple[Signal, ...] = Field(default=())


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a sidecar says about each bin of a trace.

    Attributes:
        covariates: by name, shape (n, k) each, what was known at the end of each bin.
        opened: shape (n + a day,), when there could be demand; None without a calendar.
        offsets: shape (n + a day,), seconds that the clock of its times of day is ahead of UTC; None goes by UTC.
    """

    covariates: Mapping[str, FloatArray]
    opened: BoolArray | None
    offsets: NDArray[np.int64] | None = None


def read_sidecar(trace_path: Path) -> Sidecar | None:
    """The sidecar of a trace, None where there is none. Raises SettingsError naming the field that is wrong."""
    path = trace_path.with_name(trace_path.stem + SUFFIX)
    if not path.exists():
        return None
    try:
        return Sidecar.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as exc:
        raise SettingsError(
            f"{path} is no sidecar: {exc}", remedy="see `quantos backtest --help` for its form"
        ) from exc


def known(trace: Trace, sidecar: Sidecar, *, path: Path, ahead_seconds: float) -> Known:
    """What a trace's sidecar says, bin by bin.

    Args:
        path: the trace's file, for its signals.
        ahead_seconds: how far demand is looked ahead: values known about times that near count too.

    Raises:
        SettingsError: the calendar, the time zone or a column does not exist.
    """
    ends = trace.first.timestamp() + trace.bin_seconds * np.arange(1, len(trace.values) + 1, dtype=np.float64)
    covariates = {
        signal.column: signal_columns(
            known_values(_readings(signal, path=path, bin_seconds=trace.bin_seconds), ends, ahead_seconds=ahead_seconds)
        )
        for signal in sidecar.signals
    }
    opened, clock = None, sidecar.time_zone
    if sidecar.calendar is not None:
        opened, stated = open_in_calendar(trace, sidecar.calendar)
        clock = clock or stated
    return Known(covariates=covariates, opened=opened, offsets=None if clock is None else _offsets(trace, clock))


def open_in_calendar(trace: Trace, name: str) -> tuple[BoolArray, str]:
    """Which bins have any part in a session of an exchange, half days and holidays included, a day past the end; and
    its time zone.
    """
    import exchange_calendars  # noqa: PLC0415  over a second to import

    count = len(trace.values) + round(DAY_SECONDS / trace.bin_seconds)
    first, last = trace.time(0), trace.time(count)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            calendar = exchange_calendars.get_calendar(
                name, start=_day(first - timedelta(days=7)), end=_day(last + timedelta(days=7))
            )
    except (exchange_calendars.errors.InvalidCalendarName, ValueError) as exc:
        raise SettingsError(
            f"no calendar {name!r} covers {first:%Y-%m-%d} to {last:%Y-%m-%d}: {exc}",
            remedy="name one of exchange-calendars, such as XNYS, or leave it out",
        ) from exc
    opened = np.zeros(count, dtype=np.bool_)
    for opens, closes in zip(calendar.schedule["open"], calendar.schedule["close"], strict=True):
        begin = (opens.to_pydatetime() - first).total_seconds() / trace.bin_seconds
        end = (closes.to_pydatetime() - first).total_seconds() / trace.bin_seconds
        opened[max(math.floor(begin), 0) : max(math.ceil(end), 0)] = True
    return opened, str(calendar.tz)


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def _offsets(trace: Trace, time_zone: str) -> NDArray[np.int64]:
    """Seconds that a clock is ahead of UTC at the start of each bin, to whole bins, a day past the end."""
    count = len(trace.values) + round(DAY_SECONDS / trace.bin_seconds)
    try:
        return clock_offsets(time_zone, Grid(int(trace.first.timestamp()), trace.bin_seconds, count))
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise SettingsError(f"there is no time zone {time_zone!r}", remedy="name one such as America/New_York") from exc


def _readings(signal: Signal, *, path: Path, bin_seconds: int) -> SignalReadings:
    """Every finite value; a bin's is known at its end unless the sidecar says otherwise."""
    after = bin_seconds if signal.known_after_seconds is None else signal.known_after_seconds
    holds = math.inf if signal.holds_seconds is None else signal.holds_seconds
    readings: list[tuple[float, float, float, float]] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                if row[signal.column].strip():
                    about = _moment(row["time"])
                    known_at = _moment(row[signal.known_at]) if signal.known_at else about + after
                    readings.append((about, known_at, about + holds, float(row[signal.column])))
    except (OSError, KeyError, ValueError, AttributeError) as exc:
        raise SettingsError(
            f"{path} has no signal {signal.column!r}: {exc!r}",
            remedy="name a column of numbers, and of times",
        ) from exc
    return SignalReadings.of_rows(row for row in readings if math.isfinite(row[3]))


def _moment(text: str) -> float:
    """Epoch seconds; UTC where the text names no zone."""
    moment = datetime.fromisoformat(text.strip())
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).timestamp()

"""Recorded demand: a `time,demand` file on an even grid of bins."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import numpy as np

from quantos.arrays import BoolArray, FloatArray
from quantos.contracts.demand import DemandSample
from quantos.environment.settings.decisions import SOURCE_RETIRED_AFTER_SECONDS
from quantos.errors import SettingsError
from quantos.telemetry.bins import Grid
from quantos.telemetry.completeness import Expectation, Heard, heard
from quantos.telemetry.sources import source_bins
from quantos.units import DAY_SECONDS

Gaps = Literal["zero", "hold"]

DEMAND: Final = "demand"
SOURCE: Final = "source"
STALE_AFTER_SECONDS: Final = 1800
"""As in the committed environments."""

MIN_BIN_SECONDS: Final = 60
MAX_BIN_SECONDS: Final = 3600
MAX_BINS: Final = 2_000_000
TRAINED_SHARE: Final = (2, 3)


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Demand of one series on the full even grid.

    Attributes:
        first: start of the first bin, aware.
        values: shape (n,), finite, none below zero.
        repaired: bins whose value was no demand (absent from a file with unknown gaps, empty, negative or not finite);
            they carry the last known value.
        complete: shape (n,), where no source was silent that others told without; None where sources are not known.
    """

    name: str
    first: datetime
    bin_seconds: int
    values: FloatArray
    repaired: int
    complete: BoolArray | None = None

    @property
    def tested_from(self) -> int:
        """Index of the first bin that is decided on: the first two thirds only train."""
        return len(self.values) * TRAINED_SHARE[0] // TRAINED_SHARE[1]

    def time(self, index: int) -> datetime:
        """Start of a bin."""
        return self.first + timedelta(seconds=index * self.bin_seconds)


def read_trace(path: Path, *, gaps: Gaps, column: str = DEMAND) -> Trace:
    """Read a trace.

    Args:
        path: CSV with the columns `time` (ISO 8601, start of the bin, UTC unless it says otherwise) and `column`. With
            a column `source`, one row a bin and source: what a silent one had is then held as in decisions
            (`telemetry.completeness`), a bin in which any is heard being an open one.
        gaps: what a bin without a row means: no demand, or unknown.

    Raises:
        SettingsError: no such file, or the times are not increasing on an even grid of 1 to 60 minutes.
    """
    by_source = _rows(path, column=column)
    rows = _summed(by_source)
    if len(rows) < 2:
        raise SettingsError(f"{path} has {len(rows)} rows of demand", remedy="give two bins at least")
    first = rows[0][0]
    offsets = np.array([(time - first).total_seconds() for time, _ in rows])
    bin_seconds = _bin_seconds(path, offsets)
    indices = np.rint(offsets / bin_seconds).astype(int)
    if indices[-1] >= MAX_BINS:
        raise SettingsError(f"{path} spans {indices[-1] + 1} bins", remedy=f"give {MAX_BINS} bins at most")
    grid = np.full(int(indices[-1]) + 1, 0.0 if gaps == "zero" else np.nan)
    grid[indices] = [value for _, value in rows]
    complete = None
    if any(source for _, source, _ in by_source):
        demand = _heard(by_source, first=first, bin_seconds=bin_seconds, count=len(grid))
        complete, known = demand.complete, np.isfinite(demand.values)
        grid[known] = demand.values[known]
    unknown = ~(np.isfinite(grid) & (grid >= 0))
    return Trace(
        name=path.stem,
        first=first,
        bin_seconds=bin_seconds,
        values=carried(np.where(unknown, np.nan, grid)),
        repaired=int(unknown.sum()),
        complete=complete,
    )


def carried(values: Sequence[float] | FloatArray) -> FloatArray:
    """Each unknown value (NaN) replaced by the last known one, by zero before any is known; shape (n,)."""
    given = np.asarray(values, dtype=np.float64)
    last = np.maximum.accumulate(np.where(np.isnan(given), -1, np.arange(len(given))))
    return np.where(last >= 0, given[np.maximum(last, 0)], 0.0)


def _summed(rows: Sequence[tuple[datetime, str, float]]) -> list[tuple[datetime, float]]:
    """What the sources of one time told together; a row without a source stands alone."""
    totals: list[tuple[datetime, float]] = []
    for time, source, value in rows:
        if source and totals and totals[-1][0] == time:
            known = [part for part in (totals[-1][1], value) if not math.isnan(part)]
            totals[-1] = (time, sum(known) if known else math.nan)
        else:
            totals.append((time, value))
    return totals


def _heard(rows: Sequence[tuple[datetime, str, float]], *, first: datetime, bin_seconds: int, count: int) -> Heard:
    """Demand with what is held for silent sources; a row that is no demand tells nothing."""
    samples = [
        DemandSample.model_construct(schema_version=1, series=DEMAND, time=time, source=source, value=value)
        for time, source, value in rows
        if math.isfinite(value) and value >= 0
    ]
    by_source = source_bins(samples, Grid(int(first.timestamp()), bin_seconds, count))
    return heard(
        by_source,
        Expectation(
            opened=np.isfinite(by_source.sums()),
            day_bins=max(DAY_SECONDS // bin_seconds, 1),
            stale_bins=-(-STALE_AFTER_SECONDS // bin_seconds),
            retired_bins=SOURCE_RETIRED_AFTER_SECONDS // bin_seconds,
        ),
    )


def _rows(path: Path, *, column: str) -> list[tuple[datetime, str, float]]:
    """Time, source and demand; the source is empty where the file has none."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [
                (_time(row["time"]), (row.get(SOURCE) or "").strip(), _demand(row[column]))
                for row in csv.DictReader(file)
            ]
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as exc:
        raise SettingsError(
            f"{path} is no trace: {exc!r}", remedy=f"give a CSV file with the columns time (ISO 8601) and {column}"
        ) from exc


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _demand(text: str) -> float:
    """A number; nothing at all is unknown."""
    return float(text) if text.strip() else math.nan


def _bin_seconds(path: Path, offsets: FloatArray) -> int:
    """The smallest step, which all times must be multiples of."""
    steps = np.diff(offsets)
    bin_seconds = float(steps.min())
    if bin_seconds <= 0:
        row = int(np.argmin(steps)) + 2
        raise SettingsError(
            f"{path}: the time in data row {row} is not after the one before it", remedy="sort the rows; one row a bin"
        )
    if not (MIN_BIN_SECONDS <= bin_seconds <= MAX_BIN_SECONDS and bin_seconds.is_integer()):
        raise SettingsError(
            f"{path} has bins of {bin_seconds:g} s", remedy="resample it to bins of 1 to 60 minutes, in whole seconds"
        )
    uneven = np.abs(offsets / bin_seconds - np.rint(offsets / bin_seconds)) > 1e-6
    if uneven.any():
        row = int(np.argmax(uneven)) + 1
        raise SettingsError(
            f"{path}: data row {row} is off the grid of {bin_seconds:g} s", remedy="resample it to an even grid"
        )
    return int(bin_seconds)

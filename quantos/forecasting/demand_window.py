"""Demand of one series up to an origin, and when there can be any."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from quantos.arrays import BoolArray, FloatArray
from quantos.errors import ForecastError
from quantos.forecasting.features.covariates import signal_columns
from quantos.forecasting.features.wall_time import Clocked, seen_from, together
from quantos.forecasting.series_model import Series
from quantos.units import DAY_SECONDS


@dataclass(frozen=True, kw_only=True)
class DemandWindow:
    """Demand up to an origin, and when there can be any.

    Attributes:
        values: shape (n,), vCPU; NaN is unknown, zero is known to be none. The last bin ends at the origin.
        opened: shape (n + horizon_bins,); whether there can be demand, the bins after the origin included.
        bin_seconds: 60 to 3600, divides a day.
        start: when the first bin starts, epoch seconds.
        signals: by name, shape (n,), what was known at the end of each bin; NaN is unknown.
        held: shape (n,), what is held where demand is not known whole, NaN elsewhere; None where nothing is held.
        parts: what is known and held, by the clock that its times of day go by; none goes by UTC.
    """

    values: FloatArray
    opened: BoolArray
    bin_seconds: int
    start: int = 0
    signals: Mapping[str, FloatArray] = field(default_factory=dict)
    held: FloatArray | None = None
    parts: tuple[Clocked, ...] = ()

    def __post_init__(self) -> None:
        if not 60 <= self.bin_seconds <= 3600 or DAY_SECONDS % self.bin_seconds:
            raise ForecastError(
                f"bins of {self.bin_seconds} s are neither between 60 s and 3600 s nor a divisor of a day",
                remedy="choose one of the bin sizes that DecisionSettings allows",
            )
        if not 1 <= self.horizon_bins <= self.day_bins:
            raise ForecastError(
                f"a horizon of {self.horizon_bins} bins of {self.bin_seconds} s is not between one bin and one day",
                remedy="let it end after the window, and within a day",
            )
        if wrong := sorted(name for name, signal in self.signals.items() if len(signal) != len(self.values)):
            raise ForecastError(
                f"{', '.join(wrong)}: not as many bins as demand has", remedy="align signals with demand before"
            )

    @property
    def horizon_bins(self) -> int:
        """Bins after the origin."""
        return len(self.opened) - len(self.values)

    @property
    def day_bins(self) -> int:
        """Bins in a day."""
        return DAY_SECONDS // self.bin_seconds

    @property
    def opens(self) -> bool:
        """Whether there can be demand within the horizon."""
        return bool(self.opened[len(self.values) :].any())

    def signal_days(self) -> dict[str, int]:
        """On how many UTC days each signal was known."""
        days = (self.start + np.arange(1, len(self.values) + 1) * self.bin_seconds - 1) // DAY_SECONDS
        return {name: len(np.unique(days[np.isfinite(values)])) for name, values in self.signals.items()}

    def signals_known(self, signals: Collection[str]) -> BoolArray:
        """Where all of these signals were known, shape (n,)."""
        known = np.ones(len(self.values), dtype=np.bool_)
        for name in signals:
            known &= np.isfinite(self.signals[name]) if name in self.signals else False
        return known

    def silence(self, signals: Collection[str]) -> dict[str, int | None]:
        """The signals that are unknown at the origin, and when each was last known: epoch seconds, None for never."""
        silence: dict[str, int | None] = {}
        for name in signals:
            known = np.flatnonzero(np.isfinite(self.signals.get(name, np.zeros(0))))
            if not len(known) or known[-1] < len(self.values) - 1:
                silence[name] = self.start + (int(known[-1]) + 1) * self.bin_seconds if len(known) else None
        return silence

    def series(self) -> Series:
        """From the first known bin on, an unknown one as what is held of it, else as the same time of an earlier day,
        else as the bin before.

        An outage so looks like an ordinary day and not like an idle one, and never like a flat line.

        Raises:
            ForecastError: no demand has ever been known.
        """
        known = np.isfinite(self.values) & (self.values >= 0)
        if not (known & self.opened[: len(known)]).any():
            raise ForecastError(
                "history too short: no demand has ever been known",
                remedy="nothing can be forecast until telemetry comes",
            )
        first = int(np.argmax(known))
        values = np.where(known, self.values, np.nan if self.held is None else self.held)[first:]
        return Series(
            values=filled(values, day_bins=self.day_bins),
            covariates={name: signal_columns(signal[first:]) for name, signal in sorted(self.signals.items())},
            start=self.start + first * self.bin_seconds,
            bin_seconds=self.bin_seconds,
            opened=self.opened[first:],
            parts=tuple(self._filled(part.since(first)) for part in self.parts),
            complete=None if self.held is None else ~np.isfinite(self.held[first:]) | known[first:],
        )

    def estimates(self) -> FloatArray:
        """Demand, and what is held where it is not known whole; NaN where neither is, shape (n,)."""
        return self.values if self.held is None else np.where(np.isfinite(self.values), self.values, self.held)

    def _filled(self, part: Clocked) -> Clocked:
        """The part with its unknown values filled; zero before any is known."""
        known = np.where(part.values >= 0, part.values, np.nan)
        return replace(part, values=np.nan_to_num(filled(known, day_bins=self.day_bins)))

    def course(self) -> FloatArray:
        """Expected demand over the horizon by its own maximum, 0 to 1; level where none is known, zero where closed."""
        values = self.values
        if self.parts and len(values):
            last = len(values) - 1
            values, _ = together([seen_from(part, last, bin_seconds=self.bin_seconds) for part in self.parts])
        opened = self.opened[len(self.values) :].astype(np.float64)
        ahead = np.arange(len(self.values), len(self.opened))
        lags = np.array([[day * self.day_bins] for day in range(1, 8)])
        before = ahead - lags
        earlier = np.where(before >= 0, values[np.maximum(before, 0)], np.nan) if len(values) else before * np.nan
        weights = np.isfinite(earlier)
        mean = np.nan_to_num(earlier).sum(axis=0) / np.maximum(weights.sum(axis=0), 1) * opened
        return mean / mean.max() if mean.max() > 0 else opened


def filled(values: FloatArray, *, day_bins: int) -> FloatArray:
    """Unknown values replaced by those a day before, filled likewise; on the first day by the last known one."""
    filled = values.copy()
    for begin in range(0, len(values), day_bins):
        part = filled[begin : begin + day_bins]
        unknown = np.isnan(part)
        if begin:
            part[unknown] = filled[begin - day_bins : begin - day_bins + len(part)][unknown]
        else:
            last = np.maximum.accumulate(np.where(unknown, 0, np.arange(len(part))))
            part[:] = part[last]
    return filled

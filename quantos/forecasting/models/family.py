"""The families of forecasts that compete, and what they are fitted on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quantos.arrays import FloatArray
from quantos.forecasting.features.origins import Frame

Parameters = Mapping[str, FloatArray]
"""Fitted numbers by name: all that a family needs to forecast again."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a family learns from.

    Attributes:
        frame: m origins.
        peaks: shape (m,), greatest demand within the aim of each origin, finite.
        weights: shape (m,), how much an origin counts; older ones less, and one whose peak is not known whole nothing.
        level: the quantile of demand that is paid for.
    """

    frame: Frame
    peaks: FloatArray
    weights: FloatArray
    level: float

    def rows(self, most: int) -> NDArray[np.intp]:
        """At most that many origins that count, the present the last of them, evenly thinned."""
        counted = np.flatnonzero(self.weights)
        stride = max(-(-len(counted) // most), 1)
        return counted[(len(counted) - 1) % stride :: stride]


class Family(Protocol):
    """One way to forecast, or several that are fitted together."""

    @property
    def names(self) -> tuple[str, ...]:
        """The candidates it speaks for."""
        ...

    def fit(self, sample: Sample) -> Parameters:
        """Learn. Raises ForecastError where this family cannot say anything about the series."""
        ...

    def targets(self, parameters: Parameters, frame: Frame) -> dict[str, FloatArray]:
        """By name, an upper forecast of the greatest demand within the aim of each origin, shape (m,)."""
        ...


def upper_residual(sample: Sample, points: FloatArray) -> FloatArray:
    """How far demand reaches above point forecasts by its own scale, at the sample's level; shape (1,)."""
    counted = sample.weights > 0
    residuals = ((sample.peaks - points) / sample.frame.scale)[counted]
    return np.array([np.quantile(residuals, sample.level)])


def greatest(forecasts: list[FloatArray]) -> FloatArray:
    """The greatest over the bins of the aim, shape (m,)."""
    return np.max(forecasts, axis=0)

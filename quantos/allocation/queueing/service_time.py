"""What was measured of one request's service, and the distribution that is taken for it."""

import math
import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, Self

import numpy as np
from scipy import special

from quantos.arrays import FloatArray
from quantos.errors import CapacityError

_ROUNDING: Final = 1e-12

Family = Literal["gamma", "lognormal", "pareto"]


@dataclass(frozen=True)
class MeasuredPercentile:
    """`milliseconds` that `percentile` per cent of requests were served within."""

    percentile: float
    milliseconds: float


@dataclass(frozen=True, kw_only=True)
class ServiceTime:
    """Service of one request on one server, waiting excluded.

    Attributes:
        cs2: variance over squared mean; 1 for exponential service times.
        percentiles: measured ones above the 50th, ascending; best the one of the service level, and a higher one,
            which tells rare and very long service from service that varies a lot all the time.

    Raises:
        CapacityError: a figure is not finite or out of range, or the percentiles do not ascend.
    """

    mean_ms: float
    cs2: float
    percentiles: tuple[MeasuredPercentile, ...] = ()

    def __post_init__(self) -> None:
        sound = 0 < self.mean_ms < math.inf and 0 <= self.cs2 < math.inf
        for measurement in self.percentiles:
            sound = sound and 50 < measurement.percentile < 100 and 0 < measurement.milliseconds < math.inf
        for lower, higher in pairwise(self.percentiles):
            sound = sound and lower.percentile < higher.percentile and lower.milliseconds <= higher.milliseconds
        if not sound:
            raise CapacityError(
                f"these cannot be measured service times: {self}",
                remedy="give mean and cs2, and percentiles above 50 in ascending order",
            )

    @property
    def pareto_index(self) -> float:
        """Index of the Pareto distribution with the measured mean and variance, above 2; infinite for a constant."""
        return 1 + math.sqrt(1 + 1 / self.cs2) if self.cs2 > 0 else math.inf

    @property
    def family(self) -> Family:
        """Whose percentiles, with the measured mean and variance, are nearest the measured; lognormal if none were.

        Nearest in the sum of squared differences of logarithms. With one percentile alone and moments of fewer than a
        million requests, every second sample of Pareto service is taken for another, since its variance is seldom
        measured whole; with the 99.9th beside it, few are.
        """
        if not self.percentiles or self.cs2 == 0:
            return "lognormal"
        levels = np.array([measurement.percentile / 100 for measurement in self.percentiles])
        measured = np.log([measurement.milliseconds for measurement in self.percentiles])
        lognormal, index = Lognormal.of_moments(self), self.pareto_index
        gamma_ms = self.mean_ms * self.cs2 * special.gammaincinv(1 / self.cs2, levels)
        logarithms: dict[Family, FloatArray] = {
            "pareto": math.log(self.mean_ms * (1 - 1 / index)) - np.log1p(-levels) / index,
            "lognormal": lognormal.mu + lognormal.sigma * special.ndtri(levels),
            "gamma": np.log(np.maximum(gamma_ms, sys.float_info.min)),
        }
        return min(logarithms, key=lambda family: float(((logarithms[family] - measured) ** 2).sum()))


@dataclass(frozen=True)
class Lognormal:
    """A lognormal distribution of milliseconds; a constant where `sigma` is 0."""

    mu: float
    sigma: float

    @classmethod
    def of_moments(cls, service: ServiceTime) -> Self:
        """The one with the measured mean and variance."""
        variance = math.log1p(service.cs2)
        return cls(math.log(service.mean_ms) - variance / 2, math.sqrt(variance))

    @classmethod
    def of_percentile(cls, measurement: MeasuredPercentile, *, mean_ms: float) -> Self:
        """The one with that mean and percentile, which must not be below the mean.

        Where none has both, since the percentile is far above the mean, the one with that percentile and the least
        mean.
        """
        deviate = float(special.ndtri(measurement.percentile / 100))
        spread = deviate**2 - 2 * math.log(measurement.milliseconds / mean_ms)
        sigma = deviate - math.sqrt(max(spread, 0.0))
        return cls(math.log(measurement.milliseconds) - deviate * sigma, sigma)

    def quantile_ms(self, level: float) -> float:
        """The time that a share `level` of requests stays within."""
        return math.exp(self.mu + self.sigma * float(special.ndtri(level)))

    def share_beyond(self, time_ms: float) -> float:
        """The share of requests whose service takes longer than a positive time."""
        if self.sigma == 0:
            return float(math.exp(self.mu) > time_ms * (1 + _ROUNDING))
        return float(special.ndtr((self.mu - math.log(time_ms)) / self.sigma))


def service_distribution(service: ServiceTime, *, percentile: float) -> Lognormal:
    """The lognormal that serves for a percentile of the response.

    It has the measured mean, and the lowest measured percentile that is not below the one asked for. Where all are
    below, the highest, or the measured variance, whichever puts the one asked for higher. By the variance alone where
    no percentile above the mean was measured.
    """
    by_moments = Lognormal.of_moments(service)
    known = [measurement for measurement in service.percentiles if measurement.milliseconds >= service.mean_ms]
    if not known:
        return by_moments
    nearest = next((measurement for measurement in known if measurement.percentile >= percentile), None)
    if nearest is not None:
        return Lognormal.of_percentile(nearest, mean_ms=service.mean_ms)
    by_percentile = Lognormal.of_percentile(known[-1], mean_ms=service.mean_ms)
    return max(by_percentile, by_moments, key=lambda distribution: distribution.quantile_ms(percentile / 100))

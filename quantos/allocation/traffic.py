"""How uneven arrivals are within a bin, from counts finer than the bin."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from quantos.allocation.service_time import FloatArray

MIN_BINS: Final = 20
"""Bins with arrivals that are needed before their unevenness counts as measured."""


@dataclass(frozen=True, kw_only=True)
class WithinBinPeak:
    """How a bin's mean rate is raised to the rate that servers are found for.

    Attributes:
        factor: rate of the busiest blocks over their bin's mean, at least 1.
        ca2: variance over mean of counts around their own block's rate, at least 1 (Poisson).
        bins: bins that it was measured on.
        reason: why nothing was measured, in which case `factor` and `ca2` are 1; None where it was.
    """

    factor: float
    ca2: float
    bins: int
    reason: str | None = None


def within_bin_peak(counts: FloatArray, *, windows_per_block: int, level: float) -> WithinBinPeak:
    """Split the unevenness within bins in two: slow, a factor on the rate, and fast, `ca2` of the arrivals.

    Slow is what differs between blocks, fast what differs between windows of a block, so that nothing counts twice. A
    block must be long against the time in which a queue drains, a window about that time or shorter. Blocks differ by
    chance too: ratios of block to bin are drawn towards 1 until their variance is what sampling does not explain.

    Args:
        counts: arrivals per window, shape (bins, windows), such as seconds of minutes; bins with a NaN or without
            arrivals are left out, and so are windows past the last whole block.
        windows_per_block: 2 or more.
        level: share of requests in (0, 1) that come in blocks no busier than the factor says. At the service level's
            percentile, all requests in busier blocks together are no more than may be late.
    """
    blocks = counts.shape[1] // windows_per_block if windows_per_block >= 2 else 0
    if blocks < 2:
        return _unmeasured("a bin has fewer than two blocks of two windows")
    used = counts[np.isfinite(counts).all(axis=1) & (counts >= 0).all(axis=1)]
    used = used[:, : blocks * windows_per_block]
    used = used[used.sum(axis=1) > 0]
    if len(used) < MIN_BINS:
        return _unmeasured(f"{len(used)} bins of fine counts are fewer than {MIN_BINS}")
    by_block = used.reshape(len(used), blocks, windows_per_block)
    ca2 = _dispersion(by_block)
    ratios, weights = _block_ratios(by_block, ca2=ca2)
    return WithinBinPeak(factor=max(1.0, _quantile(ratios, weights, level=level)), ca2=ca2, bins=len(used))


def _unmeasured(reason: str) -> WithinBinPeak:
    return WithinBinPeak(factor=1.0, ca2=1.0, bins=0, reason=reason)


def _dispersion(by_block: FloatArray) -> float:
    """Variance over mean of counts within blocks, the largest over windows joined by two, four and so on."""
    found = 1.0
    joined = by_block
    while joined.shape[2] >= 2:
        found = max(found, float(joined.var(axis=2, ddof=1).mean() / joined.mean()))
        even = joined.shape[2] // 2 * 2
        joined = joined[:, :, :even:2] + joined[:, :, 1:even:2]
    return found


def _block_ratios(by_block: FloatArray, *, ca2: float) -> tuple[FloatArray, FloatArray]:
    """Rates of blocks over their bin's, less what sampling explains, and the requests in them."""
    counts = by_block.sum(axis=2)
    means = counts.mean(axis=1, keepdims=True)
    ratios = counts / means
    seen = float(((ratios - 1) ** 2).mean())
    by_chance = ca2 * (1 - 1 / counts.shape[1]) * float((1 / means).mean())
    kept = math.sqrt(max(0.0, 1 - by_chance / seen)) if seen > 0 else 0.0
    return (1 + kept * (ratios - 1)).ravel(), counts.ravel()


def _quantile(values: FloatArray, weights: FloatArray, *, level: float) -> float:
    order = np.argsort(values)
    shares = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(shares, level)), len(values) - 1)])

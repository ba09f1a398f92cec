"""Who is followed from bin to bin: what serves and plain rules beside it, by what their decisions have cost.

A fixed share (Herbster & Warmuth 1998, Machine Learning 32) over experts, on the loss that bounds what decisions cost
(`decision_loss.answered_losses`): each bin an expert's weight shrinks by exp(-r z), where z is its loss over the least
one's, by the usual loss of a bin, and a share a of all weight returns to where it started, so that whoever is right
after a shift of level is followed within hours. Both are by time: r = DAILY_RATE / n and a = 1 / n, n bins a day. What
is asked for is the experts' mean by weight.

Bound, on any demand, for bins in which the usual loss stands still. Let B be the greatest z, p the weights at the
start. Against every sequence of experts that changes S times in T bins, the first i and the others j:

    sum <w, z> <= r B / (1 - exp(-r B)) * (sum z of the sequence + R / r)
    R = -log p_i - sum log(a p_j) - (T - 1 - S) log(1 - a)

So against reactive sizing throughout (S = 0, p = 0.05 at least) what following costs beyond it is at most that factor,
and R / r bins of usual loss: a quarter of a day once, and 1 / DAILY_RATE of every day.

The loss is jointly convex in the targets that answer for a bin, so that the mean of experts costs no more than the mean
of what they cost, but for how far weights moved while those targets were asked for, in nodes times 1 + the miss cost,
and for rounding up to whole nodes, less than one a bin. That feedback comes as late as the lead is in the former.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from quantos.arrays import FloatArray
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics, answered_losses

CHAMPION: Final = "champion"
"""What serves by selection; the expert that is trusted most at the start."""

TRUST: Final = 0.8
"""Weight of the champion at the start; the others share the rest."""

DAILY_RATE: Final = 14.4
"""An expert whose loss is twice the usual one is down to 1/e of its weight in a fourteenth of a day."""


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """What is asked for by following experts.

    Attributes:
        targets: shape (n,).
        weights: by expert, after the last bin; they add up to one.
    """

    targets: FloatArray
    weights: Mapping[str, float]


def tracked(
    asked: Mapping[str, FloatArray],
    demand: FloatArray,
    terms: CapacityEconomics,
    *,
    weights: Mapping[str, float],
    first: int,
    scale: float,
    day_bins: int,
) -> Tracked:
    """Follow experts over consecutive bins.

    Args:
        asked: by expert, shape (n,), the target at the end of each bin.
        demand: shape (n,).
        weights: by expert, before bin `first`; one that is not in it starts with its share of trust.
        first: the first bin that is learnt from; those before only lead up to it.
        scale: the usual loss of a bin, nodes.
        day_bins: bins in a day.
    """
    names = list(asked)
    targets = np.stack([asked[name] for name in names])
    losses = np.stack([answered_losses(demand, values, terms) for values in targets])
    start = trust(names)
    given = np.array([weights.get(name, share) for name, share in zip(names, start, strict=True)])
    course = weights_after(losses[:, first:] / scale, start=start, given=given / given.sum(), day_bins=day_bins)
    before = np.repeat(given[None, :] / given.sum(), min(first, targets.shape[1]), axis=0)
    every = np.concatenate([before, course])
    last = every[-1] if len(every) else given
    return Tracked(targets=np.einsum("tk,kt->t", every, targets), weights=dict(zip(names, last.tolist(), strict=True)))


def trust(names: Sequence[str]) -> FloatArray:
    """Weights at the start, shape (k,)."""
    if CHAMPION not in names or len(names) == 1:
        return np.full(len(names), 1 / len(names))
    rest = (1 - TRUST) / (len(names) - 1)
    return np.array([TRUST if name == CHAMPION else rest for name in names])


def weights_after(losses: FloatArray, *, start: FloatArray, given: FloatArray, day_bins: int) -> FloatArray:
    """Weights after each bin, shape (k, t) to (t, k).

    Args:
        losses: by the usual loss.
        start: shape (k,), where weight returns to.
        given: shape (k,), the weights before the first bin.
        day_bins: bins in a day.
    """
    share = 1 / day_bins
    kept = np.exp(-DAILY_RATE / day_bins * (losses - losses.min(axis=0, initial=np.inf)))
    weights, course = given, np.empty((losses.shape[1], len(given)))
    for bin_, factors in enumerate(kept.T):
        weights = weights * factors
        weights = (1 - share) * weights / weights.sum() + share * start
        course[bin_] = weights
    return course

"""Who serves: candidates by the loss their decisions would have caused on days they had not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from quantos.arrays import FloatArray
from quantos.forecasting.evaluation.decision_loss import MARGINS, CapacityEconomics, Margin, margin_losses

HALF_LIFE_DAYS: Final = 60.0
TEMPERATURE: Final = 0.03
"""A candidate whose loss is this share above the best one's weighs 1/e of it."""

LEAST_WEIGHT: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a candidate has done.

    Attributes:
        loss: node-bins a bin at its best margin, days long past counting less.
        weight: its share in the blend, 0 to 1.
    """

    margin: Margin
    loss: float
    weight: float


@dataclass
class Ledger:
    """Held-out losses by candidate and margin, discounted by age.

    Attributes:
        sums: by candidate, discounted loss by margin, shape (margins,).
        bins: by candidate, the discounted number of bins behind it.
        contest: discounted loss of what would have served, on the same bins: the blend, and the best plain rule.
        contest_bins: the discounted number of bins behind the contest.
    """

    sums: dict[str, FloatArray] = field(default_factory=dict)
    bins: dict[str, float] = field(default_factory=dict)
    contest: dict[str, float] = field(default_factory=dict)
    contest_bins: float = 0.0

    def add(self, losses: Mapping[str, FloatArray], *, days: float) -> None:
        """Take held-out losses, by candidate shape (margins, n), that span `days`; what was known grows older."""
        kept = 0.5 ** (days / HALF_LIFE_DAYS)
        for name in self.sums:
            self.sums[name] = self.sums[name] * kept
            self.bins[name] *= kept
        for name, loss in losses.items():
            self.sums[name] = self.sums.get(name, np.zeros(len(loss))) + loss.sum(axis=1)
            self.bins[name] = self.bins.get(name, 0.0) + loss.shape[1]

    def add_contest(self, losses: Mapping[str, FloatArray], *, days: float) -> None:
        """Take the losses of what would have served, each shape (n,), on the same `days`."""
        kept = 0.5 ** (days / HALF_LIFE_DAYS)
        self.contest = {name: self.contest.get(name, 0.0) * kept + float(loss.sum()) for name, loss in losses.items()}
        self.contest_bins = self.contest_bins * kept + max((len(loss) for loss in losses.values()), default=0)

    def copy(self) -> "Ledger":
        """One that can be added to without changing this one."""
        return Ledger(dict(self.sums), dict(self.bins), dict(self.contest), self.contest_bins)

    def standings(self) -> dict[str, Standing]:
        """Candidates with their best margins, those that were held out as long as the longest; best first."""
        longest = max(self.bins.values(), default=0.0)
        best: dict[str, tuple[float, Margin]] = {}
        for name, sums in self.sums.items():
            if self.bins[name] >= 0.5 * longest > 0:
                index = int(np.argmin(sums))
                best[name] = (float(sums[index]) / self.bins[name], MARGINS[index])
        weights = _weights([loss for loss, _ in best.values()])
        standings = {
            name: Standing(margin=margin, loss=loss, weight=weight)
            for (name, (loss, margin)), weight in zip(best.items(), weights, strict=True)
        }
        return dict(sorted(standings.items(), key=lambda item: item[1].loss))


def held_out_losses(
    demand: FloatArray, targets: Mapping[str, FloatArray], terms: CapacityEconomics, *, skip: int
) -> dict[str, FloatArray]:
    """Losses by candidate, each shape (margins, n - skip); the first `skip` bins only lead up to the others."""
    return {name: margin_losses(demand, values, terms)[:, skip:] for name, values in targets.items()}


def blend(
    targets: Mapping[str, FloatArray], standings: Mapping[str, Standing], *, node_size: float
) -> FloatArray | None:
    """Mean of the candidates' targets with their margins by weight, shape (m,); None where none of them has a say.

    A candidate does not count at an origin where it says nothing (NaN).
    """
    having = [name for name, standing in standings.items() if standing.weight > 0 and name in targets]
    if not having:
        return None
    values = np.stack([standings[name].margin.over(targets[name], node_size=node_size) for name in having])
    weights = np.array([standings[name].weight for name in having])[:, None] * np.isfinite(values)
    total = weights.sum(axis=0)
    summed = (weights * np.nan_to_num(values)).sum(axis=0)
    return np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0)


def _weights(losses: Sequence[float]) -> list[float]:
    if not losses:
        return []
    loss = np.asarray(losses)
    raw = np.exp(-(loss / max(loss.min(), 1e-12) - 1.0) / TEMPERATURE)
    raw[raw < LEAST_WEIGHT * raw.sum()] = 0.0
    return [float(weight) for weight in raw / raw.sum()]

"""Who serves: candidates by the loss their decisions would have caused on days they had not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from quantos.forecasting.decision_loss import MARGINS, Margin, Terms, margin_losses
from quantos.telemetry.bins import FloatArray

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
    """

    sums: dict[str, FloatArray] = field(default_factory=dict)
    bins: dict[str, float] = field(default_factory=dict)

    def add(self, losses: Mapping[str, FloatArray], *, days: float) -> None:
        """Take held-out losses, by candidate shape (margins, n), that span `days`; what was known grows older."""
        kept = 0.5 ** (days / HALF_LIFE_DAYS)
        for name in self.sums:
            self.sums[name] = self.sums[name] * kept
            self.bins[name] *= kept
        for name, loss in losses.items():
            self.sums[name] = self.sums.get(name, np.zeros(len(loss))) + loss.sum(axis=1)
            self.bins[name] = self.bins.get(name, 0.0) + loss.shape[1]

    def standings(self) -> dict[str, Standing]:
        """Candidates with their best margins, those that were held out as long as the longest; best first."""
        longest = max(self.bins.values(), default=0.0)
        best: dict[str, tuple[float, Margin]] = {}
        for name, sums in self.sums.items():
            if self.bins[name] >= 0.5 * longest > 0:
                index = int(np.argmin(sums))
                best[name] = (float(sums[index]) / self.bins[name], MARGINS[index])
        weights = _weights([loss for loss, _ in best.values()])
        found = {
            name: Standing(margin=margin, loss=loss, weight=weight)
            for (name, (loss, margin)), weight in zip(best.items(), weights, strict=True)
        }
        return dict(sorted(found.items(), key=lambda item: item[1].loss))


def held_out_losses(
    demand: FloatArray, targets: Mapping[str, FloatArray], terms: Terms, *, skip: int
) -> dict[str, FloatArray]:
    """Losses by candidate, each shape (margins, n - skip); the first `skip` bins only lead up to the others."""
    return {name: margin_losses(demand, values, terms)[:, skip:] for name, values in targets.items()}


def blend(
    targets: Mapping[str, FloatArray], standings: Mapping[str, Standing], *, node_size: float
) -> FloatArray | None:
    """Mean of the candidates' targets with their margins by weight, shape (m,); None where none of them has a say."""
    parts = [
        (standing.weight, standing.margin.over(targets[name], node_size=node_size))
        for name, standing in standings.items()
        if standing.weight > 0 and name in targets and np.isfinite(targets[name]).all()
    ]
    if not parts:
        return None
    total = sum(weight for weight, _ in parts)
    return np.sum([weight / total * values for weight, values in parts], axis=0)


def _weights(losses: Sequence[float]) -> list[float]:
    if not losses:
        return []
    loss = np.asarray(losses)
    raw = np.exp(-(loss / max(loss.min(), 1e-12) - 1.0) / TEMPERATURE)
    raw[raw < LEAST_WEIGHT * raw.sum()] = 0.0
    return [float(weight) for weight in raw / raw.sum()]

"""What decisions cost: a simulation of whole nodes with lead time and hold, and the newsvendor's loss over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from quantos.arrays import FloatArray
from quantos.errors import ForecastError
from quantos.forecasting.features.target_window import Aim, aim_of

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class CapacityEconomics:
    """How capacity is bought.

    Attributes:
        lead_bins: bins until an increase is available.
        hold_bins: bins a decrease waits.
        node_size: demand that one node serves, in the unit of the series.
        miss_cost: node-bins that one missing node costs in one bin.
        measured_bins: the latest bins whose demand is the least that is asked for, one at least.
    """

    lead_bins: int
    hold_bins: int
    node_size: float
    miss_cost: float
    measured_bins: int = 1

    def __post_init__(self) -> None:
        bins = self.lead_bins >= 0 and self.hold_bins >= 0 and self.measured_bins >= 1
        if not (bins and self.node_size > 0 and self.miss_cost > 0):
            raise ForecastError(
                f"capacity cannot be bought on these terms: {self}",
                remedy="give a lead and a hold of zero or more, and a node size and a miss cost above zero",
            )

    @property
    def aim(self) -> Aim:
        """The bins that a decision on these terms answers for."""
        return aim_of(lead_bins=self.lead_bins, hold_bins=self.hold_bins)

    @property
    def memory_bins(self) -> int:
        """How many bins back a decision still acts on what is available."""
        return self.lead_bins + self.hold_bins + 1

    @property
    def critical_level(self) -> float:
        """The quantile of demand at which one more node costs what it saves: miss / (miss + price)."""
        return self.miss_cost / (self.miss_cost + 1.0)


@dataclass(frozen=True)
class Margin:
    """What is put on a forecast before it is bought: `factor` times, plus `extra_nodes`."""

    factor: float = 1.0
    extra_nodes: float = 0.0

    def over(self, targets: FloatArray, *, node_size: float) -> FloatArray:
        """The targets with the margin, in their unit."""
        return targets * self.factor + self.extra_nodes * node_size


MARGINS: Final = tuple(
    Margin(factor, extra)
    for factor in (1.0, 1.04, 0.95, 1.08, 0.9, 1.15, 0.85, 1.25, 0.75, 1.4, 0.6, 1.6, 2.0, 2.5, 3.0, 4.5, 7.0)
    for extra in (0.0, 1.0, 2.0, 4.0)
)
"""Margins that are tried on every candidate; of equal ones the earlier, which changes less, is taken."""


@dataclass(frozen=True)
class Capacity:
    """Nodes in each bin, both shape (n,): `paid`, from their order on, and `available`, a lead later."""

    paid: FloatArray
    available: FloatArray


def simulate(targets: FloatArray, terms: CapacityEconomics) -> Capacity:
    """Capacity when each target rules from the next bin on, shape (n,) in the unit of demand.

    The first target is taken to have stood always, and one node to run at least.
    """
    wanted = np.ceil(targets / terms.node_size - _ROUNDING)
    ordered = np.concatenate([np.full(terms.hold_bins + 1, wanted[0]), wanted[:-1]])
    paid = np.maximum(sliding_window_view(ordered, terms.hold_bins + 1).max(axis=1), 1.0)
    waiting = np.concatenate([np.full(terms.lead_bins, paid[0]), paid])
    return Capacity(paid, sliding_window_view(waiting, terms.lead_bins + 1).min(axis=1))


def losses(demand: FloatArray, targets: FloatArray, terms: CapacityEconomics) -> FloatArray:
    """Node-bins paid plus the miss cost of nodes missing, by bin; shapes (n,)."""
    capacity = simulate(targets, terms)
    missing = np.maximum(demand / terms.node_size - capacity.available, 0.0)
    return capacity.paid + terms.miss_cost * missing


def answered_losses(demand: FloatArray, targets: FloatArray, terms: CapacityEconomics) -> FloatArray:
    """Nodes held plus the miss cost of what the targets that answer for a bin lack, by bin; shapes (n,).

    Without rounding up to whole nodes, `losses` is no greater, and at most a node greater with it. Unlike `losses` this
    is jointly convex in the targets: a bin is taken to be covered by those that aim at it, and by no others that happen
    to be held.
    """
    asked, aim = targets / terms.node_size, terms.aim
    ordered = np.concatenate([np.full(terms.hold_bins + 1, asked[0]), asked[:-1]])
    paid = np.maximum(sliding_window_view(ordered, terms.hold_bins + 1).max(axis=1), 1.0)
    answering = np.concatenate([np.full(aim.last_bins, asked[0]), asked])[: len(asked) + aim.last_bins - aim.first_bins]
    least = sliding_window_view(answering, aim.last_bins - aim.first_bins + 1).min(axis=1)
    return paid + terms.miss_cost * np.maximum(demand / terms.node_size - least, 0.0)


def margin_losses(
    demand: FloatArray, targets: FloatArray, terms: CapacityEconomics, *, margins: Sequence[Margin] = MARGINS
) -> FloatArray:
    """Losses by margin and bin, shape (margins, n)."""
    return np.stack([losses(demand, margin.over(targets, node_size=terms.node_size), terms) for margin in margins])

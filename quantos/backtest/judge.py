"""Verdict on decided targets: what they cost beside what other planners' rules would have cost on the same trace."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from quantos.arrays import FloatArray
from quantos.backtest.flaps import changes, flaps
from quantos.backtest.trace import Trace
from quantos.errors import ForecastError
from quantos.forecasting.evaluation.decision_loss import Capacity, CapacityEconomics, simulate
from quantos.units import DAY_SECONDS

FACTORS: Final = (*(0.5 + 0.05 * step for step in range(31)), 2.5, 3.0, 4.0, 6.0, 10.0)
EXTRA_NODES: Final = (0.0, 1.0, 2.0, 4.0)
LEVEL_SECONDS: Final = 1800
LEVEL_BOUNDS: Final = (0.25, 4.0)
FLAP_SECONDS: Final = 1800
"""A change of capacity that is taken back within this time is a flap."""

REACTIVE: Final = "reactive"
_LEAST_NODES: Final = 1e-3


@dataclass(frozen=True, kw_only=True)
class Score:
    """What targets led to on the tested part.

    Attributes:
        loss: node-bins a bin: paid, and missing ones times the miss cost.
        cost: node-bins paid by those of a clairvoyant that follows demand.
        under: share of the bins with demand in which capacity was short.
        short: missing share of all demand.
        changes_per_day: of the nodes paid.
        flaps_per_day: changes taken back within `FLAP_SECONDS`, one bin at least.
    """

    loss: float
    cost: float
    under: float
    short: float
    changes_per_day: float
    flaps_per_day: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A planner beside the peers.

    Attributes:
        ratio: its loss by that of the best peer, every peer with the margin that was best on the training part.
        hindsight: the same with margins that were best on the tested part, which nobody could have known.
        reactive: the peer that follows demand, as the autoscalers of Kubernetes do.
    """

    planner: Score
    best_peer: str
    ratio: float
    hindsight: float
    reactive: Score


def judge(trace: Trace, targets: FloatArray, terms: CapacityEconomics) -> Verdict:
    """Judge targets for the tested part of a trace, shape (n - tested_from,), in the unit of demand.

    Raises:
        ForecastError: a target is missing, negative or not finite.
    """
    start, demand = trace.tested_from, trace.values / terms.node_size
    capacity = capacity_of(trace, targets, terms)
    nodes = _in_nodes(terms)
    fair: dict[str, float] = {}
    tuned_capacity: dict[str, Capacity] = {}
    hindsight = math.inf
    for name, idea in _ideas(trace, demand, ahead=terms.lead_bins + 1):
        best = math.inf
        for offered in _offers(idea, nodes):
            loss = offered.paid + terms.miss_cost * np.maximum(demand - offered.available, 0.0)
            tuned, tested = float(loss[start // 3 : start].mean()), float(loss[start:].mean())
            hindsight = min(hindsight, tested)
            if tuned < best:
                best, fair[name], tuned_capacity[name] = tuned, tested, offered
    winner = min(fair, key=lambda name: fair[name])
    planner = _score(trace, demand, capacity, miss_cost=terms.miss_cost)
    return Verdict(
        planner=planner,
        best_peer=winner,
        ratio=planner.loss / fair[winner],
        hindsight=planner.loss / hindsight,
        reactive=_score(trace, demand, tuned_capacity[REACTIVE], miss_cost=terms.miss_cost),
    )


def capacity_of(trace: Trace, targets: FloatArray, terms: CapacityEconomics) -> Capacity:
    """Nodes that targets for the tested part lead to, for the whole trace; before it capacity follows demand.

    Raises:
        ForecastError: a target is missing, negative or not finite.
    """
    start = trace.tested_from
    if len(targets) != len(trace.values) - start or not (np.isfinite(targets).all() and (targets >= 0).all()):
        raise ForecastError("targets are missing, negative or not finite", remedy="decide every tested bin")
    return simulate(np.concatenate([trace.values[:start], targets]) / terms.node_size, _in_nodes(terms))


def _in_nodes(terms: CapacityEconomics) -> CapacityEconomics:
    return CapacityEconomics(
        lead_bins=terms.lead_bins, hold_bins=terms.hold_bins, node_size=1.0, miss_cost=terms.miss_cost
    )


def _offers(idea: FloatArray, terms: CapacityEconomics) -> Iterator[Capacity]:
    """What an idea leads to, by margin."""
    for factor in FACTORS:
        for extra in EXTRA_NODES:
            yield simulate(idea * factor + extra, terms)


def _score(trace: Trace, demand: FloatArray, capacity: Capacity, *, miss_cost: float) -> Score:
    start = trace.tested_from
    tested, paid = demand[start:], capacity.paid[start:]
    missing = np.maximum(tested - capacity.available[start:], 0.0)
    busy = tested > 0
    days = len(tested) * trace.bin_seconds / DAY_SECONDS
    return Score(
        loss=float((paid + miss_cost * missing).mean()),
        cost=float(paid.sum() / np.maximum(np.ceil(tested), 1.0).sum()),
        under=float((missing[busy] > 1e-9).mean()) if busy.any() else 0.0,
        short=float(missing.sum() / max(tested.sum(), 1e-9)),
        changes_per_day=changes(paid) / days,
        flaps_per_day=flaps(paid, within_bins=max(FLAP_SECONDS // trace.bin_seconds, 1)) / days,
    )


def _ideas(trace: Trace, demand: FloatArray, *, ahead: int) -> Iterator[tuple[str, FloatArray]]:
    """What each peer expects `ahead` bins after each origin, nodes."""
    day = round(DAY_SECONDS / trace.bin_seconds)
    level = _trailing_mean(demand, max(round(LEVEL_SECONDS / trace.bin_seconds), 1))
    yield "static", np.full(len(demand), demand[: trace.tested_from].max())
    yield REACTIVE, demand
    for name, season in (("day", day), ("week", 7 * day)):
        if trace.tested_from > 2 * season:
            origin = np.arange(len(demand))
            known, aimed = origin >= season, origin + ahead >= season
            before = np.where(aimed, demand[np.clip(origin + ahead - season, 0, len(demand) - 1)], demand)
            then = np.where(known, level[np.maximum(origin - season, 0)], level)
            seasonal = before * np.clip(level / np.maximum(then, _LEAST_NODES), *LEVEL_BOUNDS)
            yield f"seasonal_{name}", seasonal
            yield f"combined_{name}", np.maximum(demand, seasonal)


def _trailing_mean(values: FloatArray, width: int) -> FloatArray:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    first = np.maximum(end - width, 0)
    return (sums[end] - sums[first]) / (end - first)

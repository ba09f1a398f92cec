from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from quantos.backtest.judge import judge
from quantos.backtest.replay import terms_of
from quantos.backtest.trace import Trace
from quantos.errors import ForecastError
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics, losses, simulate

RNG = np.random.default_rng(5)
DEMAND = np.maximum(50 + 30 * np.sin(np.arange(40 * 24) / 24 * 2 * np.pi) + RNG.normal(0, 4, 40 * 24), 0)
TRACE = Trace(name="t", first=datetime(2026, 1, 5, tzinfo=UTC), bin_seconds=3600, values=DEMAND, repaired=0)
TERMS = terms_of(TRACE, lead_seconds=600, hold_seconds=600, miss_cost=66)


def test_an_increase_is_paid_at_once_and_there_a_lead_later_and_a_decrease_waits():
    terms = CapacityEconomics(lead_bins=2, hold_bins=1, node_size=10.0, miss_cost=66)
    asked = np.array([10.0, 10.0, 35.0, 10.0, 10.0, 10.0, 10.0])

    capacity = simulate(asked, terms)

    assert capacity.paid.tolist() == [1, 1, 1, 4, 4, 1, 1]
    assert capacity.available.tolist() == [1, 1, 1, 1, 1, 1, 1]
    held = simulate(asked, replace(terms, hold_bins=2))
    assert held.paid.tolist() == [1, 1, 1, 4, 4, 4, 1]
    assert held.available.tolist() == [1, 1, 1, 1, 1, 4, 1]


@pytest.mark.parametrize(("lead", "hold"), [(0, 0), (1, 1), (2, 2), (2, 5), (5, 2), (4, 0)])
def test_a_perfect_forecast_of_the_aim_never_runs_short(lead: int, hold: int):
    terms = CapacityEconomics(lead_bins=lead, hold_bins=hold, node_size=2.0, miss_cost=66)
    asked = terms.aim.peaks(DEMAND)
    known = np.where(np.isfinite(asked), asked, DEMAND.max())

    available = simulate(known, terms).available

    assert (available[lead + hold + 2 :] * 2.0 >= DEMAND[lead + hold + 2 :] - 1e-6).all()


def test_one_node_runs_at_least_and_a_missing_one_costs_its_price():
    terms = CapacityEconomics(lead_bins=0, hold_bins=0, node_size=10.0, miss_cost=5)

    assert losses(np.array([0.0, 0.0, 25.0]), np.zeros(3), terms).tolist() == [1, 1, 1 + 5 * 1.5]


def test_a_clairvoyant_beats_every_peer_and_following_demand_does_not():
    start = TRACE.tested_from
    ahead = np.concatenate([DEMAND[2:], DEMAND[-2:]])

    clairvoyant, reactive = (judge(TRACE, asked[start:], TERMS) for asked in (ahead, DEMAND))

    assert clairvoyant.ratio < 0.9
    assert clairvoyant.planner.under < 0.01
    assert reactive.ratio > 1
    assert reactive.hindsight >= reactive.ratio
    assert clairvoyant.planner.cost < 1.2


@pytest.mark.parametrize("asked", [np.zeros(3), np.full(320, np.nan), np.full(320, -1.0)])
def test_targets_that_are_none_are_refused(asked: np.ndarray):
    with pytest.raises(ForecastError, match="targets are missing"):
        judge(TRACE, asked, TERMS)


def test_flaps_are_counted_on_what_is_paid_so_that_the_hold_quiets_them():
    busy = np.where(np.arange(320) % 2 == 0, 3.0, 9.0) * TERMS.node_size
    patient = replace(TERMS, hold_bins=3)

    restless, held = (judge(TRACE, busy, terms).planner for terms in (replace(TERMS, hold_bins=0), patient))

    assert restless.flaps_per_day > 20
    assert held.flaps_per_day == 0
    assert held.changes_per_day <= 1


def test_following_demand_is_the_reactive_peer_but_for_its_margin():
    verdict = judge(TRACE, DEMAND[TRACE.tested_from :], TERMS)

    assert verdict.reactive.loss < verdict.planner.loss
    assert verdict.reactive.changes_per_day > 1

"""A backtest and the decisions of production are one path: the same series gives the same targets."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from quantos.allocation.lead_time import LeadTime
from quantos.backtest.replay import Replay, replay
from quantos.backtest.sidecar import Known
from quantos.backtest.trace import Trace
from quantos.capacity.demand.fit_repository import DailyFits
from quantos.capacity.demand.pool_demand import PoolDemand, PoolDemands
from quantos.capacity.pools.lead_times import horizon_of
from quantos.capacity.pools.shared_pools import SharedPools, UpperLevel
from quantos.contracts.demand import DemandSample
from quantos.contracts.strategy import Session
from quantos.telemetry.bins import Grid
from quantos.telemetry.sessions.clocks import clock_offsets
from quantos.telemetry.sessions.open_hours import open_bins
from quantos.telemetry.windows.demand_windows import DemandWindows
from quantos.telemetry.windows.signal_windows import SignalWindows
from tests.support.capacity_fakes import FakeFits
from tests.support.demand_cases import make_strategy
from tests.support.demand_history import MemoryDemandHistory
from tests.support.environments import make_settings
from tests.support.signal_history import MemorySignalHistory

BIN = 900
DAY = 96
ZONE = "America/New_York"
FIRST = datetime(2026, 10, 20, tzinfo=UTC)
LEARNT, DAYS = 10, 15
"""Ten days are learnt from at first; on the thirteenth clocks are changed, and Monday is the fourteenth."""

UNITS = 10.0
SATURDAY = 11 * DAY + 60
SPIKE = 10 * DAY + 64
STRATEGY = make_strategy(
    session=Session(time_zone=ZONE, opens=time(9, 30), closes=time(16)), units_per_vcpu=UNITS, pools=("cpu",)
)
GRID = Grid(int(FIRST.timestamp()), BIN, (DAYS + 1) * DAY)


def demand() -> np.ndarray:
    """Units a bin: a burst at each opening; something on a closed Saturday; one wild sample on a Friday."""
    opened = open_bins(STRATEGY.session, GRID)[: DAYS * DAY]
    index = np.arange(len(opened))
    since = index - np.maximum.accumulate(np.where(opened, -1, index))
    values = np.where(opened, 900 * (1 + 2 * np.exp(-(since - 1) / 3)), 0.0)
    values *= np.random.default_rng(4).normal(1, 0.04, len(values))
    values[0] = 1.0
    values[SATURDAY] = 700.0
    values[SPIKE] = 1e8
    return values


@pytest.fixture(scope="module")
def demands() -> PoolDemands:
    """Fakes for stores and telemetry; every day is learnt before it begins."""
    history = MemoryDemandHistory()
    history.add(
        [
            DemandSample(series=STRATEGY.series, time=FIRST + timedelta(seconds=BIN * at), source="gw", value=value)
            for at, value in enumerate(demand().tolist())
            if value > 0
        ]
    )
    decisions = make_settings().decisions.model_copy(update={"bin_seconds": BIN})
    found = PoolDemands(
        DemandWindows(history),
        SignalWindows(MemorySignalHistory()),
        decisions,
        DailyFits(FakeFits(), decisions.history_days),
    )
    for day in range(LEARNT, DAYS):
        assert found.learn(shared(found), day=(FIRST + timedelta(days=day)).date())
    return found


def shared(demands: PoolDemands) -> SharedPools:
    lead = LeadTime(seconds=600.0, observations=0, source="prior")
    return SharedPools(
        pools=("cpu",),
        strategies=(STRATEGY,),
        upper=UpperLevel(0.985, "a miss costs"),
        node_vcpu=8.0,
        horizon=horizon_of([lead], demands.settings),
    )


@pytest.fixture(scope="module")
def replayed(demands: PoolDemands) -> Replay:
    values = demand() / UNITS
    trace = Trace(name="made", first=FIRST, bin_seconds=BIN, values=values, repaired=0)
    assert trace.tested_from == LEARNT * DAY
    beside = Known(covariates={}, opened=open_bins(STRATEGY.session, GRID), offsets=clock_offsets(ZONE, GRID))
    terms = demands._question(shared(demands)).terms
    return replay(trace, terms, known=beside)


def decided(demands: PoolDemands, at: int) -> PoolDemand:
    """What a decision at the end of a bin reads."""
    return demands.read(shared(demands), bin_end=GRID.start + (at + 1) * BIN, keep=True)


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(LEARNT * DAY, id="first"),
        pytest.param(LEARNT * DAY + 55, id="opening"),
        pytest.param(SPIKE, id="spike"),
        pytest.param(SPIKE + 1, id="after-the-spike"),
        pytest.param(SATURDAY, id="closed-and-measured"),
        pytest.param(SATURDAY + 1, id="closed-after-it"),
        pytest.param(12 * DAY + 50, id="clocks-changed"),
        pytest.param(13 * DAY + 57, id="monday-before-the-opening"),
        pytest.param(13 * DAY + 60, id="monday-open"),
        pytest.param(14 * DAY + 90, id="last-evening"),
    ],
)
def test_a_decision_and_a_backtest_ask_for_the_same(demands: PoolDemands, replayed: Replay, at: int):
    read, index = decided(demands, at), at - LEARNT * DAY

    assert read.forecast.asked is not None
    assert max(read.forecast.asked, read.recent_vcpu) == pytest.approx(replayed.targets[index], rel=1e-6, abs=1e-5)
    if read.forecast.upper > 0:
        assert max(read.forecast.upper, read.recent_vcpu) == pytest.approx(replayed.uppers[index], rel=1e-6, abs=1e-5)


def test_demand_measured_on_a_closed_day_is_held_by_both(demands: PoolDemands, replayed: Replay):
    measured = demand()[SATURDAY] / UNITS

    assert replayed.targets[SATURDAY - LEARNT * DAY] >= measured
    assert max(decided(demands, SATURDAY).forecast.upper, decided(demands, SATURDAY).recent_vcpu) >= measured


def test_each_day_goes_on_from_what_the_day_before_held_out(demands: PoolDemands):
    question = demands._question(shared(demands))
    days = [date(2026, 10, 30), date(2026, 10, 31)]

    first, second = (demands.fits.stored(question.key(day)) for day in days)

    assert first is not None
    assert second is not None
    before, after = first.fit.model.series, second.fit.model.series
    assert before is not None
    assert after is not None
    longest = max(before.ledger.bins.values())
    assert max(after.ledger.bins.values()) == pytest.approx(longest * 0.5 ** (1 / 60) + DAY)

"""Session demand over changes of clocks, holidays and half days: the opening is held."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from quantos.arrays import BoolArray
from quantos.backtest.replay import series_of, terms_of
from quantos.backtest.sidecar import Sidecar, known
from quantos.backtest.trace import Trace
from quantos.contracts.strategy import Session
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics, simulate
from quantos.forecasting.features.wall_time import Clocked
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.models.rules import Rules
from quantos.forecasting.series_model import FAMILIES, Series
from quantos.forecasting.serving import decide, uppers
from quantos.telemetry.bins import Grid
from quantos.telemetry.sessions.clocks import clock_of, clock_offsets
from quantos.telemetry.sessions.open_hours import open_bins

BIN = 900
DAY = 96
WEEKS = 5
PLAIN = {"rules": Rules()}


def burst(opened: BoolArray, *, seed: int = 3) -> np.ndarray:
    """Demand that is four times its level when a session opens, fading within the hour, and nothing when closed."""
    index = np.arange(len(opened))
    since = index - np.maximum.accumulate(np.where(opened, -1, index))
    noise = np.random.default_rng(seed).normal(1, 0.05, len(opened))
    return np.where(opened, 100 * (1 + 3 * np.exp(-(since - 1) / 2)) * noise, 0.0)


def exchange(calendar: str, day: date) -> tuple[Series, CapacityEconomics]:
    """Five weeks of an exchange up to the end of a day."""
    first = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=7 * WEEKS)
    blank = Trace(name="made", first=first, bin_seconds=BIN, values=np.zeros(DAY * (7 * WEEKS + 1)), repaired=0)
    beside = known(blank, Sidecar(calendar=calendar), path=Path("made.csv"), ahead_seconds=900)
    assert beside.opened is not None
    trace = Trace(
        name="made", first=first, bin_seconds=BIN, values=burst(beside.opened[: len(blank.values)]), repaired=0
    )
    return series_of(trace, beside), terms_of(trace, lead_seconds=900, hold_seconds=900, miss_cost=66)


def missed_at_opening(series: Series, terms: CapacityEconomics, *, families=FAMILIES) -> float:
    """Missing share of the first hour's demand on the last day, by a fit on what lies before it."""
    begin = len(series.values) - DAY
    fitted = fit_series(series.until(begin), terms, families=families)
    asked = decide(fitted, series, first=begin, families=families).targets
    available = simulate(asked, terms).available * terms.node_size
    demand = series.values[begin:]
    opening = np.flatnonzero(demand > 0)[:4]
    return float(np.maximum(demand - available, 0)[opening].sum() / demand[opening].sum())


@pytest.mark.parametrize(
    ("calendar", "day"),
    [
        pytest.param("XNYS", date(2026, 11, 2), id="US-clocks-back"),
        pytest.param("XNYS", date(2026, 3, 9), id="US-clocks-forward"),
        pytest.param("XLON", date(2026, 10, 26), id="Europe-clocks-back"),
        pytest.param("XETR", date(2026, 3, 30), id="Europe-clocks-forward"),
        pytest.param("XNYS", date(2026, 10, 26), id="Europe-changes-and-the-US-does-not"),
        pytest.param("XNYS", date(2026, 11, 27), id="half-day"),
        pytest.param("XNYS", date(2026, 11, 30), id="after-a-half-day"),
        pytest.param("XNYS", date(2025, 1, 10), id="after-an-ad-hoc-closure"),
        pytest.param("XNYS", date(2027, 1, 4), id="after-the-year-ends"),
        pytest.param("XNYS", date(2028, 2, 29), id="leap-day"),
        pytest.param("XNYS", date(2028, 3, 1), id="after-a-leap-day"),
        pytest.param("XSHG", date(2026, 2, 24), id="after-a-week-and-more-closed"),
        pytest.param("XTKS", date(2026, 11, 2), id="a-clock-that-is-never-changed"),
    ],
)
def test_the_opening_of_an_exchange_is_held(calendar: str, day: date):
    series, terms = exchange(calendar, day)

    assert missed_at_opening(series, terms, families=PLAIN) < 0.05


def test_the_opening_after_a_change_of_clocks_is_held_by_all_candidates_together_and_by_the_upper_value():
    series, terms = exchange("XNYS", date(2026, 11, 2))
    begin = len(series.values) - DAY

    fitted = fit_series(series.until(begin), terms)

    opening = begin + np.flatnonzero(series.values[begin:] > 0)[:4]
    asked = decide(fitted, series, first=begin).targets
    raised = uppers(fitted, series, first=begin).values
    ahead = terms.aim.last_bins
    assert (asked[opening - begin - ahead] >= 0.95 * series.values[opening]).all()
    assert (raised[opening - begin - ahead] >= 0.95 * series.values[opening]).all()


def test_a_closure_that_the_calendar_knows_of_is_not_paid_for():
    series, terms = exchange("XNYS", date(2025, 1, 9))
    begin = len(series.values) - DAY
    fitted = fit_series(series.until(begin), terms, families=PLAIN)

    assert decide(fitted, series, first=begin, families=PLAIN).targets.max() == 0


@pytest.mark.parametrize("day", [date(2026, 11, 2), date(2026, 3, 9), date(2026, 11, 1)])
def test_an_overnight_session_is_held_over_a_change_of_clocks(day: date):
    zone, first = "America/Chicago", datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=7 * WEEKS)
    count = DAY * (7 * WEEKS + 1)
    grid = Grid(int(first.timestamp()), BIN, count + DAY)
    offsets = clock_offsets(zone, grid)
    local = grid.start + np.arange(grid.count) * BIN + offsets
    hour, weekday = local % 86_400 / 3600, (local // 86_400 + 3) % 7
    opened = np.where(hour >= 17, (weekday <= 3) | (weekday == 6), (hour < 16) & (weekday <= 4))
    values = burst(opened)[:count]
    part = Clocked(values=values, offsets=offsets, opened=opened)
    series = Series(values=values, start=grid.start, bin_seconds=BIN, opened=opened, parts=(part,))
    terms = CapacityEconomics(lead_bins=1, hold_bins=1, node_size=8.0, miss_cost=66.0)
    begin = count - DAY
    fitted = fit_series(series.until(begin), terms, families=PLAIN)

    available = simulate(decide(fitted, series, first=begin, families=PLAIN).targets, terms).available * 8

    opening = np.flatnonzero((hour[begin:count] >= 17) & (hour[begin:count] < 18))
    assert values[begin:][opening].min() > 50
    assert np.maximum(values[begin:] - available, 0)[opening].sum() < 0.05 * values[begin:][opening].sum()


def test_sessions_of_two_countries_are_each_held_by_their_own_clock():
    day = date(2026, 10, 26)
    first = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=7 * WEEKS)
    count = DAY * (7 * WEEKS + 1)
    grid = Grid(int(first.timestamp()), BIN, count + DAY)
    parts = []
    for zone, seed in (("Europe/London", 1), ("America/New_York", 2)):
        session = Session(time_zone=zone, opens=time(9, 30), closes=time(16))
        opened = open_bins(session, grid)
        assert clock_of(session, grid) == zone
        parts.append(Clocked(values=burst(opened, seed=seed)[:count], offsets=clock_offsets(zone, grid), opened=opened))
    values = parts[0].values + parts[1].values
    series = Series(
        values=values,
        start=grid.start,
        bin_seconds=BIN,
        opened=np.logical_or(parts[0].opened, parts[1].opened),
        parts=tuple(parts),
    )
    terms = CapacityEconomics(lead_bins=1, hold_bins=1, node_size=8.0, miss_cost=66.0)
    begin = count - DAY
    fitted = fit_series(series.until(begin), terms, families=PLAIN)

    available = simulate(decide(fitted, series, first=begin, families=PLAIN).targets, terms).available * 8

    for part in parts:
        opening = np.flatnonzero(part.values[begin:] > 0)[:4]
        assert np.maximum(values[begin:] - available, 0)[opening].sum() < 0.05 * values[begin:][opening].sum()


def test_demand_without_hours_of_its_own_goes_by_utc():
    grid = Grid(int(datetime(2026, 10, 30, tzinfo=UTC).timestamp()), BIN, 5 * DAY)

    assert clock_of(None, grid) == "UTC"
    assert not clock_offsets("UTC", grid).any()

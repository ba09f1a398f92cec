"""What is held of demand that is not known whole is looked at, and nothing is learnt from it."""

from dataclasses import replace

import numpy as np
import pytest

from quantos.capacity.demand.coverage import recent_coverage
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.models.family import Sample, upper_residual
from quantos.forecasting.peak_model import fit, predict
from quantos.forecasting.series_model import FittedSeries, Series, frame_at

DAY, BIN = 48, 1800
DAYS = 16
TERMS = CapacityEconomics(lead_bins=2, hold_bins=0, node_size=8.0, miss_cost=49.0)
LOST = slice(12 * DAY + 5, 13 * DAY + 20)
BINS = LOST.stop - LOST.start


def demand() -> np.ndarray:
    index = np.arange(DAYS * DAY)
    noise = np.random.default_rng(5).normal(0, 4, len(index))
    return np.maximum(60 + 40 * np.sin(2 * np.pi * index / DAY) + noise, 1.0)


def series(*, lost: float, complete: bool) -> Series:
    """A stretch of it so many times what it was, and known whole or not."""
    values = demand()
    values[LOST] *= lost
    whole = np.ones(len(values), dtype=np.bool_)
    whole[LOST] = complete
    return Series(values=values, start=0, bin_seconds=BIN, complete=whole)


@pytest.fixture(scope="module")
def masked() -> FittedSeries:
    return fit_series(series(lost=20.0, complete=False), TERMS)


@pytest.fixture(scope="module")
def believed() -> FittedSeries:
    return fit_series(series(lost=20.0, complete=True), TERMS)


def scored(fitted: FittedSeries) -> float:
    return sum(float(counts.sum()) for counts in fitted.calibration.scores.values())


def test_neither_the_peak_nor_the_misses_are_learnt_from_bins_that_are_not_known_whole(
    masked: FittedSeries, believed: FittedSeries
):
    values = demand()
    values[LOST] = 0.0

    assert masked.peak == values.max()
    assert believed.peak > 10 * masked.peak
    assert scored(masked) < scored(believed)


def test_they_are_no_held_out_bins(masked: FittedSeries, believed: FittedSeries):
    def counted(fitted: FittedSeries) -> float:
        return fitted.ledger.bins["reactive"]

    assert BINS * 0.9 <= counted(believed) - counted(masked) <= BINS


def test_what_is_fitted_leaves_them_out(masked: FittedSeries):
    shown = series(lost=20.0, complete=False)
    frame = frame_at(shown, masked.layout, first=LOST.start, end=LOST.stop + 10)
    weights = np.concatenate([np.zeros(BINS), np.ones(10)])
    peaks = np.concatenate([np.full(BINS, 1e6), frame.scale[-10:]])
    sample = Sample(frame=frame, peaks=peaks, weights=weights, level=0.98)

    assert sample.rows(100).tolist() == list(range(BINS, BINS + 10))
    assert upper_residual(sample, np.zeros(len(peaks))) == pytest.approx([1.0])


def window() -> DemandWindow:
    values, held = demand(), np.full(DAYS * DAY, np.nan)
    held[-5:] = values[-5:] + 1.0
    values[-5:] = np.nan
    return DemandWindow(values=values, held=held, opened=np.ones(len(values) + 3, dtype=np.bool_), bin_seconds=BIN)


def test_the_course_of_demand_goes_on_through_what_is_held():
    found = window()

    assert (found.series().values[-5:] == found.held[-5:]).all()
    assert not found.series().complete[-5:].any()
    assert found.series().complete[:-5].all()


def test_the_last_value_serves_by_what_is_held():
    short = window()
    model = replace(fit(short, levels=(0.5, 0.98), terms=TERMS), series=None)

    assert predict(model, short).peaks[0] == pytest.approx(short.held[-3:].max(), abs=1e-6)


def test_coverage_counts_no_bin_that_is_not_known_whole():
    held = window()
    model = fit(held, levels=(0.5, 0.98), terms=TERMS)
    whole = replace(held, values=held.estimates(), held=None)

    assert recent_coverage(model, whole).bins - recent_coverage(model, held).bins == 5

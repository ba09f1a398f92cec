from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quantos.errors import ForecastError
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.series_model import FittedSeries, Series
from quantos.forecasting.serving import decide, uppers
from quantos.forecasting.state import MAX_BYTES, SCHEMA_VERSION, dumped, loaded

GOLDEN = Path(__file__).parents[2] / "golden" / "forecasting" / "state-v1.bin"
BIN = 900
DAY = 96


def series(days: int) -> Series:
    index = np.arange(days * DAY)
    rng = np.random.default_rng(4)
    values = 60 + 30 * np.sin(index / DAY * 2 * np.pi) + rng.normal(0, 4, len(index))
    return Series(values=np.round(np.maximum(values, 0), 3), start=0, bin_seconds=BIN)


@pytest.fixture(scope="module")
def fitted() -> FittedSeries:
    return fit_series(series(20), CapacityEconomics(lead_bins=1, hold_bins=1, node_size=2.0, miss_cost=66.0))


def test_a_state_is_small_and_decides_as_the_model_it_was_made_of(fitted: FittedSeries):
    content = dumped(fitted)
    shown = series(21)

    again = loaded(content)

    assert len(content) <= MAX_BYTES
    assert again.standings == fitted.standings
    assert (again.champion, again.rule) == (fitted.champion, fitted.rule)
    assert uppers(again, shown, first=20 * DAY).values == pytest.approx(
        uppers(fitted, shown, first=20 * DAY).values, rel=1e-3
    )
    assert decide(again, shown, first=20 * DAY).targets == pytest.approx(
        decide(fitted, shown, first=20 * DAY).targets, rel=1e-9
    )
    assert dumped(again) == content


def test_a_fit_goes_on_from_a_stored_state(fitted: FittedSeries):
    shown = series(21)

    from_memory = fit_series(shown, fitted.terms, previous=fitted)
    from_state = fit_series(shown, fitted.terms, previous=loaded(dumped(fitted)))

    assert from_state.standings.keys() == from_memory.standings.keys()
    assert from_state.score == pytest.approx(from_memory.score)


def test_the_first_schema_is_still_read_and_still_decides():
    again = loaded(GOLDEN.read_bytes())

    asked = decide(again, series(21), first=20 * DAY).targets

    raised = uppers(again, series(21), first=20 * DAY).values
    assert raised[: DAY // 2] == pytest.approx(asked[: DAY // 2], rel=5e-3)
    assert (again.layout.bin_seconds, again.champion) == (BIN, "blend")
    assert np.isfinite(asked).all()
    assert 30 < asked.min() < asked.max() < 130


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_state_is_refused(content: bytes):
    with pytest.raises(ForecastError, match="no state"):
        loaded(content)


def test_a_later_schema_is_refused(fitted: FittedSeries, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("quantos.forecasting.state.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    later = dumped(fitted)
    monkeypatch.undo()

    with pytest.raises(ForecastError, match=f"schema {SCHEMA_VERSION + 1}"):
        loaded(later)


def test_a_state_too_large_is_refused(fitted: FittedSeries):
    noise = np.random.default_rng(1).normal(size=20_000)

    with pytest.raises(ForecastError, match="takes"):
        dumped(replace(fitted, parameters={"harmonic": {"coefficients": noise}}))

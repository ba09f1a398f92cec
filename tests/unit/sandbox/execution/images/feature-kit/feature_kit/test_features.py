"""A feature knows the past only, and compares symbols of one day."""

from datetime import date, timedelta

import numpy as np
import pytest
from feature_kit.features import TARGET, VIEWS, cross_section_ranks, features_of
from feature_kit.panel import Panel


def bars(days: int = 40, symbols: int = 6) -> Panel:
    rng = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (days, symbols)), axis=0))
    names = [str(date(2026, 1, 1) + timedelta(days=number)) for number in range(days)]
    return Panel(names, [f"S{number}" for number in range(symbols)], close, rng.lognormal(10, 1, (days, symbols)))


@pytest.mark.parametrize("view", VIEWS)
def test_what_comes_later_changes_no_feature(view: str) -> None:
    panel = bars()
    later = panel.close.copy()
    later[30:] *= np.linspace(0.5, 2.0, later.shape[1])
    before, after = features_of(panel, view), features_of(Panel(panel.days, panel.symbols, later, panel.volume), view)
    for name in set(before) - {TARGET}:
        np.testing.assert_array_equal(before[name][:30], after[name][:30])
    assert not np.array_equal(before[TARGET][29], after[TARGET][29])


def test_the_target_is_the_next_days_return_beyond_the_market() -> None:
    panel = bars()
    returns = panel.close[1:] / panel.close[:-1] - 1
    target = features_of(panel, "xs_v1")[TARGET]
    np.testing.assert_allclose(target[:-1], returns - returns.mean(axis=1, keepdims=True))
    assert np.isnan(target[-1]).all()


def test_ranks_are_of_a_day_from_least_to_most() -> None:
    ranks = cross_section_ranks(np.array([[3.0, 1.0, np.nan, 2.0], [np.nan, np.nan, np.nan, 5.0]]))
    np.testing.assert_array_equal(ranks, [[1.0, -1.0, np.nan, 0.0], [np.nan, np.nan, np.nan, -1.0]])

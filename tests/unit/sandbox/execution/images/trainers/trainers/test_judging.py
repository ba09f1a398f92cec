"""Predictions are judged by day, and only where there is something to judge."""

import numpy as np
import pytest
from trainers.judging import judge
from trainers.samples import Samples

CAME = np.array([0.03, 0.02, 0.01, -0.01, -0.02, -0.03] * 2)
DAYS = np.repeat([0, 1], 6)
SAMPLES = Samples(np.zeros((12, 1, 1)), CAME, DAYS)


def test_predictions_in_the_order_of_what_came_are_right_and_turned_around_wrong() -> None:
    assert judge(CAME, SAMPLES)["information_coefficient"] == pytest.approx(1.0)
    assert judge(-CAME, SAMPLES)["information_coefficient"] == pytest.approx(-1.0)


def test_a_portfolio_is_long_the_best_third_and_short_the_worst() -> None:
    assert judge(CAME, SAMPLES)["long_short_return_per_day"] == pytest.approx(0.05)
    assert judge(CAME, SAMPLES)["long_short_sharpe"] is None
    varied = Samples(SAMPLES.windows, CAME * np.where(DAYS == 0, 1.0, 2.0), DAYS)
    returns = np.array([0.05, 0.10])
    expected = returns.mean() / returns.std(ddof=1) * np.sqrt(252)
    assert judge(CAME, varied)["long_short_sharpe"] == pytest.approx(expected)


def test_predictions_that_say_nothing_have_no_figures() -> None:
    judged = judge(np.zeros(0), SAMPLES.where(DAYS < 0))
    assert judged == {
        "days": 0,
        "information_coefficient": None,
        "information_coefficient_t": None,
        "long_short_return_per_day": None,
        "long_short_sharpe": None,
    }

import sys
from dataclasses import replace

import numpy as np
import pytest
from lightgbm import Dataset, train

from quantos.forecasting.evaluation.decision_loss import MARGINS, CapacityEconomics, Margin
from quantos.forecasting.evaluation.selection import Ledger, Standing, blend
from quantos.forecasting.features.learnt_sessions import has_sessions, learnt_sessions, session_reference
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.models.rules import COMBINED_SESSION, NAIVE, PLAIN
from quantos.forecasting.models.trees import pack, scores
from quantos.forecasting.series_model import BLEND, FAMILIES, FittedSeries, Series, candidate_targets
from quantos.forecasting.serving import decide

BIN = 1800
DAY = 48
TERMS = CapacityEconomics(lead_bins=1, hold_bins=1, node_size=2.0, miss_cost=66.0)


def series(values: np.ndarray) -> Series:
    return Series(values=values, start=0, bin_seconds=BIN)


def season(days: int, *, seed: int = 8) -> np.ndarray:
    index = np.arange(days * DAY)
    noise = np.random.default_rng(seed).normal(0, 3, len(index))
    return np.maximum(70 + 40 * np.sin(index / DAY * 2 * np.pi) + noise, 0)


@pytest.fixture(scope="module")
def fitted() -> FittedSeries:
    return fit_series(series(season(24)), TERMS)


def test_every_family_of_candidates_is_fitted_and_says_something_at_every_bin(fitted: FittedSeries):
    found = candidate_targets(fitted, series(season(25)), first=24 * DAY)

    assert fitted.failures == {}
    assert fitted.parameters.keys() == FAMILIES.keys()
    named = {name for family in FAMILIES.values() for name in family.names} - {"session-naive", COMBINED_SESSION}
    assert found.keys() == named
    assert [name for name, values in found.items() if not (np.isfinite(values) & (values >= 0)).all()] == []


def test_no_candidate_looks_at_what_comes_later(fitted: FittedSeries):
    first, shown = 24 * DAY, season(25)
    known = DAY // 2
    later = np.where(np.arange(len(shown)) < first + known, shown, 500.0)

    said, disturbed = (candidate_targets(fitted, series(values), first=first) for values in (shown, later))

    assert [name for name in said if not np.array_equal(said[name][:known], disturbed[name][:known])] == []


def test_learnt_candidates_serve_a_season_and_beat_seasonal_naive(fitted: FittedSeries):
    assert fitted.champion == BLEND
    naive = min(fitted.standings[name].loss for name in NAIVE if name in fitted.standings)
    assert fitted.score is not None
    assert fitted.score < naive


def test_a_champion_that_fails_is_demoted_to_the_best_rule_within_the_hour(fitted: FittedSeries):
    assert fitted.rule is not None
    rule = replace(fitted.standings[fitted.rule], weight=0.0)
    failing = Standing(margin=Margin(0.3, 0.0), loss=1.0, weight=1.0)
    broken = replace(fitted, standings={fitted.rule: rule, "boosted-950": failing})
    shown = series(season(25))

    sound, demoted = decide(fitted, shown, first=24 * DAY), decide(broken, shown, first=24 * DAY)

    assert sound.demoted.mean() < 0.1
    assert demoted.demoted[2:].all()
    said = candidate_targets(fitted, shown, first=24 * DAY)[fitted.rule]
    asked = np.maximum(rule.margin.over(said, node_size=TERMS.node_size), shown.values[24 * DAY :])
    assert demoted.targets[2:] == pytest.approx(asked[2:])


def test_without_the_tree_library_the_others_serve_and_the_reason_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)

    plain = fit_series(series(season(14)), TERMS)

    assert "LightGBM cannot be loaded" in plain.failures["boosting"]
    assert "boosting" not in plain.parameters
    assert np.isfinite(decide(plain, series(season(15)), first=14 * DAY).targets).all()


def test_trees_walked_as_arrays_score_as_the_library_that_grew_them():
    rng = np.random.default_rng(6)
    columns = rng.normal(size=(400, 5))
    values = columns[:, 0] ** 2 + columns[:, 1] + rng.normal(size=400)
    booster = train(
        {"objective": "quantile", "alpha": 0.9, "verbosity": -1, "num_threads": 1}, Dataset(columns, values), 20
    )
    fresh = rng.normal(size=(50, 5)).astype(np.float32).astype(np.float64)

    assert scores(pack(booster), fresh) == pytest.approx(np.asarray(booster.predict(fresh)), abs=1e-5)


def test_a_blend_leaves_out_who_says_nothing_and_weighs_the_rest():
    standings = {
        "a": Standing(margin=Margin(1.0, 1.0), loss=10, weight=0.75),
        "b": Standing(margin=Margin(2.0, 0.0), loss=11, weight=0.25),
        "c": Standing(margin=Margin(), loss=99, weight=0.0),
    }
    targets = {"a": np.array([10.0, np.nan, np.nan]), "b": np.array([10.0, 10.0, np.nan]), "c": np.full(3, 1e9)}

    blended = blend(targets, standings, node_size=2.0)

    assert blended is not None
    assert blended[:2].tolist() == [0.75 * 12 + 0.25 * 20, 20.0]
    assert np.isnan(blended[2])
    assert blend({}, standings, node_size=2.0) is None


def test_a_ledger_forgets_and_takes_the_margin_that_cost_least():
    ledger = Ledger()
    good = MARGINS.index(Margin(1.15, 1.0))
    losses = np.full((len(MARGINS), 10), 50.0)
    losses[good] = 40.0
    ledger.add({"a": losses, "b": losses + 100}, days=1)
    ledger.add({"a": losses}, days=600)

    standings = ledger.standings()

    assert list(standings) == ["a"]
    assert standings["a"].margin == Margin(1.15, 1.0)
    assert standings["a"].loss == pytest.approx(40)
    assert standings["a"].weight == 1


def test_sessions_are_learnt_from_earlier_days_and_weekends_stay_closed():
    week = np.zeros(7 * DAY)
    for day in range(5):
        week[day * DAY + 16 : day * DAY + 34] = 50.0
    values = np.tile(week, 4)

    opened = learnt_sessions(values, ahead=DAY, day_bins=DAY, clock_bin=0)

    assert has_sessions(values, bin_seconds=BIN)
    assert not has_sessions(season(20), bin_seconds=BIN)
    third = opened[14 * DAY : 21 * DAY]
    assert np.array_equal(third, week > 0)
    assert np.array_equal(opened[28 * DAY :], week[:DAY] > 0)
    reference = session_reference(values, opened, day_bins=DAY)
    assert np.array_equal(reference[14 * DAY : 21 * DAY], week)


def test_a_series_with_sessions_is_decided_ahead_of_its_opening():
    week = np.zeros(7 * DAY)
    for day in range(5):
        week[day * DAY + 16 : day * DAY + 34] = 50.0
    values = np.tile(week, 5)
    fitted = fit_series(series(values[: 28 * DAY]), TERMS)

    asked = decide(fitted, series(values[: 29 * DAY]), first=28 * DAY).targets

    assert asked[14:32].min() >= 49
    assert asked[:13].max() <= 4
    assert fitted.rule in PLAIN

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from quantos.forecasting.evaluation.decision_loss import CapacityEconomics, answered_losses, losses
from quantos.forecasting.evaluation.tracking import CHAMPION, DAILY_RATE, tracked, trust, weights_after
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.series_model import Series
from quantos.forecasting.serving import decide

DAY = 48
NAMES = (CHAMPION, "reactive", "static-peak")

terms = st.builds(
    CapacityEconomics,
    lead_bins=st.integers(0, 4),
    hold_bins=st.integers(0, 4),
    node_size=st.floats(0.5, 3),
    miss_cost=st.floats(1, 100),
)
levels = st.lists(st.tuples(st.integers(2, 60), st.floats(0, 50)), min_size=1, max_size=8)


def shifting(parts: list[tuple[int, float]], *, seed: int = 0) -> np.ndarray:
    """Levels that each stand for some bins, a little unsteady."""
    steady = np.concatenate([np.full(bins, level) for bins, level in parts])
    return np.maximum(steady * np.random.default_rng(seed).normal(1, 0.03, len(steady)), 0)


def experts(demand: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """A champion that knows what was usual at first, one that follows demand, and one that holds the highest."""
    usual = demand[: max(len(demand) // 4, 1)].max() * np.random.default_rng(seed).uniform(0.8, 1.4)
    return {
        CHAMPION: np.full(len(demand), usual),
        "reactive": demand * 1.15,
        "static-peak": np.maximum.accumulate(demand),
    }


@given(
    losses=npst.arrays(np.float64, st.tuples(st.just(3), st.integers(1, 80)), elements=st.floats(0, 200)),
    day=st.integers(24, 1440),
    data=st.data(),
)
def test_following_costs_no_more_than_any_sequence_of_experts_but_for_the_stated_bound(
    losses: np.ndarray, day: int, data: st.DataObject
):
    count = losses.shape[1]
    sequence = np.array(data.draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)))
    held = data.draw(st.integers(1, count))
    sequence = np.repeat(sequence[::held], held)[:count]
    start, share, rate = trust(NAMES), 1 / day, DAILY_RATE / day
    excess = losses - losses.min(axis=0)

    after = weights_after(losses, start=start, given=start, day_bins=day)

    before = np.vstack([start, after[:-1]])
    switched = np.flatnonzero(np.diff(sequence)) + 1
    regret = -np.log(start[sequence[0]]) - np.log(share * start[sequence[switched]]).sum()
    regret -= (count - 1 - len(switched)) * np.log(1 - share)
    reach = rate * excess.max()
    factor = reach / -np.expm1(-reach) if reach > 1e-9 else 1.0
    cost = float(np.einsum("tk,kt->", before, excess))
    assert cost <= factor * (excess[sequence, np.arange(count)].sum() + regret / rate) * (1 + 1e-9) + 1e-6


@given(parts=levels, terms=terms, seed=st.integers(0, 99))
def test_what_answers_for_a_bin_bounds_what_decisions_cost(
    parts: list[tuple[int, float]], terms: CapacityEconomics, seed: int
):
    demand = shifting(parts, seed=seed)
    whole = CapacityEconomics(
        lead_bins=terms.lead_bins, hold_bins=terms.hold_bins, node_size=terms.node_size, miss_cost=terms.miss_cost
    )
    for targets in experts(demand, seed).values():
        assert (losses(demand, targets, whole) <= answered_losses(demand, targets, whole) + 1 + 1e-6).all()


@given(parts=levels, terms=terms, seed=st.integers(0, 99))
def test_on_level_shifts_the_mean_of_experts_costs_what_they_cost_and_how_far_the_weights_moved(
    parts: list[tuple[int, float]], terms: CapacityEconomics, seed: int
):
    demand = shifting(parts, seed=seed)
    asked = experts(demand, seed)
    each = np.stack([answered_losses(demand, values, terms) for values in asked.values()])
    start = trust(tuple(asked))

    served = tracked(asked, demand, terms, weights={}, first=0, scale=10.0, day_bins=DAY)

    course = weights_after(each / 10.0, start=start, given=start, day_bins=DAY)
    before = np.vstack([start, course[:-1]])
    paid = np.einsum("tk,kt->t", before, each)
    highest = max(values.max() for values in asked.values()) / terms.node_size
    drift = np.zeros(len(demand))
    for back in range(1, terms.memory_bins + 1):
        then = np.vstack([np.repeat(course[:1], back, axis=0), course])[: len(demand)]
        drift = np.maximum(drift, np.abs(then - before).sum(axis=1) * highest)
    got = answered_losses(demand, served.targets, terms)
    assert (got <= paid + (1 + terms.miss_cost) * drift + 1e-6).all()
    assert sum(served.weights.values()) == pytest.approx(1)


def test_after_a_shift_the_one_that_is_right_is_followed_within_hours():
    demand = shifting([(4 * DAY, 10.0), (2 * DAY, 40.0)])
    asked = {CHAMPION: np.full(len(demand), 12.0), "reactive": demand * 1.1, "static-peak": np.full(len(demand), 80.0)}
    terms = CapacityEconomics(lead_bins=1, hold_bins=1, node_size=1.0, miss_cost=66.0)

    served = tracked(asked, demand, terms, weights={}, first=0, scale=12.0, day_bins=DAY)

    assert served.targets[2 * DAY : 4 * DAY].mean() < 1.3 * 12
    after = slice(4 * DAY + 6, None)
    assert (served.targets[after] >= demand[after]).mean() > 0.95
    assert served.targets[after].mean() < 1.35 * demand[after].mean()


@given(parts=levels, cut=st.integers(1, 40))
def test_following_goes_on_from_weights_that_were_kept(parts: list[tuple[int, float]], cut: int):
    demand = shifting([*parts, (60, 20.0)])
    asked = experts(demand, 1)
    terms = CapacityEconomics(lead_bins=1, hold_bins=1, node_size=1.0, miss_cost=66.0)

    whole = tracked(asked, demand, terms, weights={}, first=0, scale=10.0, day_bins=DAY)
    head = {name: values[:cut] for name, values in asked.items()}
    kept = tracked(head, demand[:cut], terms, weights={}, first=0, scale=10.0, day_bins=DAY).weights
    goes_on = tracked(asked, demand, terms, weights=kept, first=cut, scale=10.0, day_bins=DAY)

    assert goes_on.targets[cut:] == pytest.approx(whole.targets[cut:])
    assert goes_on.weights == pytest.approx(whole.weights)


@pytest.mark.parametrize("seed", [3, 5])
def test_a_short_history_with_shifts_is_decided_hardly_worse_than_by_following_demand(seed: int):
    rng = np.random.default_rng(seed)
    parts = [(int(rng.integers(10, 60)), float(np.exp(rng.normal(3, 0.7)))) for _ in range(14)]
    demand = shifting(parts, seed=seed)
    begin = len(demand) * 2 // 3
    terms = CapacityEconomics(
        lead_bins=1, hold_bins=1, node_size=float(np.quantile(demand[:begin], 0.995)) / 50, miss_cost=66.0
    )
    shown = Series(values=demand, start=0, bin_seconds=1800)
    asked = demand.copy()
    fitted = None
    for day in range(begin, len(demand), DAY):
        end = min(day + DAY, len(demand))
        fitted = fit_series(shown.until(day), terms, previous=fitted)
        asked[day:end] = decide(fitted, shown.until(end), first=day).targets
    margins = [(factor, extra) for factor in (1.0, 1.1, 1.25, 1.5, 2.0) for extra in (0.0, 2.0, 4.0)]
    rivals = [losses(demand, demand * factor + extra * terms.node_size, terms) for factor, extra in margins]
    reactive = min(rivals, key=lambda lost: lost[begin // 3 : begin].mean())[begin:].mean()

    assert losses(demand, asked, terms)[begin:].mean() <= 1.15 * reactive + 1

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.capacity.planning.baselines import account, static_nodes

NAN = float("nan")


def test_static_stands_at_the_known_peak_of_the_history():
    history = np.array([1.0, NAN, 17.0, 3.0])

    assert static_nodes(history, count=2, vcpu_per_node=8, floor_nodes=1).tolist() == [3, 3]
    assert static_nodes(np.array([NAN]), count=1, vcpu_per_node=8, floor_nodes=2).tolist() == [2]


def test_an_account_adds_cost_and_missing_demand():
    result = account(
        np.array([1, 1, 2]), np.array([8.0, 12.0, NAN]), vcpu_per_node=8, usd_per_node_hour=0.5, bin_seconds=1800
    )

    assert (result.hours, result.node_hours, result.usd) == (1.5, 2.0, 1.0)
    assert result.usd_per_hour == pytest.approx(2 / 3)
    assert result.missing_vcpu_hours == 2.0
    assert result.missing_share == pytest.approx(4 / 20)
    assert result.short_bins == 1


def test_an_account_of_nothing_is_nothing():
    result = account(np.array([], dtype=int), np.array([]), vcpu_per_node=8, usd_per_node_hour=1, bin_seconds=300)

    assert (result.usd, result.usd_per_hour, result.missing_share) == (0, 0, 0)


@settings(deadline=None)
@given(demand=st.lists(st.floats(0, 1e4), min_size=1, max_size=30), nodes=st.integers(0, 100))
def test_one_node_more_costs_more_and_misses_no_more(demand: list[float], nodes: int):
    def taken(count: int):
        sizes = np.full(len(demand), count)
        return account(sizes, np.array(demand), vcpu_per_node=8, usd_per_node_hour=1, bin_seconds=300)

    assert taken(nodes + 1).usd > taken(nodes).usd
    assert taken(nodes + 1).missing_vcpu_hours <= taken(nodes).missing_vcpu_hours

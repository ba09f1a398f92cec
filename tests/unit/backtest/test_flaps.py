import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.backtest.flaps import changes, flaps


@pytest.mark.parametrize(
    ("nodes", "within_bins", "expected"),
    [
        pytest.param([3, 3, 3], 2, 0, id="still"),
        pytest.param([3, 4, 5, 6], 2, 0, id="climbing"),
        pytest.param([3, 4, 4, 3], 2, 1, id="taken-back-in-time"),
        pytest.param([3, 4, 4, 3], 1, 0, id="taken-back-later"),
        pytest.param([3, 5, 3, 5], 1, 2, id="twice"),
        pytest.param([3, 5, 6, 4], 1, 1, id="only-the-last-rise"),
        pytest.param([3], 5, 0, id="one-bin"),
    ],
)
def test_a_flap_is_a_change_that_is_soon_taken_back(nodes: list[float], within_bins: int, expected: int):
    assert flaps(np.array(nodes, dtype=float), within_bins=within_bins) == expected


@given(nodes=st.lists(st.integers(0, 5), min_size=1, max_size=60), within_bins=st.integers(1, 30))
def test_flaps_are_fewer_than_changes_and_the_same_upside_down(nodes: list[int], within_bins: int):
    counted = np.array(nodes, dtype=float)

    found = flaps(counted, within_bins=within_bins)

    assert found <= max(changes(counted) - 1, 0)
    assert found == flaps(-counted, within_bins=within_bins)
    assert found <= flaps(counted, within_bins=within_bins + 1)

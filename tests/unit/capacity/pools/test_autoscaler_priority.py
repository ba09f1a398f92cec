"""The order in which the autoscaler grows pools is that of the choice of nodes: data, not a list kept by hand."""

from itertools import pairwise

import pytest

from quantos.capacity.pools.autoscaler_priority import pools_by_preference
from quantos.capacity.pools.node_prices import node_prices
from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from tests.support.environments import ENVIRONMENTS


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_every_pool_is_ranked_without_gpus_first_then_spot_then_by_price(environment: str) -> None:
    settings = load_environment(environment, root=ENVIRONMENTS, catalog=load_catalog())
    order = pools_by_preference(settings, load_catalog())
    assert sorted(order) == sorted(settings.pools)
    prices = node_prices(settings, load_catalog())
    for earlier, later in pairwise(prices[pool] for pool in order):
        assert (earlier.node.gpus > 0, not earlier.spot) <= (later.node.gpus > 0, not later.spot)
        if (earlier.node.gpus > 0, earlier.spot) == (later.node.gpus > 0, later.spot):
            assert earlier.usd_per_vcpu_hour <= later.usd_per_vcpu_hour


def test_prod_grows_cheap_spot_first_and_dear_gpus_last() -> None:
    settings = load_environment("prod", root=ENVIRONMENTS, catalog=load_catalog())
    assert pools_by_preference(settings, load_catalog()) == (
        "cpu-spot", "cpu", "network", "memory", "gpu-spot", "gpu",
    )  # fmt: skip

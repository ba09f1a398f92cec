import pytest

from quantos.capacity.pools.node_prices import node_prices
from quantos.catalog.catalog import load_catalog
from quantos.errors import CatalogError
from tests.support.environments import make_settings


def test_a_pool_is_priced_at_its_dearest_type():
    settings, catalog = make_settings(), load_catalog()

    prices = node_prices(settings, catalog)

    assert set(prices) == set(settings.pools)
    for name, pool in settings.pools.items():
        known = [
            catalog.usd_per_hour(item, capacity_type=pool.capacity_type, region=settings.region)
            for item in pool.instance_types
        ]
        assert prices[name].usd_per_hour == max(known)
        assert prices[name].node == prices[name].holds.resources()
        assert 7 < prices[name].vcpu < 8


def test_an_unknown_type_has_no_price():
    settings = make_settings()
    cpu = settings.pools["cpu"].model_copy(update={"instance_types": ("c7i.2xlarge", "x99.huge")})

    with pytest.raises(CatalogError):
        node_prices(settings.model_copy(update={"pools": {"cpu": cpu}}), load_catalog())

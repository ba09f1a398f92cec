"""What things cost is the catalog's, not a list that no pod reaches."""

import csv
from typing import Any

import pytest

from components.kubernetes.observability.opencost import OpenCostArgs, price_list, values
from quantos.catalog.catalog import load_catalog
from stacks.platform_services.observability import prices
from tests.support.environments import committed_settings

SETTINGS = committed_settings()
PRICES = prices(SETTINGS, catalog=load_catalog())


def rows(asset: str) -> dict[str, float]:
    lines = csv.reader(price_list(PRICES).splitlines())
    return {line[1]: float(line[6]) for line in lines if line[3] == asset}


@pytest.mark.parametrize("pool", SETTINGS.pools)
def test_a_node_costs_what_the_dearest_type_of_its_pool_does(pool: str) -> None:
    settings = SETTINGS.pools[pool]
    known = [
        load_catalog().usd_per_hour(each, capacity_type=settings.capacity_type, region=SETTINGS.region)
        for each in settings.instance_types
    ]
    assert rows("node")[pool] == pytest.approx(max(known))


def test_a_node_of_no_pool_is_the_system_s() -> None:
    (system,) = SETTINGS.cluster.system_nodes.instance_types
    price = load_catalog().usd_per_hour(system, capacity_type="ON_DEMAND", region=SETTINGS.region)
    assert rows("node")[""] == pytest.approx(price)


def test_disks_are_priced_by_their_class_for_an_hour() -> None:
    month = load_catalog().usd_per_unit("ebs-gp3", unit="GiB-month", region=SETTINGS.region)
    assert rows("pv") == pytest.approx(dict.fromkeys(("gp3", "gp3-retained"), month / 730), rel=1e-4)


def test_every_line_has_the_columns_that_opencost_reads_and_matches_by_nothing_but_the_pool() -> None:
    for line in csv.reader(price_list(PRICES).splitlines()):
        assert len(line) == 8
        assert (line[2], line[5]) == ("", "")
        assert line[4] == ("metadata.labels.quantos.io/pool" if line[3] == "node" else "spec.storageClassName")


def test_the_exporter_asks_nobody_and_reads_what_is_mounted() -> None:
    args = OpenCostArgs(
        namespace="cost",
        cluster_name="c",
        prometheus_service="p",
        prometheus_namespace="monitoring",
        prometheus_port=9090,
        prices=PRICES,
    )
    given: Any = values(args)
    exporter = given["opencost"]["exporter"]
    assert (exporter["extraEnv"]["USE_CUSTOM_PROVIDER"], exporter["extraEnv"]["USE_CSV_PROVIDER"]) == ("true", "true")
    folder = exporter["extraEnv"]["CSV_PATH"].rpartition("/")[0]
    (mount,) = (each for each in exporter["extraVolumeMounts"] if each["mountPath"] == folder)
    assert {"name": mount["name"], "configMap": {"name": "opencost-prices"}} in given["extraVolumes"]

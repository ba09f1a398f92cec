"""Jobs may fill the pools above what is held for services, and the cluster knows pools by Kubernetes's own words."""

from pathlib import Path

import pytest

from quantos.allocation.shapes.node_needs import offered
from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from stacks.platform_services.pools import queue_pool, queue_pools

ENVIRONMENTS = Path(__file__).resolve().parents[4] / "stacks" / "environments"


def environment(name: str) -> EnvironmentSettings:
    return load_environment(name, root=ENVIRONMENTS, catalog=load_catalog())


def test_nodes_on_the_floor_of_a_service_pool_are_not_for_jobs() -> None:
    catalog, pool = load_catalog(), environment("prod").pools["cpu"]
    node = offered([catalog.shape(name) for name in pool.instance_types])
    held = queue_pool("cpu", pool, catalog=catalog)
    assert held.capacity["cpu"] == int((pool.ceiling_nodes - pool.floor_nodes) * node.vcpu)
    batch = queue_pool("cpu", pool.model_copy(update={"workload": "batch"}), catalog=catalog)
    assert batch.capacity["cpu"] == int(pool.ceiling_nodes * node.vcpu)


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_gpus_are_shared_out_where_there_are_any_and_taints_are_kubernetes_own(name: str) -> None:
    pools = {pool.name: pool for pool in queue_pools(environment(name), catalog=load_catalog())}
    assert all(("nvidia.com/gpu" in pool.capacity) == pool.kind.startswith("gpu") for pool in pools.values())
    effects = {taint.effect for pool in pools.values() for taint in pool.taints}
    assert effects <= {"NoSchedule", "NoExecute", "PreferNoSchedule"}
    assert all(pool.labels for pool in pools.values())

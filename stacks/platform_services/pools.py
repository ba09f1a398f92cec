"""The elastic pools as the cluster sees them: labels, taints, and what jobs may fill."""

from components.kubernetes.compute.ray_cluster import WorkerGroup
from components.kubernetes.scaling.job_queues import MEMORY, SPOT_SUFFIX, Pool, Taint
from quantos.allocation.shapes.node_needs import offered
from quantos.catalog.catalog import Catalog
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.platform import WorkerSettings
from quantos.environment.settings.pools import TAINT_EFFECTS, PoolSettings, node_labels

CPU = "cpu"
GPU = "nvidia.com/gpu"
SAMPLE_WORKERS = WorkerSettings(minimum=1, maximum=4, cpu=1, memory_gib=2)


def queue_pools(settings: EnvironmentSettings, *, catalog: Catalog) -> list[Pool]:
    """Every pool of an environment."""
    return [queue_pool(name, pool, catalog=catalog) for name, pool in settings.pools.items()]


def queue_pool(name: str, pool: PoolSettings, *, catalog: Catalog) -> Pool:
    """A pool as queues see it: what its nodes above the floor offer, the floor being there for services."""
    node = offered([catalog.shape(name) for name in pool.instance_types])
    nodes = pool.ceiling_nodes - (pool.floor_nodes if pool.workload == "service" else 0)
    capacity = {CPU: int(node.vcpu * nodes), MEMORY: int(node.memory_gib * nodes)}
    return Pool(
        name=name,
        labels=node_labels(name, pool),
        taints=node_taints(pool),
        capacity={**capacity, **({GPU: node.gpus * nodes} if node.gpus else {})},
    )


def node_taints(pool: PoolSettings) -> list[Taint]:
    """The taints of a pool's nodes, in Kubernetes's own words."""
    return [Taint(key=taint.key, value=taint.value, effect=TAINT_EFFECTS[taint.effect]) for taint in pool.taints]


def sample_groups(settings: EnvironmentSettings, *, catalog: Catalog) -> list[WorkerGroup]:
    """A group of workers, none at first, for each pool of batch work."""
    return [
        worker_group(
            name,
            pool,
            size=SAMPLE_WORKERS,
            least=0,
            catalog=catalog,
        )
        for name, pool in settings.pools.items()
        if pool.workload == "batch" and name.endswith(SPOT_SUFFIX)
    ]


def worker_group(name: str, pool: PoolSettings, *, size: WorkerSettings, least: int, catalog: Catalog) -> WorkerGroup:
    """Workers on the nodes of a pool, at least `least`; each has a GPU where the nodes have any."""
    return WorkerGroup(
        name=name,
        node_labels=node_labels(name, pool),
        taints=node_taints(pool),
        cpu=size.cpu,
        memory_gib=size.memory_gib,
        gpus=min(catalog.shape(pool.instance_types[0]).gpus, 1),
        minimum=least,
        maximum=size.maximum,
    )


def gpu_pools(settings: EnvironmentSettings, *, catalog: Catalog) -> dict[str, PoolSettings]:
    """The pools whose nodes have GPUs."""
    return {name: pool for name, pool in settings.pools.items() if catalog.shape(pool.instance_types[0]).gpus}

"""Who may use which part of the elastic pools."""

from collections.abc import Mapping

from components.services.job_queues import Pool, Taint, Team
from components.services.kueue import Kueue, KueueArgs
from quantos.catalog.catalog import Catalog, load_catalog
from quantos.environment.namespaces import job_namespace
from quantos.environment.settings import PoolSettings, TaintSettings
from stacks.platform.place import Place

EFFECTS: Mapping[str, str] = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}
GPU = "nvidia.com/gpu"


def declare(place: Place) -> None:
    """Declare the queues of every team over every pool."""
    settings = place.settings
    catalog = load_catalog()
    teams = [
        Team(name=name, weight=team.weight, namespace=job_namespace(name))
        for name, team in settings.platform.teams.items()
    ]
    Kueue(
        "kueue",
        KueueArgs(
            namespace="kueue-system",
            teams=teams,
            pools=[queue_pool(name, pool, catalog=catalog) for name, pool in settings.pools.items()],
            borrowing_share=settings.platform.borrowing_share,
            replicas=settings.platform.replicas,
        ),
        place.inside("kueue-system", *(team.namespace for team in teams)),
    )


def queue_pool(name: str, pool: PoolSettings, *, catalog: Catalog) -> Pool:
    """A pool as queues see it: what its nodes above the floor hold, the floor being there for services.

    Types of one pool are alike, so the first one's shape is every node's. What the system takes of a node is not
    taken off: a quota bounds what is admitted, and the scheduler where it fits.
    """
    shape = catalog.shape(pool.instance_types[0])
    nodes = pool.ceiling_nodes - (pool.floor_nodes if pool.workload == "service" else 0)
    capacity = {"cpu": shape.vcpu * nodes, "memory": int(shape.memory_gib) * nodes}
    return Pool(
        name=name,
        labels=pool.labels,
        taints=[_taint(taint) for taint in pool.taints],
        capacity={**capacity, **({GPU: shape.gpus * nodes} if shape.gpus else {})},
    )


def _taint(taint: TaintSettings) -> Taint:
    return Taint(key=taint.key, value=taint.value, effect=EFFECTS[taint.effect])

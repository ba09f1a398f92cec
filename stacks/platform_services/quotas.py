"""What the pods of each namespace may ask for together: shares, and what the environment file has run in it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from components.kubernetes.base.namespace import Quota
from components.kubernetes.compute.ray_cluster import largest
from components.kubernetes.data import clickhouse
from components.kubernetes.data.trino import COORDINATOR_CPU
from components.kubernetes.events import redpanda
from components.kubernetes.scaling.job_queues import MEMORY
from quantos.allocation.shapes.node_needs import daemon_need
from quantos.catalog.catalog import Catalog, load_catalog
from quantos.environment.namespaces import AGENTS, JOBS_PREFIX, MONITORING, NamespaceSpec
from quantos.environment.node_agents import GPU_AGENTS, INSTALLED, NODE_AGENTS
from quantos.environment.settings.environment import EnvironmentSettings
from stacks.platform_services.pools import CPU, gpu_pools, queue_pools, sample_groups, worker_group

SURGE_NODES_PER_ZONE: Final = 2
"""By how many EKS lets a node group grow for a zone while it replaces nodes.

Source: https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html
"""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a namespace's pods ask for at their greatest number, as far as the environment file says: cores and GiB."""

    cpu: float = 0.0
    memory_gib: float = 0.0
    storage_gib: float = 0.0


def quota(settings: EnvironmentSettings, name: str, *, spec: NamespaceSpec) -> Quota:
    """A service has its shares; where it needs more, that, and a share for what is beside it.

    Jobs may have all that the pools hold: who gets which part of it, queues decide. Agents run on every node.
    """
    if name == AGENTS:
        return _agents(settings)
    share = settings.platform.quota_share
    if name.startswith(JOBS_PREFIX):
        pools = queue_pools(settings, catalog=load_catalog())
        return Quota(
            cpu=sum(pool.capacity[CPU] for pool in pools),
            memory_gib=sum(pool.capacity[MEMORY] for pool in pools),
            pods=share.pods * spec.share,
            storage_gib=share.storage_gib * spec.share,
        )
    needs = _needs(settings, catalog=load_catalog()).get(name, Needs())
    return Quota(
        cpu=_enough(needs.cpu, share.cpu, shares=spec.share),
        memory_gib=_enough(needs.memory_gib, share.memory_gib, shares=spec.share),
        pods=share.pods * spec.share,
        storage_gib=_enough(needs.storage_gib, share.storage_gib, shares=spec.share),
    )


def most_nodes(settings: EnvironmentSettings) -> int:
    """Nodes that there may be at once: all that the limits allow and the system's, while each group is replaced."""
    groups = len(settings.pools) + 1
    return settings.limits.max_nodes + settings.cluster.system_nodes.nodes + _surge(settings, groups=groups)


def most_gpu_nodes(settings: EnvironmentSettings, *, catalog: Catalog) -> int:
    """As many of them with GPUs: every such pool at its ceiling, and being replaced."""
    pools = gpu_pools(settings, catalog=catalog)
    return sum(pool.ceiling_nodes for pool in pools.values()) + _surge(settings, groups=len(pools))


def _surge(settings: EnvironmentSettings, *, groups: int) -> int:
    return groups * SURGE_NODES_PER_ZONE * len(settings.network.zones)


def _enough(needed: float, share: int, *, shares: int) -> int:
    return max(share * shares, math.ceil(needed) + share)


def _agents(settings: EnvironmentSettings) -> Quota:
    """As many of each as there may be nodes. They keep nothing."""
    counted = (
        (daemon_need({name: NODE_AGENTS[name] for name in INSTALLED}), most_nodes(settings)),
        (daemon_need(GPU_AGENTS), most_gpu_nodes(settings, catalog=load_catalog())),
    )
    return Quota(
        cpu=math.ceil(sum(need.vcpu * nodes for need, nodes in counted)),
        memory_gib=math.ceil(sum(need.memory_gib * nodes for need, nodes in counted)),
        pods=sum(need.pods * nodes for need, nodes in counted),
        storage_gib=0,
    )


def _needs(settings: EnvironmentSettings, *, catalog: Catalog) -> Mapping[str, Needs]:
    platform, bus = settings.platform, settings.bus
    brokers = bus.brokers if bus.kind == redpanda.NAME else 0
    sample_cpu, sample_gib = largest(sample_groups(settings, catalog=catalog))
    served_cpu, served_gib = _served(settings, catalog=catalog)
    coordinators, workers = _rolled(1), _rolled(platform.trino.maximum)
    return {
        "bus": Needs(
            cpu=brokers * redpanda.BROKER_CORES,
            memory_gib=brokers * redpanda.BROKER_GIB,
            storage_gib=brokers * bus.volume_gib,
        ),
        "clickhouse": Needs(storage_gib=clickhouse.disks_gib(platform.replicas, storage_gib=platform.analytics_gib)),
        # A new version runs beside the old one until it answers.
        "inference": Needs(cpu=2 * served_cpu, memory_gib=2 * served_gib),
        MONITORING: Needs(storage_gib=platform.replicas * platform.metrics_gib),
        "ray": Needs(cpu=sample_cpu, memory_gib=sample_gib),
        "trino": Needs(
            cpu=coordinators * COORDINATOR_CPU + workers * platform.trino.cpu,
            memory_gib=(coordinators + workers) * platform.trino.memory_gib,
        ),
    }


def _served(settings: EnvironmentSettings, *, catalog: Catalog) -> tuple[float, float]:
    wanted = settings.platform.inference
    pool = settings.pools[wanted.pool]
    return largest(
        [worker_group(wanted.pool, pool, size=wanted.workers, least=wanted.workers.minimum, catalog=catalog)]
    )


def _rolled(replicas: int) -> int:
    """Pods of a Deployment while it is replaced: a quarter more, as Kubernetes has it unless told otherwise."""
    return replicas + math.ceil(replicas / 4)

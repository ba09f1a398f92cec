"""What the layers below give a cluster, from an environment's settings: nodes at their greatest, and the VPC."""

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Final

from quantos.charts.documents import Document, Grant
from quantos.charts.links.cluster import NodeGroup, Surroundings
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.pools import POOL_LABEL, TaintSettings, node_labels

SYSTEM_NODES: Final = "system"
_EFFECTS: Final = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}


def surroundings(settings: EnvironmentSettings, *, grants: Sequence[Grant]) -> Surroundings:
    """The surroundings of an environment's cluster. `grants` are what its program lets pods do on AWS."""
    pools = [
        NodeGroup(
            name=name,
            count=pool.ceiling_nodes,
            labels=node_labels(name, pool),
            taints=tuple(_taint(each) for each in pool.taints),
        )
        for name, pool in settings.pools.items()
    ]
    system = NodeGroup(name=SYSTEM_NODES, count=settings.cluster.system_nodes.nodes, labels={POOL_LABEL: SYSTEM_NODES})
    return Surroundings(
        vpc=IPv4Network(str(settings.network.cidr)),
        region=settings.region,
        domain=settings.platform.domain,
        endpoint_services=frozenset(settings.network.endpoint_services),
        nodes=(*pools, system),
        grants=tuple(grants),
    )


def _taint(taint: TaintSettings) -> Document:
    return {"key": taint.key, "value": taint.value, "effect": _EFFECTS[taint.effect]}

"""What a node of each pool holds and costs, from the catalog."""

from dataclasses import dataclass

from quantos.allocation.choice import Resources
from quantos.allocation.shapes.node_needs import Allocatable, NodeNeed, ServerNeed, nodes_for_servers, offered
from quantos.catalog.catalog import Catalog
from quantos.contracts.strategy import ServerNeeds, Strategy
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.pools import PoolSettings


@dataclass(frozen=True, kw_only=True)
class NodePrice:
    """A node of a pool: the least that any of its types offers of each resource, and the price of the dearest.

    `node` is what Kubernetes would allocate of it beside what runs on every node, `holds` the same with the pods that
    it may have; in decisions recorded by earlier releases `node` is the whole instance. `spot` nodes may be taken back.
    """

    node: Resources
    holds: Allocatable
    usd_per_hour: float
    spot: bool = False

    @property
    def vcpu(self) -> float:
        """What it offers of it."""
        return self.node.vcpu

    @property
    def usd_per_vcpu_hour(self) -> float:
        """Price of one of its vCPU."""
        return self.usd_per_hour / self.node.vcpu

    def vcpu_for(self, strategy: Strategy) -> float:
        """vCPU of a strategy's demand that it holds, by what it runs out of first; 0 where none of its pods fits."""
        pod = strategy.counted_pod
        if pod is None:
            return self.vcpu
        packing = nodes_for_servers(1, server_need(pod), node=self.holds)
        return packing.servers_per_node * pod.vcpu if isinstance(packing, NodeNeed) else 0.0

    def has_room(self, strategy: Strategy) -> bool:
        """Whether one of a strategy's pods fits, whether its demand is counted in pods or in servers."""
        server = None if strategy.service is None else strategy.service.server
        if server is not None and not isinstance(nodes_for_servers(1, server_need(server), node=self.holds), NodeNeed):
            return False
        return self.vcpu_for(strategy) > 0


def server_need(pod: ServerNeeds) -> ServerNeed:
    """What a pod asks of its node."""
    return ServerNeed(vcpu=pod.vcpu, memory_gib=pod.memory_gib, network_mbps=pod.network_mbps, gpus=pod.gpus)


def node_prices(settings: EnvironmentSettings, catalog: Catalog) -> dict[str, NodePrice]:
    """By pool of the environment.

    Raises:
        CatalogError: a type has no shape, or no price in the environment's region.
    """
    return {pool: _node_price(shape, catalog, region=settings.region) for pool, shape in settings.pools.items()}


def _node_price(pool: PoolSettings, catalog: Catalog, *, region: str) -> NodePrice:
    holds = offered([catalog.shape(name) for name in pool.instance_types])
    return NodePrice(
        node=holds.resources(),
        holds=holds,
        usd_per_hour=max(
            catalog.usd_per_hour(name, capacity_type=pool.capacity_type, region=region) for name in pool.instance_types
        ),
        spot=pool.capacity_type == "SPOT",
    )

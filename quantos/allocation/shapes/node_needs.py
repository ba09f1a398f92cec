"""From servers, or from demand for several resources, to nodes: what a node has to give, and what runs out first."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from quantos.allocation.choice import Resources
from quantos.catalog.catalog import InstanceShape
from quantos.environment.node_agents import Requests, agents_of
from quantos.errors import CapacityError

Resource = Literal["vcpu", "memory", "network", "gpu", "pods"]

_ROUNDING: Final = 1e-9
_MIB_PER_GIB: Final = 1024
_CPU_RESERVE_STEPS: Final = ((1, 0.06), (1, 0.01), (2, 0.005), (math.inf, 0.0025))
_EVICTION_MIB: Final = 100
_UNSEEN_MEMORY_SHARE: Final = 0.075


@dataclass(frozen=True, kw_only=True)
class ServerNeed:
    """What one server (a pod) asks of its node: measured, or what it requests. Zero where it asks for none.

    Raises:
        CapacityError: a need is negative or not finite, or all are zero.
    """

    vcpu: float
    memory_gib: float
    network_mbps: float = 0.0
    gpus: int = 0

    def __post_init__(self) -> None:
        needs = (self.vcpu, self.memory_gib, self.network_mbps, self.gpus)
        if not all(0 <= need < math.inf for need in needs) or not any(needs):
            raise CapacityError(
                f"no server can need this: {self}", remedy="give finite needs, none negative, not all 0"
            )


@dataclass(frozen=True, kw_only=True)
class DaemonNeed:
    """What the pods that run on every node take together, and how many they are."""

    pods: int = 0
    vcpu: float = 0.0
    memory_gib: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Allocatable:
    """What a node has left for servers."""

    vcpu: float
    memory_gib: float
    network_mbps: float
    pods: int
    gpus: int = 0

    def resources(self) -> Resources:
        """All but the count of pods."""
        return Resources(
            vcpu=self.vcpu, memory_gib=self.memory_gib, network_mbps=self.network_mbps, gpus=float(self.gpus)
        )


@dataclass(frozen=True, kw_only=True)
class NodeNeed:
    """Nodes that hold some servers; `binding` is what a node runs out of first."""

    nodes: int
    servers_per_node: int
    binding: Resource


@dataclass(frozen=True, kw_only=True)
class ServerTooLarge:
    """Not one server fits on a node; `detail` is a sentence with the figures."""

    binding: Resource
    detail: str


def max_pods(shape: InstanceShape) -> int:
    """Pods that EKS lets a node of a managed group have: as many as it has addresses for, and at most 110, or 250 on
    nodes of 30 vCPU and more.

    Two pods more than addresses, since network plugin and proxy are on the host's network.
    Source: nodeadm's max-pods by network interfaces, and the cap of managed node groups. Prefixes of addresses, which
    would allow more, are not in use.
    """
    return min(shape.pod_addresses + 2, 110 if shape.vcpu < 30 else 250)


def daemon_need(agents: Mapping[str, Mapping[str, Requests]]) -> DaemonNeed:
    """What the pods of some daemon sets request together."""
    containers = [container for pod in agents.values() for container in pod.values()]
    return DaemonNeed(
        pods=len(agents),
        vcpu=sum(container.millicores for container in containers) / 1000,
        memory_gib=sum(container.memory_mib for container in containers) / _MIB_PER_GIB,
    )


def allocatable(shape: InstanceShape, *, daemons: DaemonNeed | None = None) -> Allocatable:
    """What is left of an instance once the kernel, the kubelet and the daemons have theirs.

    Source: nodeadm of the EKS image reserves 255 MiB and 11 MiB a pod, of each vCPU 6 % of the first, 1 % of the
    second, 0.5 % of two more and 0.25 % of the rest; it evicts below 100 MiB and reserves nothing for the system
    beside; 7.5 % of an instance's memory is not seen by its kernel, at most (what Karpenter takes by default). Network
    is the baseline, which nobody reserves.

    Raises:
        CapacityError: nothing is left.
    """
    pods = max_pods(shape)
    taken = daemons or DaemonNeed()
    reserved_gib = (255 + 11 * pods + _EVICTION_MIB) / _MIB_PER_GIB
    left = Allocatable(
        vcpu=shape.vcpu - _reserved_vcpu(shape.vcpu) - taken.vcpu,
        memory_gib=shape.memory_gib * (1 - _UNSEEN_MEMORY_SHARE) - reserved_gib - taken.memory_gib,
        network_mbps=float(shape.network_mbps),
        pods=pods - taken.pods,
        gpus=shape.gpus,
    )
    if left.vcpu <= 0 or left.memory_gib <= 0 or left.pods <= 0:
        raise CapacityError(
            f"a node of {shape.instance_type} has nothing left for servers: {left}",
            remedy="take a larger type, or fewer daemons",
        )
    return left


def offered(shapes: Sequence[InstanceShape]) -> Allocatable:
    """What any node of a pool has left, whichever of its types it is, beside what runs on every node."""
    left = [allocatable(shape, daemons=daemon_need(agents_of(shape.gpus))) for shape in shapes]
    return Allocatable(
        vcpu=min(item.vcpu for item in left),
        memory_gib=min(item.memory_gib for item in left),
        network_mbps=min(item.network_mbps for item in left),
        pods=min(item.pods for item in left),
        gpus=min(item.gpus for item in left),
    )


def nodes_for_servers(servers: int, need: ServerNeed, *, node: Allocatable) -> NodeNeed | ServerTooLarge:
    """The nodes that hold some equal servers, none split between nodes. Of resources that run out together the first
    of vCPU, memory, network, GPU and pods is named.
    """
    fits: dict[Resource, float] = {
        resource: available / needed for resource, available, needed in _shares(need, node=node) if needed > 0
    }
    if need.gpus:
        fits["gpu"] = node.gpus / need.gpus
    fits["pods"] = float(node.pods)
    binding, most = min(fits.items(), key=lambda item: item[1])
    servers_per_node = math.floor(most + _ROUNDING)
    if servers_per_node < 1:
        return ServerTooLarge(
            binding=binding, detail=f"a node has room for {most:.3g} of one server, for want of {binding}"
        )
    return NodeNeed(nodes=math.ceil(servers / servers_per_node), servers_per_node=servers_per_node, binding=binding)


def _shares(need: ServerNeed, *, node: Allocatable) -> tuple[tuple[Resource, float, float], ...]:
    return (
        ("vcpu", node.vcpu, need.vcpu),
        ("memory", node.memory_gib, need.memory_gib),
        ("network", node.network_mbps, need.network_mbps),
    )


def _reserved_vcpu(vcpu: int) -> float:
    reserved, left = 0.0, float(vcpu)
    for width, share in _CPU_RESERVE_STEPS:
        reserved += share * min(left, width)
        left = max(0.0, left - width)
    return reserved

"""What the replay simulates of the world outside: pods that need nodes, and nodes that take time to be Ready."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from quantos.contracts.demand import DemandSample
from sandbox.autoscaler import autoscale, desired_nodes, group_size
from sandbox.node_pool import NodePool

if TYPE_CHECKING:
    from mypy_boto3_eks import EKSClient


@dataclass
class Pods:
    """Nodes that a workload's pods need; one is kept for `hold_bins` bins after its need."""

    vcpu_per_node: float
    hold_bins: int
    _needed: deque[int] = field(init=False)

    def __post_init__(self) -> None:
        self._needed = deque(maxlen=self.hold_bins + 1)

    def nodes_after(self, demand_vcpu: float | None) -> int:
        """Nodes to ask for after a bin of this demand; unknown demand is taken as unchanged."""
        last = self._needed[-1] if self._needed else 0
        self._needed.append(last if demand_vcpu is None else math.ceil(demand_vcpu / self.vcpu_per_node))
        return max(self._needed)


@dataclass
class Pool:
    """The main pool as its workload sees it: the autoscaler asks for nodes, and they come when they do."""

    client: "EKSClient"
    cluster: str
    group: str
    nodes: NodePool
    pods: Pods
    moves: int = 0
    lowered: int = 0
    _left: int | None = None

    @property
    def vcpu_per_node(self) -> float:
        """Size of a node."""
        return self.pods.vcpu_per_node

    def ready(self, moment: datetime) -> int:
        """Nodes Ready at the start of a bin."""
        return self.nodes.ready(moment)

    def end_bin(self, demand_vcpu: float | None, *, at: datetime) -> None:
        """Let the autoscaler act on the demand of the bin that ends.

        A desired size found below the one left behind was lowered by somebody else, and is counted.
        """
        needed = self.pods.nodes_after(demand_vcpu)
        size = group_size(self.client, self.cluster, group=self.group)
        self.lowered += self._left is not None and size.desired_nodes < self._left
        self._left = desired_nodes(size, needed_nodes=needed)
        if self._left != size.desired_nodes:
            self.moves += len(autoscale(self.client, self.cluster, needed_nodes={self.group: self._left}))
        self.nodes.resize(self._left, at=at)

    def telemetry(self, start: datetime, *, ready: int) -> list[DemandSample]:
        """What the cluster reports as a bin begins: Ready nodes, and the orders made and ended since."""
        level = DemandSample(series="system/nodes-ready", time=start, source=self.group, value=float(ready))
        return [level, *self.nodes.telemetry(start)]


def reactive_ready(
    bins: Iterable[tuple[datetime, datetime, float | None]], nodes: NodePool, pods: Pods, *, floor_nodes: int
) -> Iterator[int]:
    """Nodes Ready in each bin (start, end, demand in vCPU) when an autoscaler acts alone above a fixed floor."""
    for start, end, demand_vcpu in bins:
        yield nodes.ready(start)
        nodes.resize(max(pods.nodes_after(demand_vcpu), floor_nodes), at=end)

"""What the replay simulates of the world outside: pods that need nodes, and nodes that take time to be Ready."""

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from quantos.contracts.demand import DemandSample
from sandbox.autoscaler import autoscale, desired_nodes, group_size

if TYPE_CHECKING:
    from mypy_boto3_eks import EKSClient


@dataclass
class Pool:
    """The main pool as its workload sees it.

    A node ordered at the end of a bin is Ready `lead_bins` + 1 bins later; one given back is gone at once. Hence Ready
    nodes are the least that were desired over that time. The autoscaler keeps a node `hold_bins` bins after its need.
    """

    client: "EKSClient"
    cluster: str
    group: str
    vcpu_per_node: float
    lead_bins: int
    hold_bins: int
    moves: int = 0
    lowered: int = 0
    _left: int | None = None
    _needed: deque[int] = field(init=False)
    _desired: deque[int] = field(init=False)

    def __post_init__(self) -> None:
        self._needed = deque(maxlen=self.hold_bins + 1)
        self._desired = deque(maxlen=self.lead_bins + 1)

    def ready(self) -> int:
        """Nodes Ready in the bin that begins."""
        return min(self._desired, default=0)

    def end_bin(self, demand_vcpu: float | None) -> None:
        """Let the autoscaler act on the demand of the bin that ends; unknown demand is taken as unchanged.

        A desired size found below the one left behind was lowered by somebody else, and is counted.
        """
        last = self._needed[-1] if self._needed else 0
        self._needed.append(last if demand_vcpu is None else math.ceil(demand_vcpu / self.vcpu_per_node))
        size = group_size(self.client, self.cluster, group=self.group)
        self.lowered += self._left is not None and size.desired_nodes < self._left
        self._left = desired_nodes(size, needed_nodes=max(self._needed))
        if self._left != size.desired_nodes:
            self.moves += len(autoscale(self.client, self.cluster, needed_nodes={self.group: self._left}))
        self._desired.append(self._left)

    def telemetry(self, start: datetime, *, ready: int) -> DemandSample:
        """What the cluster reports of the bin: Ready nodes."""
        return DemandSample(series="system/nodes-ready", time=start, source=self.group, value=float(ready))

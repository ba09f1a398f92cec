"""What runs on every node beside its work: the pods of daemon sets, and what each of their containers requests.

The components of the platform layer ask for what is stated here; what EKS's own add-ons ask for is stated as they are
delivered. A planner takes the sum off every node.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Requests:
    """What one container requests; 0 where it states nothing."""

    millicores: int = 0
    memory_mib: int = 0


NODE_EXPORTER: Final = "node-exporter"
LOG_AGENT: Final = "otel-agent"
DISKS: Final = "ebs-csi-node"

INSTALLED: Final = (DISKS, NODE_EXPORTER, LOG_AGENT)
"""Those that the platform layer installs; the others come with EKS."""

NODE_AGENTS: Final[Mapping[str, Mapping[str, Requests]]] = {
    "aws-node": {"aws-node": Requests(millicores=25), "aws-eks-nodeagent": Requests(millicores=25)},
    "kube-proxy": {"kube-proxy": Requests(millicores=100)},
    "eks-pod-identity-agent": {"eks-pod-identity-agent": Requests()},
    DISKS: {
        "node": Requests(millicores=20, memory_mib=64),
        "livenessProbe": Requests(millicores=10, memory_mib=64),
        "nodeDriverRegistrar": Requests(millicores=10, memory_mib=64),
    },
    NODE_EXPORTER: {"node-exporter": Requests(millicores=50, memory_mib=64)},
    LOG_AGENT: {"otel-agent": Requests(millicores=100, memory_mib=256)},
}
"""Containers by pod, on every node of every pool, tainted or not."""

GPU_PLUGIN: Final = "gpu-device-plugin"
GPU_AGENTS: Final[Mapping[str, Mapping[str, Requests]]] = {
    GPU_PLUGIN: {GPU_PLUGIN: Requests(millicores=20, memory_mib=64)}
}
"""Containers by pod, on nodes with GPUs beside all others."""


def agents_of(gpus: int) -> Mapping[str, Mapping[str, Requests]]:
    """What runs on a node that has so many GPUs."""
    return {**NODE_AGENTS, **GPU_AGENTS} if gpus else NODE_AGENTS

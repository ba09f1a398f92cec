"""An actor that moves node groups' desired size through the EKS API, as the Cluster Autoscaler would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from mypy_boto3_eks import EKSClient


@dataclass(frozen=True)
class GroupSize:
    """Sizes of one node group, in nodes."""

    minimum_nodes: int
    desired_nodes: int
    maximum_nodes: int


@dataclass(frozen=True)
class Move:
    """One change of a node group's desired size, in nodes."""

    cluster: str
    group: str
    before_nodes: int
    after_nodes: int


def desired_nodes(size: GroupSize, *, needed_nodes: int) -> int:
    """Nodes that the Cluster Autoscaler would ask for: what pods need, inside the group's limits.

    Source: Cluster Autoscaler FAQ: it never leaves the limits by itself, and it comes back into limits that moved.

    Raises:
        SandboxError: fewer than no nodes are needed, or the limits cross.
    """
    if needed_nodes < 0 or size.minimum_nodes > size.maximum_nodes:
        raise SandboxError(
            f"no size fits {needed_nodes} nodes between {size.minimum_nodes} and {size.maximum_nodes}",
            remedy="correct the need or the node group's limits",
        )
    return max(size.minimum_nodes, min(needed_nodes, size.maximum_nodes))


def group_size(client: EKSClient, cluster: str, *, group: str) -> GroupSize:
    """The sizes that EKS has now."""
    scaling = client.describe_nodegroup(clusterName=cluster, nodegroupName=group)["nodegroup"]["scalingConfig"]
    return GroupSize(scaling["minSize"], scaling["desiredSize"], scaling["maxSize"])


def autoscale(client: EKSClient, cluster: str, *, needed_nodes: Mapping[str, int]) -> list[Move]:
    """Move the desired size of each group to what is needed of it, and nothing else, behind Pulumi's back.

    Args:
        client: of the account which the groups are in; the sandbox's by its environment.
        cluster: name of the EKS cluster.
        needed_nodes: nodes that pods need, by group name.

    Returns:
        The moves made; a group which has its size already is left alone.
    """
    moves: list[Move] = []
    for group, needed in needed_nodes.items():
        size = group_size(client, cluster, group=group)
        wanted = desired_nodes(size, needed_nodes=needed)
        if wanted != size.desired_nodes:
            client.update_nodegroup_config(
                clusterName=cluster, nodegroupName=group, scalingConfig={"desiredSize": wanted}
            )
            moves.append(Move(cluster, group, size.desired_nodes, wanted))
    return moves

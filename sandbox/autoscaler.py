"""A small stand-in for the Cluster Autoscaler: moves desired sizes through the API, behind Pulumi's back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_eks import EKSClient


def desired_nodes(needed: int, *, minimum: int, maximum: int) -> int:
    """As many nodes as the pods need, within the group's bounds."""
    return max(minimum, min(needed, maximum))


@dataclass(frozen=True)
class Move:
    """A desired size as the autoscaler found it and as it left it."""

    found: int
    left: int

    @property
    def moved(self) -> bool:
        """Whether the API was called to change it."""
        return self.found != self.left


@dataclass(frozen=True)
class Autoscaler:
    """Acts on the node groups of one cluster."""

    client: "EKSClient"
    cluster: str

    def act(self, group: str, *, needed: int) -> Move:
        """Set the group's desired size to what `needed` nodes come to within its bounds."""
        found = self.client.describe_nodegroup(clusterName=self.cluster, nodegroupName=group)["nodegroup"]
        scaling = found.get("scalingConfig", {})
        present = scaling.get("desiredSize", 0)
        wanted = desired_nodes(needed, minimum=scaling.get("minSize", 0), maximum=scaling.get("maxSize", 1))
        if wanted != present:
            self.client.update_nodegroup_config(
                clusterName=self.cluster, nodegroupName=group, scalingConfig={"desiredSize": wanted}
            )
        return Move(found=present, left=wanted)

"""Node groups as EKS reports them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from quantos.capacity.ports import GroupSize
from quantos.errors import CapacityError

if TYPE_CHECKING:
    from mypy_boto3_eks import EKSClient


@dataclass(frozen=True)
class EksNodeGroups:
    """Reads the node groups of one cluster."""

    client: "EKSClient"
    cluster: str

    def sizes(self, names: Mapping[str, str]) -> dict[str, GroupSize]:
        """Sizes by pool, given group names by pool. Raises CapacityError when a group is gone."""
        return {pool: self._size(name) for pool, name in names.items()}

    def _size(self, name: str) -> GroupSize:
        try:
            group = self.client.describe_nodegroup(clusterName=self.cluster, nodegroupName=name)["nodegroup"]
        except (BotoCoreError, ClientError) as exc:
            raise CapacityError(
                f"node group {name} of cluster {self.cluster} could not be read: {exc}",
                remedy="run `quantos up` for the capacity layer, which creates what is missing",
            ) from exc
        scaling = group.get("scalingConfig", {})
        return GroupSize(
            minimum=scaling.get("minSize", 0), maximum=scaling.get("maxSize", 0), desired=scaling.get("desiredSize", 0)
        )

"""Node groups as EKS reports them, found by their tags."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantos.adapters.aws import AWS
from quantos.capacity.resize.ports import GroupSize
from quantos.errors import CapacityError
from quantos.rounds import every
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_eks import EKSClient
    from mypy_boto3_eks.type_defs import NodegroupTypeDef

POOL_TAG = "pool"


@dataclass(frozen=True)
class EksNodeGroups:
    """Reads the elastic pools of one cluster; `pools` are the names that count, which leaves system nodes out."""

    client: "EKSClient"
    cluster: str
    pools: frozenset[str]

    def sizes(self) -> dict[str, GroupSize]:
        """Sizes by pool. Raises CapacityError when they cannot be read, or two groups say they are one pool."""
        sizes: dict[str, GroupSize] = {}
        for pool, group in self._groups():
            if pool in sizes:
                raise CapacityError(
                    f"two node groups of cluster {self.cluster} are tagged as pool {pool}",
                    remedy="finish or undo the replacement under way with `quantos up`",
                )
            sizes[pool] = _size(group)
        return sizes

    def single_sizes(self) -> dict[str, GroupSize]:
        """Sizes of the pools that one node group alone is tagged as. Raises CapacityError when they cannot be read.

        While a group is replaced there are two of its pool, and nothing can be said of either by the pool's name.
        """
        groups = list(self._groups())
        tagged = Counter(pool for pool, _ in groups)
        return {pool: _size(group) for pool, group in groups if tagged[pool] == 1}

    def names(self) -> dict[str, str]:
        """Node group names by pool. Raises CapacityError when they cannot be read."""
        return {pool: group.get("nodegroupName", "") for pool, group in self._groups()}

    def _groups(self) -> Iterator[tuple[str, "NodegroupTypeDef"]]:
        with translated(
            AWS,
            into=CapacityError,
            what=f"the node groups of cluster {self.cluster} could not be read",
            remedy="check that the foundation and capacity layers are up and that this role may read them",
        ):
            pages = self.client.get_paginator("list_nodegroups").paginate(clusterName=self.cluster)
            names = [name for page in pages for name in page["nodegroups"]]
            for group in every(self._described, names):
                pool = group.get("tags", {}).get(POOL_TAG, "")
                if pool in self.pools:
                    yield pool, group

    def _described(self, name: str) -> "NodegroupTypeDef":
        return self.client.describe_nodegroup(clusterName=self.cluster, nodegroupName=name)["nodegroup"]


def _size(group: "NodegroupTypeDef") -> GroupSize:
    scaling = group.get("scalingConfig", {})
    return GroupSize(
        minimum=scaling.get("minSize", 0), maximum=scaling.get("maxSize", 0), desired=scaling.get("desiredSize", 0)
    )

"""`eks:index:ManagedNodeGroup`: nodes of a cluster that EKS manages."""

from __future__ import annotations

from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from sandbox.providers.eks.component import EksComponent
from sandbox.providers.eks.references import eks_cluster_of, subnet_ids_of

_PASSED = {
    "amiType": "ami_type",
    "capacityType": "capacity_type",
    "diskSize": "disk_size",
    "forceUpdateVersion": "force_update_version",
    "instanceTypes": "instance_types",
    "labels": "labels",
    "launchTemplate": "launch_template",
    "nodeGroupName": "node_group_name",
    "nodeGroupNamePrefix": "node_group_name_prefix",
    "releaseVersion": "release_version",
    "remoteAccess": "remote_access",
    "tags": "tags",
    "taints": "taints",
    "version": "version",
}
_SIZES = aws.eks.NodeGroupScalingConfigArgs(desired_size=2, min_size=1, max_size=2)


class ManagedNodeGroup(EksComponent):
    """A node group on the cluster's subnets, of one to two nodes where no size is given."""

    TOKEN: ClassVar[str] = "eks:index:ManagedNodeGroup"  # noqa: S105  a type token
    MODELLED: ClassVar[frozenset[str]] = frozenset(
        {
            *_PASSED,
            "cluster",
            "clusterName",
            "ignoreScalingChanges",
            "nodeRole",
            "nodeRoleArn",
            "scalingConfig",
            "subnetIds",
        }
    )
    OUTPUTS: ClassVar[frozenset[str]] = frozenset({"nodeGroup", "placementGroupName"})

    def built(self) -> dict[str, Any]:
        """The node group. Raises ValueError without a role, or with two."""
        given = self.given
        if (given.get("nodeRole") is None) == (given.get("nodeRoleArn") is None):
            raise ValueError(f"{self.component_name}: give either nodeRole or nodeRoleArn")
        role = given.get("nodeRole")
        options = self.child
        if given.get("ignoreScalingChanges"):
            ignoring = pulumi.ResourceOptions(ignore_changes=["scalingConfig.desiredSize"])
            options = pulumi.ResourceOptions.merge(options, ignoring)
        group = aws.eks.NodeGroup(
            self.component_name,
            cluster_name=given.get("clusterName") or eks_cluster_of(given["cluster"]).name,
            node_role_arn=pulumi.Output.from_input(role).arn if role is not None else given.get("nodeRoleArn"),
            scaling_config=given.get("scalingConfig") or _SIZES,
            subnet_ids=given.get("subnetIds") or subnet_ids_of(given["cluster"]),
            opts=options,
            **{python: given[wire] for wire, python in _PASSED.items() if given.get(wire) is not None},
        )
        return {"nodeGroup": group, "placementGroupName": ""}

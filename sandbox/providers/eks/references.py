"""What a component was given instead of a name: a cluster, or the core of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
from pulumi_eks import outputs


def eks_cluster_of(cluster: Any) -> pulumi.Output[aws.eks.Cluster]:  # noqa: ANN401  a component or its core
    """The control plane of an `eks.Cluster` or of its `core`."""
    return pulumi.Output.from_input(cluster).apply(
        lambda resolved: resolved.eks_cluster if isinstance(resolved, eks.Cluster) else _core(resolved)[0]
    )


def subnet_ids_of(cluster: Any) -> pulumi.Output[list[str]]:  # noqa: ANN401  a component or its core
    """The subnets of an `eks.Cluster` or of its `core`."""
    return pulumi.Output.from_input(cluster).apply(
        lambda resolved: (
            resolved.core.apply(lambda core: _core(core)[1])
            if isinstance(resolved, eks.Cluster)
            else _core(resolved)[1]
        )
    )


def _core(core: object) -> tuple[Any, Any]:
    """Control plane and subnets of a core, typed or as it came over the wire."""
    if isinstance(core, outputs.CoreData):
        return core.cluster, core.subnet_ids
    if isinstance(core, Mapping) and {"cluster", "subnetIds"} <= core.keys():
        return core["cluster"], core["subnetIds"]
    raise ValueError("cluster is neither an eks.Cluster nor the core of one")

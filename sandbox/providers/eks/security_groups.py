"""Security groups of a cluster and of its nodes."""

from __future__ import annotations

from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from sandbox.providers.eks.component import EksComponent

_ANYWHERE = ["0.0.0.0/0"]


def internet_egress(name: str, *, group_id: pulumi.Input[str], child: pulumi.ResourceOptions) -> None:
    """Let a group's members reach anything."""
    aws.ec2.SecurityGroupRule(
        name,
        type="egress",
        protocol="-1",
        from_port=0,
        to_port=0,
        cidr_blocks=_ANYWHERE,
        security_group_id=group_id,
        description="Allow internet access.",
        opts=child,
    )


def node_security_group(
    name: str,
    *,
    vpc_id: Any,  # noqa: ANN401  inputs of a component
    cluster_group_id: pulumi.Input[str],
    tags: pulumi.Output[dict[str, str]],
    child: pulumi.ResourceOptions,
) -> tuple[aws.ec2.SecurityGroup, aws.ec2.SecurityGroupRule]:
    """The group of nodes, which reach each other and are reached by the control plane, and the rule to reach that."""
    nodes = aws.ec2.SecurityGroup(f"{name}-nodeSecurityGroup", vpc_id=vpc_id, tags=tags, opts=child)
    rules: tuple[tuple[str, dict[str, Any]], ...] = (
        ("eksNodeIngressRule", {"protocol": "-1", "from_port": 0, "to_port": 0, "self": True}),
        (
            "eksNodeClusterIngressRule",
            {"protocol": "tcp", "from_port": 1025, "to_port": 65535, "source_security_group_id": cluster_group_id},
        ),
        (
            "eksExtApiServerClusterIngressRule",
            {"protocol": "tcp", "from_port": 443, "to_port": 443, "source_security_group_id": cluster_group_id},
        ),
    )
    for suffix, rule in rules:
        aws.ec2.SecurityGroupRule(f"{name}-{suffix}", type="ingress", security_group_id=nodes.id, opts=child, **rule)
    internet_egress(f"{name}-eksNodeInternetEgressRule", group_id=nodes.id, child=child)
    reaching = aws.ec2.SecurityGroupRule(
        f"{name}-eksClusterIngressRule",
        type="ingress",
        protocol="tcp",
        from_port=443,
        to_port=443,
        security_group_id=cluster_group_id,
        source_security_group_id=nodes.id,
        description="Allow pods to communicate with the cluster API Server",
        opts=child,
    )
    return nodes, reaching


class NodeGroupSecurityGroup(EksComponent):
    """`eks:index:NodeGroupSecurityGroup`: a group for nodes of a cluster that was made without one."""

    TOKEN: ClassVar[str] = "eks:index:NodeGroupSecurityGroup"  # noqa: S105  a type token
    MODELLED: ClassVar[frozenset[str]] = frozenset({"clusterSecurityGroup", "eksCluster", "tags", "vpcId"})
    OUTPUTS: ClassVar[frozenset[str]] = frozenset({"securityGroup", "securityGroupRule"})

    def built(self) -> dict[str, Any]:
        """The group and its rule."""
        cluster = pulumi.Output.from_input(self.given["eksCluster"])
        own = pulumi.Output.all(cluster.name, self.given.get("tags") or {}).apply(
            lambda made: {f"kubernetes.io/cluster/{made[0]}": "owned", **made[1]}
        )
        group, rule = node_security_group(
            self.component_name,
            vpc_id=self.given["vpcId"],
            cluster_group_id=pulumi.Output.from_input(self.given["clusterSecurityGroup"]).id,
            tags=own,
            child=self.child,
        )
        return {"securityGroup": group, "securityGroupRule": rule}

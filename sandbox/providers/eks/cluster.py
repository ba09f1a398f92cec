"""`eks:index:Cluster`: a control plane with roles, security groups, add-ons and an OIDC provider, and no nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

MODELLED = frozenset(
    {
        "authenticationMode",
        "bootstrapSelfManagedAddons",
        "clusterSecurityGroupTags",
        "clusterTags",
        "createInstanceRole",
        "createOidcProvider",
        "deletionProtection",
        "enabledClusterLogTypes",
        "encryptionConfigKeyArn",
        "endpointPrivateAccess",
        "endpointPublicAccess",
        "kubernetesServiceIpAddressRange",
        "name",
        "nodeAssociatePublicIpAddress",
        "nodeSecurityGroupTags",
        "privateSubnetIds",
        "publicAccessCidrs",
        "publicSubnetIds",
        "skipDefaultNodeGroup",
        "skipDefaultSecurityGroups",
        "subnetIds",
        "tags",
        "useDefaultVpcCni",
        "version",
        "vpcId",
    }
)
"""Inputs that the stand-in honours; `nodeAssociatePublicIpAddress` concerns default nodes, of which it has none."""

_CLUSTER_POLICIES = ("AmazonEKSClusterPolicy",)
_NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly")
_THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
"""Of the root certificate of EKS's issuers; IAM has not looked at it since 2023."""


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def kubeconfig(name: str, *, endpoint: str, certificate: str, region: str) -> dict[str, Any]:
    """What `aws eks update-kubeconfig` writes: the token comes from the AWS CLI at each use."""
    command = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": command}}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "aws",
        "clusters": [
            {"name": "kubernetes", "cluster": {"server": endpoint, "certificate-authority-data": certificate}}
        ],
        "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
        "users": [{"name": "aws", "user": user}],
    }


def _issuer(identities: Any) -> str:  # noqa: ANN401  an output class of the SDK with optional members all the way
    return str(identities[0].oidcs[0].issuer)


class Cluster(pulumi.ComponentResource):
    """A cluster as pulumi-eks makes it without default nodes; `outputs` are those of the real component."""

    outputs: dict[str, Any]

    def __init__(self, name: str, given: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        super().__init__("eks:index:Cluster", name, None, opts)
        self._name = name
        self._given = given
        self._child = pulumi.ResourceOptions(parent=self)
        self._subnets = self._all_subnets()
        service_role = self._role("eksRole", service="eks.amazonaws.com", policies=_CLUSTER_POLICIES)
        node_roles = self._node_roles()
        default_groups = not given.get("skipDefaultSecurityGroups")
        own_group = self._own_group() if default_groups else None
        self._cluster = self._control_plane(service_role, own_group)
        group_id = own_group.id if own_group else self._cluster.vpc_config.cluster_security_group_id
        self._addons()
        config = pulumi.Output.all(
            self._cluster.name, self._cluster.endpoint, self._cluster.certificate_authority.data, self._cluster.region
        ).apply(lambda made: kubeconfig(made[0], endpoint=made[1], certificate=made[2], region=made[3]))
        self.outputs = {
            "eksCluster": self._cluster,
            "clusterSecurityGroupId": group_id,
            "kubeconfig": config,
            "kubeconfigJson": config.apply(json.dumps),
            "instanceRoles": node_roles,
            "clusterIngressRuleId": "",
            "nodeSecurityGroupId": "",
            "defaultNodeGroupAsgName": "",
            "fargateProfileId": "",
            "fargateProfileStatus": "",
            "autoModeNodeRoleName": "",
            **self._identity(),
        }
        if own_group is not None:
            self.outputs |= self._node_group_access(own_group)
        self.outputs["core"] = self._core(service_role, config, group_id=group_id)
        self.register_outputs(self.outputs)

    def _all_subnets(self) -> pulumi.Output[list[str]]:
        lists = [
            self._given[key] for key in ("subnetIds", "publicSubnetIds", "privateSubnetIds") if self._given.get(key)
        ]
        return pulumi.Output.all(*lists).apply(lambda found: [subnet for part in found for subnet in part])

    def _role(self, suffix: str, *, service: str, policies: tuple[str, ...]) -> aws.iam.Role:
        role = aws.iam.Role(
            f"{self._name}-{suffix}-role",
            assume_role_policy=_trust(service),
            tags=self._given.get("tags"),
            opts=self._child,
        )
        for policy in policies:
            aws.iam.RolePolicyAttachment(
                f"{self._name}-{suffix}-{policy}",
                role=role.name,
                policy_arn=f"arn:aws:iam::aws:policy/{policy}",
                opts=self._child,
            )
        return role

    def _node_roles(self) -> list[aws.iam.Role]:
        if self._given.get("createInstanceRole") is False:
            return []
        return [self._role("instanceRole", service="ec2.amazonaws.com", policies=_NODE_POLICIES)]

    def _own_group(self) -> aws.ec2.SecurityGroup:
        out = [{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}]
        return aws.ec2.SecurityGroup(
            f"{self._name}-eksClusterSecurityGroup",
            vpc_id=self._given.get("vpcId"),
            egress=out,
            tags=self._tags("clusterSecurityGroupTags"),
            opts=self._child,
        )

    def _tags(self, more: str) -> pulumi.Output[dict[str, str]]:
        own = pulumi.Output.from_input(self._given.get("tags") or {})
        extra = pulumi.Output.from_input(self._given.get(more) or {})
        return pulumi.Output.all(own, extra).apply(lambda tags: {**tags[0], **tags[1]})

    def _control_plane(self, role: aws.iam.Role, own_group: aws.ec2.SecurityGroup | None) -> aws.eks.Cluster:
        given = self._given
        vpc_config = aws.eks.ClusterVpcConfigArgs(
            subnet_ids=self._subnets,
            endpoint_private_access=given.get("endpointPrivateAccess"),
            endpoint_public_access=given.get("endpointPublicAccess"),
            public_access_cidrs=given.get("publicAccessCidrs"),
            security_group_ids=[own_group.id] if own_group else None,
        )
        mode = given.get("authenticationMode") or "CONFIG_MAP"
        key, cidr = given.get("encryptionConfigKeyArn"), given.get("kubernetesServiceIpAddressRange")
        provider = aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=key or "")
        encryption = aws.eks.ClusterEncryptionConfigArgs(provider=provider, resources=["secrets"]) if key else None
        network = aws.eks.ClusterKubernetesNetworkConfigArgs(service_ipv4_cidr=cidr) if cidr else None
        return aws.eks.Cluster(
            f"{self._name}-eksCluster",
            name=given.get("name"),
            role_arn=role.arn,
            version=given.get("version"),
            vpc_config=vpc_config,
            access_config={"authentication_mode": mode, "bootstrap_cluster_creator_admin_permissions": True},
            enabled_cluster_log_types=given.get("enabledClusterLogTypes"),
            encryption_config=encryption,
            kubernetes_network_config=network,
            bootstrap_self_managed_addons=given.get("bootstrapSelfManagedAddons"),
            deletion_protection=given.get("deletionProtection"),
            tags=self._tags("clusterTags"),
            opts=self._child,
        )

    def _addons(self) -> None:
        names = (
            ("coredns", "kube-proxy") if self._given.get("useDefaultVpcCni") else ("vpc-cni", "coredns", "kube-proxy")
        )
        for addon in names:
            aws.eks.Addon(
                f"{self._name}-{addon}",
                cluster_name=self._cluster.name,
                addon_name=addon,
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                tags=self._given.get("tags"),
                opts=self._child,
            )

    def _identity(self) -> dict[str, Any]:
        issuer = self._cluster.identities.apply(_issuer)
        shown: dict[str, Any] = {"oidcIssuer": issuer.apply(lambda url: url.removeprefix("https://"))}
        if not self._given.get("createOidcProvider"):
            return {**shown, "oidcProviderArn": "", "oidcProviderUrl": ""}
        provider = aws.iam.OpenIdConnectProvider(
            f"{self._name}-oidcProvider",
            url=issuer,
            client_id_lists=["sts.amazonaws.com"],
            thumbprint_lists=[_THUMBPRINT],
            opts=self._child,
        )
        return {**shown, "oidcProviderArn": provider.arn, "oidcProviderUrl": provider.url}

    def _node_group_access(self, own_group: aws.ec2.SecurityGroup) -> dict[str, Any]:
        out = [{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}]
        rule_of = aws.ec2.SecurityGroupIngressArgs
        among = [
            rule_of(protocol="-1", from_port=0, to_port=0, self=True),
            rule_of(protocol="tcp", from_port=1025, to_port=65535, security_groups=[own_group.id]),
            rule_of(protocol="tcp", from_port=443, to_port=443, security_groups=[own_group.id]),
        ]
        nodes = aws.ec2.SecurityGroup(
            f"{self._name}-nodeSecurityGroup",
            vpc_id=self._given.get("vpcId"),
            ingress=among,
            egress=out,
            tags=self._tags("nodeSecurityGroupTags"),
            opts=self._child,
        )
        rule = aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-eksClusterIngressRule",
            security_group_id=own_group.id,
            referenced_security_group_id=nodes.id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            description="Allow pods to communicate with the cluster API Server",
            opts=self._child,
        )
        return {
            "clusterSecurityGroup": own_group,
            "nodeSecurityGroup": nodes,
            "nodeSecurityGroupId": nodes.id,
            "clusterIngressRuleId": rule.id,
        }

    def _core(self, role: aws.iam.Role, config: pulumi.Output[Any], *, group_id: pulumi.Output[str]) -> dict[str, Any]:
        del group_id
        return {
            "cluster": self._cluster,
            "clusterIamRole": role,
            "endpoint": self._cluster.endpoint,
            "instanceRoles": self.outputs["instanceRoles"],
            "kubeconfig": config,
            "subnetIds": self._subnets,
            "publicSubnetIds": self._given.get("publicSubnetIds"),
            "privateSubnetIds": self._given.get("privateSubnetIds"),
            "vpcId": self._cluster.vpc_config.vpc_id,
            "tags": self._given.get("tags"),
            "nodeGroupOptions": {},
        }

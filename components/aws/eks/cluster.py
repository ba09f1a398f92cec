"""The EKS cluster: control plane, its add-ons, who administers it, and the fixed nodes of its own services."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from components.aws.eks.system_nodes import SystemNodes, SystemNodesArgs
from components.aws.iam.service_role import ServiceRole, ServiceRoleArgs
from components.aws.iam.statements import assume_role_document

NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly")
IAM = "arn:aws:iam::"
ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
DNS = "coredns"
NETWORK = "vpc-cni"
ADDONS: Mapping[str, Mapping[str, object]] = {
    NETWORK: {"enableNetworkPolicy": "true"},
    "kube-proxy": {},
    "eks-pod-identity-agent": {},
    DNS: {},
}
"""Configuration of each managed add-on; network policies are enforced by the network plugin itself."""
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """The API is always reachable from inside the VPC; from outside only by `public_access_cidrs`, where any.

    `addon_versions` has a version for each of `ADDONS`; `admin_role_arns` are roles that may do everything inside.
    """

    cluster_name: str
    account_id: str
    kubernetes_version: str
    addon_versions: Mapping[str, str]
    admin_role_arns: Sequence[str]
    system_instance_types: Sequence[str]
    system_nodes: int
    system_disk_gib: int
    vpc_id: pulumi.Input[str]
    public_subnet_ids: Sequence[pulumi.Input[str]]
    private_subnet_ids: Sequence[pulumi.Input[str]]
    public_endpoint: bool
    public_access_cidrs: Sequence[str]
    kms_key_arn: pulumi.Input[str]
    log_retention_days: int
    deletion_protection: bool
    tags: Mapping[str, str]


class Cluster(pulumi.ComponentResource):
    """A control plane with access by API entries only, encrypted secrets and every log kept, and its system nodes.

    Outputs: `cluster_name`, `endpoint`, `certificate_authority` (base64), `oidc_provider_arn`; `security_group_id`,
    which every node and the control plane are in; `node_role_arn`, the role that every node takes.

    Guarded by the security and cost packs, since its objects are plain.
    """

    cluster_name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    oidc_provider_arn: pulumi.Output[str]
    node_role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/eks:Cluster", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        cluster = self._control_plane()
        self.cluster_name = cluster.eks_cluster.apply(lambda made: made.name)
        self.endpoint = cluster.eks_cluster.apply(lambda made: made.endpoint)
        self.certificate_authority = cluster.eks_cluster.apply(lambda made: made.certificate_authority.data)
        self.security_group_id = cluster.eks_cluster.apply(lambda made: made.vpc_config.cluster_security_group_id)
        self.oidc_provider_arn = cluster.oidc_provider_arn
        self.node_role_arn = self._node_role().arn
        before = [self._addon(addon, after=[]) for addon in ADDONS if addon != DNS]
        self._addon(DNS, after=[self._system_nodes(after=before)])
        self.register_outputs(
            {
                "clusterName": self.cluster_name,
                "endpoint": self.endpoint,
                "certificateAuthority": self.certificate_authority,
                "securityGroupId": self.security_group_id,
                "oidcProviderArn": self.oidc_provider_arn,
                "nodeRoleArn": self.node_role_arn,
            }
        )

    def _addon(self, addon: str, *, after: Sequence[pulumi.Resource]) -> aws.eks.Addon:
        configuration = ADDONS[addon]
        return aws.eks.Addon(
            f"{self._name}-{addon}",
            cluster_name=self.cluster_name,
            addon_name=addon,
            addon_version=self._args.addon_versions[addon],
            configuration_values=json.dumps(configuration) if configuration else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags=self._args.tags,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=after)),
        )

    def _system_nodes(self, *, after: Sequence[pulumi.Resource]) -> SystemNodes:
        args = self._args
        return SystemNodes(
            f"{self._name}-system",
            SystemNodesArgs(
                group_name=f"{args.cluster_name}-system",
                cluster_name=self.cluster_name,
                node_role_arn=self.node_role_arn,
                subnet_ids=args.private_subnet_ids,
                instance_types=args.system_instance_types,
                nodes=args.system_nodes,
                disk_gib=args.system_disk_gib,
                kms_key_arn=args.kms_key_arn,
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=after)),
        )

    def _control_plane(self) -> eks.Cluster:
        args = self._args
        logs = aws.cloudwatch.LogGroup(
            f"{self._name}-control-plane",
            name=f"/aws/eks/{args.cluster_name}/cluster",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.kms_key_arn,
            tags=args.tags,
            opts=self._child,
        )
        return eks.Cluster(
            self._name,
            name=args.cluster_name,
            version=args.kubernetes_version,
            vpc_id=args.vpc_id,
            public_subnet_ids=args.public_subnet_ids,
            private_subnet_ids=args.private_subnet_ids,
            authentication_mode=eks.AuthenticationMode.API,
            access_entries=administrators(args.admin_role_arns, account_id=args.account_id),
            bootstrap_self_managed_addons=False,
            use_default_vpc_cni=True,
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(enabled=False),
            coredns_addon_options=eks.CoreDnsAddonOptionsArgs(enabled=False),
            skip_default_node_group=True,
            skip_default_security_groups=True,
            create_oidc_provider=True,
            endpoint_private_access=True,
            endpoint_public_access=args.public_endpoint,
            public_access_cidrs=args.public_access_cidrs or None,
            enabled_cluster_log_types=LOG_TYPES,
            encryption_config_key_arn=args.kms_key_arn,
            node_associate_public_ip_address=False,
            deletion_protection=args.deletion_protection,
            tags=args.tags,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[logs])),
        )

    def _node_role(self) -> ServiceRole:
        return ServiceRole(
            f"{self._name}-node",
            ServiceRoleArgs(
                role_name=f"{self._args.cluster_name}-node",
                trust_policy=assume_role_document("ec2.amazonaws.com"),
                managed_policies={policy: f"arn:aws:iam::aws:policy/{policy}" for policy in NODE_POLICIES},
                tags=self._args.tags,
            ),
            opts=self._child,
        )


def administrators(role_arns: Sequence[str], *, account_id: str) -> dict[str, eks.AccessEntryArgs]:
    """An access entry for each role: by its name where it stands in this account under no path, else by all of these.

    A role of another account or path may have the same name. A key that changed would be a second entry for the role,
    which EKS refuses while the first stands.
    """
    return {arn.removeprefix(f"{IAM}{account_id}:role/").removeprefix(IAM): _administrator(arn) for arn in role_arns}


def _administrator(role_arn: str) -> eks.AccessEntryArgs:
    everywhere = aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster")
    admin = eks.AccessPolicyAssociationArgs(policy_arn=ADMIN_POLICY, access_scope=everywhere)
    return eks.AccessEntryArgs(principal_arn=role_arn, access_policies={"admin": admin})

"""`eks:index:Cluster`: a control plane with roles, security groups, add-ons and an OIDC provider, and no nodes."""

from __future__ import annotations

import importlib.metadata
import json
from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from sandbox.providers.eks.access import API, CONFIG_MAP, access_entries, check_mode, node_access, supports
from sandbox.providers.eks.addons import VpcCniAddon
from sandbox.providers.eks.component import EksComponent
from sandbox.providers.eks.kubeconfig import kubeconfig
from sandbox.providers.eks.roles import CLUSTER_POLICIES, NODE_POLICIES, service_role
from sandbox.providers.eks.security_groups import internet_egress, node_security_group

_THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
"""Of the root certificate of EKS's issuers; IAM has not looked at it since 2023."""


def _issuer(identities: Any) -> str:  # noqa: ANN401  an output class of the SDK with optional members all the way
    return str(identities[0].oidcs[0].issuer)


class Cluster(EksComponent):
    """A cluster as pulumi-eks makes it without default nodes."""

    TOKEN: ClassVar[str] = "eks:index:Cluster"  # noqa: S105  a type token
    MODELLED: ClassVar[frozenset[str]] = frozenset(
        {
            "accessEntries",
            "authenticationMode",
            "bootstrapSelfManagedAddons",
            "clusterSecurityGroupTags",
            "clusterTags",
            "corednsAddonOptions",
            "createInstanceRole",
            "createOidcProvider",
            "deletionProtection",
            "enabledClusterLogTypes",
            "encryptionConfigKeyArn",
            "endpointPrivateAccess",
            "endpointPublicAccess",
            "kubeProxyAddonOptions",
            "kubernetesServiceIpAddressRange",
            "name",
            "nodeAssociatePublicIpAddress",
            "nodeSecurityGroupTags",
            "privateSubnetIds",
            "publicAccessCidrs",
            "publicSubnetIds",
            "roleMappings",
            "skipDefaultNodeGroup",
            "skipDefaultSecurityGroups",
            "subnetIds",
            "tags",
            "useDefaultVpcCni",
            "userMappings",
            "version",
            "vpcId",
        }
    )
    """`nodeAssociatePublicIpAddress` and `corednsAddonOptions` concern default nodes, of which there are none."""
    OUTPUTS: ClassVar[frozenset[str]] = frozenset(
        {
            "autoModeNodeRoleName",
            "awsProvider",
            "clusterIngressRuleId",
            "clusterSecurityGroup",
            "clusterSecurityGroupId",
            "core",
            "defaultNodeGroup",
            "defaultNodeGroupAsgName",
            "eksCluster",
            "eksClusterIngressRule",
            "fargateProfileId",
            "fargateProfileStatus",
            "instanceRoles",
            "kubeconfig",
            "kubeconfigJson",
            "nodeSecurityGroup",
            "nodeSecurityGroupId",
            "oidcIssuer",
            "oidcProviderArn",
            "oidcProviderUrl",
        }
    )
    CORE: ClassVar[frozenset[str]] = frozenset(
        {
            "accessEntries",
            "awsProvider",
            "cluster",
            "clusterIamRole",
            "clusterSecurityGroup",
            "eksNodeAccess",
            "encryptionConfig",
            "endpoint",
            "fargateProfile",
            "instanceRoles",
            "kubeconfig",
            "nodeGroupOptions",
            "nodeSecurityGroupTags",
            "oidcProvider",
            "privateSubnetIds",
            "provider",
            "publicSubnetIds",
            "storageClasses",
            "subnetIds",
            "tags",
            "vpcCni",
            "vpcId",
        }
    )

    def built(self) -> dict[str, Any]:
        """Control plane first, then what hangs on it. Raises ValueError where the authentication mode does not fit."""
        check_mode(self.given)
        name, given = self.component_name, self.given
        self._subnets = self._all_subnets()
        self._service_role = service_role(
            f"{name}-eksRole",
            service="eks.amazonaws.com",
            policies=CLUSTER_POLICIES,
            actions=("sts:AssumeRole", "sts:TagSession"),
            tags=given.get("tags"),
            child=self.child,
        )
        own_group = None if given.get("skipDefaultSecurityGroups") else self._own_group()
        self._cluster = self._control_plane(own_group)
        self._kubeconfig = pulumi.Output.all(
            self._cluster.name, self._cluster.endpoint, self._cluster.certificate_authority.data, self._cluster.region
        ).apply(lambda made: kubeconfig(made[0], endpoint=made[1], certificate=made[2], region=made[3]))
        groups = self._groups(own_group)
        core = self._core(own_group, groups)
        if core.keys() != self.CORE:
            raise ValueError(f"core of the stand-in does not give what it lists: {sorted(core.keys() ^ self.CORE)}")
        issuer = self._cluster.identities.apply(_issuer)
        oidc = core["oidcProvider"]
        return {
            **groups,
            "autoModeNodeRoleName": "",
            "awsProvider": core["awsProvider"],
            "core": core,
            "defaultNodeGroup": None,
            "defaultNodeGroupAsgName": "",
            "eksCluster": self._cluster,
            "fargateProfileId": "",
            "fargateProfileStatus": "",
            "instanceRoles": core["instanceRoles"],
            "kubeconfig": self._kubeconfig,
            "kubeconfigJson": self._kubeconfig.apply(json.dumps),
            "oidcIssuer": issuer.apply(lambda url: url.removeprefix("https://")),
            "oidcProviderArn": oidc.arn if oidc is not None else "",
            "oidcProviderUrl": issuer,
        }

    def _all_subnets(self) -> pulumi.Output[list[str]]:
        lists = [self.given[key] for key in ("subnetIds", "publicSubnetIds", "privateSubnetIds") if self.given.get(key)]
        return pulumi.Output.all(*lists).apply(
            lambda subnet_lists: [subnet for part in subnet_lists for subnet in part]
        )

    def _own_group(self) -> aws.ec2.SecurityGroup:
        name = f"{self.component_name}-eksClusterSecurityGroup"
        tags = self.merged_tags("clusterSecurityGroupTags", "tags", Name=name)
        group = aws.ec2.SecurityGroup(name, vpc_id=self.given.get("vpcId"), tags=tags, opts=self.child)
        internet_egress(f"{self.component_name}-eksClusterInternetEgressRule", group_id=group.id, child=self.child)
        return group

    def _encryption(self) -> dict[str, Any] | None:
        key = self.given.get("encryptionConfigKeyArn")
        return {"provider": {"keyArn": key}, "resources": ["secrets"]} if key else None

    def _control_plane(self, own_group: aws.ec2.SecurityGroup | None) -> aws.eks.Cluster:
        given = self.given
        vpc_config = aws.eks.ClusterVpcConfigArgs(
            subnet_ids=self._subnets,
            endpoint_private_access=given.get("endpointPrivateAccess"),
            endpoint_public_access=given.get("endpointPublicAccess"),
            public_access_cidrs=given.get("publicAccessCidrs"),
            security_group_ids=[own_group.id] if own_group else None,
        )
        mode = given.get("authenticationMode") or CONFIG_MAP
        key, cidr = given.get("encryptionConfigKeyArn"), given.get("kubernetesServiceIpAddressRange")
        provider = aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=key or "")
        encryption = aws.eks.ClusterEncryptionConfigArgs(provider=provider, resources=["secrets"]) if key else None
        network = aws.eks.ClusterKubernetesNetworkConfigArgs(service_ipv4_cidr=cidr) if cidr else None
        name = f"{self.component_name}-eksCluster"
        return aws.eks.Cluster(
            name,
            name=given.get("name"),
            role_arn=self._service_role.arn,
            version=given.get("version"),
            vpc_config=vpc_config,
            access_config={"authentication_mode": mode, "bootstrap_cluster_creator_admin_permissions": True},
            enabled_cluster_log_types=given.get("enabledClusterLogTypes"),
            encryption_config=encryption,
            kubernetes_network_config=network,
            bootstrap_self_managed_addons=given.get("bootstrapSelfManagedAddons"),
            deletion_protection=given.get("deletionProtection"),
            tags=self.merged_tags("clusterTags", "tags", Name=name),
            opts=self.child,
        )

    def _groups(self, own_group: aws.ec2.SecurityGroup | None) -> dict[str, Any]:
        if own_group is None:
            of_eks = self._cluster.vpc_config.cluster_security_group_id
            absent = dict.fromkeys(("clusterSecurityGroup", "eksClusterIngressRule", "nodeSecurityGroup"))
            return {
                **absent,
                "clusterIngressRuleId": "",
                "clusterSecurityGroupId": of_eks,
                "nodeSecurityGroupId": of_eks,
            }
        owned = self._cluster.name.apply(lambda made: {f"kubernetes.io/cluster/{made}": "owned"})
        tags = pulumi.Output.all(owned, self.merged_tags("nodeSecurityGroupTags", "tags"))
        nodes, rule = node_security_group(
            self.component_name,
            vpc_id=self.given.get("vpcId"),
            cluster_group_id=own_group.id,
            tags=tags.apply(lambda parts: {**parts[0], **parts[1]}),
            child=self.child,
        )
        return {
            "clusterIngressRuleId": rule.security_group_rule_id,
            "clusterSecurityGroup": own_group,
            "clusterSecurityGroupId": own_group.id,
            "eksClusterIngressRule": rule,
            "nodeSecurityGroup": nodes,
            "nodeSecurityGroupId": nodes.id,
        }

    def _core(self, own_group: aws.ec2.SecurityGroup | None, groups: dict[str, Any]) -> dict[str, Any]:
        given = self.given
        provider, roles = self._kubernetes(), self._node_roles()
        access = {"given": given, "roles": roles, "child": self.child}
        name = self.component_name
        entries = access_entries(name, cluster_name=self._cluster.name, **access) if supports(given, API) else []
        auth = node_access(name, provider=provider, **access) if supports(given, CONFIG_MAP) else None
        options = {
            "clusterIngressRule": groups["eksClusterIngressRule"],
            "nodeAssociatePublicIpAddress": given.get("nodeAssociatePublicIpAddress"),
            "nodeSecurityGroup": groups["nodeSecurityGroup"],
            "version": given.get("version"),
        }
        return {
            "accessEntries": entries,
            "awsProvider": self.aws_provider,
            "cluster": self._cluster,
            "clusterIamRole": self._service_role,
            "clusterSecurityGroup": own_group,
            "eksNodeAccess": auth,
            "encryptionConfig": self._encryption(),
            "endpoint": self._cluster.endpoint,
            "fargateProfile": None,
            "instanceRoles": roles,
            "kubeconfig": self._kubeconfig,
            "nodeGroupOptions": {key: value for key, value in options.items() if value is not None},
            "nodeSecurityGroupTags": given.get("nodeSecurityGroupTags"),
            "oidcProvider": self._oidc_provider() if given.get("createOidcProvider") else None,
            "privateSubnetIds": given.get("privateSubnetIds"),
            "provider": provider,
            "publicSubnetIds": given.get("publicSubnetIds"),
            "storageClasses": {},
            "subnetIds": self._subnets,
            "tags": given.get("tags"),
            "vpcCni": self._addons(),
            "vpcId": self._cluster.vpc_config.vpc_id,
        }

    def _kubernetes(self) -> pulumi.ProviderResource:
        version = importlib.metadata.version("pulumi-kubernetes")
        options = pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(version=version))
        settings = {"kubeconfig": self._kubeconfig.apply(json.dumps)}
        return pulumi.ProviderResource("kubernetes", f"{self.component_name}-eks-k8s", settings, options)

    def _node_roles(self) -> list[aws.iam.Role]:
        if not self.given.get("createInstanceRole"):
            return []
        name, tags = f"{self.component_name}-instanceRole", self.given.get("tags")
        service = "ec2.amazonaws.com"
        return [service_role(name, service=service, policies=NODE_POLICIES, tags=tags, child=self.child)]

    def _addons(self) -> VpcCniAddon | None:
        options = self.given.get("kubeProxyAddonOptions") or {}
        values = options.get("configurationValues")
        if options.get("enabled", True):
            aws.eks.Addon(
                f"{self.component_name}-kube-proxy",
                cluster_name=self._cluster.name,
                addon_name="kube-proxy",
                addon_version=options.get("version"),
                configuration_values=pulumi.Output.json_dumps(values) if values is not None else None,
                preserve=True,
                resolve_conflicts_on_create=options.get("resolveConflictsOnCreate") or "OVERWRITE",
                resolve_conflicts_on_update=options.get("resolveConflictsOnUpdate") or "OVERWRITE",
                tags=self.given.get("tags"),
                opts=self.child,
            )
        if self.given.get("useDefaultVpcCni"):
            return None
        given = {"clusterName": self._cluster.name, "clusterVersion": self._cluster.version}
        tags = {"tags": self.given["tags"]} if self.given.get("tags") else {}
        return VpcCniAddon(f"{self.component_name}-vpc-cni", {**given, **tags}, self.child)

    def _oidc_provider(self) -> aws.iam.OpenIdConnectProvider:
        return aws.iam.OpenIdConnectProvider(
            f"{self.component_name}-oidcProvider",
            url=self._cluster.identities.apply(_issuer),
            client_id_lists=["sts.amazonaws.com"],
            thumbprint_lists=[_THUMBPRINT],
            tags=self.given.get("tags"),
            opts=self.child,
        )

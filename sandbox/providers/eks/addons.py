"""`eks:index:Addon` and `eks:index:VpcCniAddon`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from sandbox.providers.eks.component import EksComponent
from sandbox.providers.eks.references import eks_cluster_of

CNI_VARIABLES: Mapping[str, str] = {
    "cniConfigureRpfilter": "AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER",
    "cniCustomNetworkCfg": "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
    "cniExternalSnat": "AWS_VPC_K8S_CNI_EXTERNALSNAT",
    "customNetworkConfig": "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
    "enablePodEni": "ENABLE_POD_ENI",
    "enablePrefixDelegation": "ENABLE_PREFIX_DELEGATION",
    "eniConfigLabelDef": "ENI_CONFIG_LABEL_DEF",
    "eniMtu": "AWS_VPC_ENI_MTU",
    "externalSnat": "AWS_VPC_K8S_CNI_EXTERNALSNAT",
    "logFile": "AWS_VPC_K8S_CNI_LOG_FILE",
    "logLevel": "AWS_VPC_K8S_CNI_LOGLEVEL",
    "nodePortSupport": "AWS_VPC_CNI_NODE_PORT_SUPPORT",
    "vethPrefix": "AWS_VPC_K8S_CNI_VETHPREFIX",
    "warmEniTarget": "WARM_ENI_TARGET",
    "warmIpTarget": "WARM_IP_TARGET",
    "warmPrefixTarget": "WARM_PREFIX_TARGET",
}
"""Settings of the network plugin by the environment variable that carries them (amazon-vpc-cni-k8s, README)."""

_CNI_DEFAULTS: Mapping[str, str] = {
    "AWS_VPC_ENI_MTU": "9001",
    "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "false",
    "AWS_VPC_K8S_CNI_EXTERNALSNAT": "false",
    "AWS_VPC_K8S_CNI_LOGLEVEL": "DEBUG",
    "AWS_VPC_K8S_CNI_LOG_FILE": "/host/var/log/aws-routed-eni/ipamd.log",
    "AWS_VPC_K8S_CNI_VETHPREFIX": "eni",
    "AWS_VPC_K8S_PLUGIN_LOG_FILE": "/var/log/aws-routed-eni/plugin.log",
    "AWS_VPC_K8S_PLUGIN_LOG_LEVEL": "DEBUG",
    "ENABLE_POD_ENI": "false",
    "WARM_ENI_TARGET": "1",
}


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def cni_configuration(given: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration values of the network plugin: what was given, over its settings, over the component's defaults."""
    values: dict[str, Any] = {**(given.get("configurationValues") or {})}
    if given.get("enableNetworkPolicy") is not None:
        values.setdefault("enableNetworkPolicy", _written(given["enableNetworkPolicy"]))
    variables = dict(_CNI_DEFAULTS)
    for name, variable in CNI_VARIABLES.items():
        if given.get(name) is not None:
            variables[variable] = _written(given[name])
    early = {"DISABLE_TCP_EARLY_DEMUX": _written(given.get("disableTcpEarlyDemux") or False)}
    initial: dict[str, Any] = {**(values.get("init") or {})}
    initial["env"] = {**early, **(initial.get("env") or {})}
    return {**values, "env": {**variables, **(values.get("env") or {})}, "init": initial}


def _tags(value: Any) -> Any:  # noqa: ANN401  a map, or the list of maps that the SDK's type asks for
    def joined(resolved: object) -> dict[str, str]:
        parts = resolved if isinstance(resolved, Sequence) else [resolved or {}]
        return {key: part[key] for part in parts for key in part}

    return pulumi.Output.from_input(value).apply(joined) if value is not None else None


class Addon(EksComponent):
    """`eks:index:Addon`: an add-on of a cluster."""

    TOKEN: ClassVar[str] = "eks:index:Addon"  # noqa: S105  a type token
    MODELLED: ClassVar[frozenset[str]] = frozenset(
        {
            "addonName",
            "addonVersion",
            "cluster",
            "configurationValues",
            "preserve",
            "resolveConflictsOnCreate",
            "resolveConflictsOnUpdate",
            "serviceAccountRoleArn",
            "tags",
        }
    )
    OUTPUTS: ClassVar[frozenset[str]] = frozenset()

    def built(self) -> dict[str, Any]:
        """The add-on; the component has no outputs."""
        given = self.given
        values = given.get("configurationValues")
        aws.eks.Addon(
            self.component_name,
            cluster_name=eks_cluster_of(given["cluster"]).name,
            addon_name=given["addonName"],
            addon_version=given.get("addonVersion"),
            configuration_values=pulumi.Output.json_dumps(values) if values is not None else None,
            preserve=given.get("preserve"),
            resolve_conflicts_on_create=given.get("resolveConflictsOnCreate"),
            resolve_conflicts_on_update=given.get("resolveConflictsOnUpdate"),
            service_account_role_arn=given.get("serviceAccountRoleArn"),
            tags=_tags(given.get("tags")),
            opts=self.child,
        )
        return {}


class VpcCniAddon(EksComponent):
    """`eks:index:VpcCniAddon`: the network plugin with its settings."""

    TOKEN: ClassVar[str] = "eks:index:VpcCniAddon"  # noqa: S105  a type token
    MODELLED: ClassVar[frozenset[str]] = frozenset(
        {
            *CNI_VARIABLES,
            "addonVersion",
            "clusterName",
            "clusterVersion",
            "configurationValues",
            "disableTcpEarlyDemux",
            "enableNetworkPolicy",
            "resolveConflictsOnCreate",
            "resolveConflictsOnUpdate",
            "serviceAccountRoleArn",
            "tags",
        }
    )
    OUTPUTS: ClassVar[frozenset[str]] = frozenset()

    def built(self) -> dict[str, Any]:
        """The add-on; the component has no outputs, and which version suits `clusterVersion` is left to EKS."""
        given = self.given
        settings = pulumi.Output.from_input({key: value for key, value in given.items() if key not in {"tags"}})
        aws.eks.Addon(
            self.component_name,
            cluster_name=given["clusterName"],
            addon_name="vpc-cni",
            addon_version=given.get("addonVersion"),
            configuration_values=settings.apply(
                lambda resolved: json.dumps(cni_configuration(resolved), sort_keys=True)
            ),
            preserve=True,
            resolve_conflicts_on_create=given.get("resolveConflictsOnCreate") or "OVERWRITE",
            resolve_conflicts_on_update=given.get("resolveConflictsOnUpdate") or "OVERWRITE",
            service_account_role_arn=given.get("serviceAccountRoleArn"),
            tags=_tags(given.get("tags")),
            opts=self.child,
        )
        return {}

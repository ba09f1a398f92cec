"""Who may use a cluster: access entries, and the `aws-auth` ConfigMap of the older mode."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

CONFIG_MAP, API = "CONFIG_MAP", "API"
_NODE_GROUPS = ("system:bootstrappers", "system:nodes")
_API_ONLY = ("accessEntries",)
_CONFIG_MAP_ONLY = ("roleMappings", "userMappings")
_OPTIONAL = {"kubernetesGroups": "kubernetes_groups", "tags": "tags", "type": "type", "username": "user_name"}


def supports(given: Mapping[str, Any], mode: str) -> bool:
    """Whether the cluster's authentication mode includes `mode`; without one it is CONFIG_MAP."""
    return (given.get("authenticationMode") or CONFIG_MAP) in {mode, "API_AND_CONFIG_MAP"}


def check_mode(given: Mapping[str, Any]) -> None:
    """Raises ValueError where an input belongs to a mode that the cluster does not have."""
    for mode, names in ((API, _API_ONLY), (CONFIG_MAP, _CONFIG_MAP_ONLY)):
        wrong = [name for name in names if given.get(name) and not supports(given, mode)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} needs an authenticationMode that includes {mode}")


def access_entries(
    name: str,
    *,
    cluster_name: pulumi.Input[str],
    given: Mapping[str, Any],
    roles: Sequence[aws.iam.Role],
    child: pulumi.ResourceOptions,
) -> list[dict[str, Any]]:
    """Make the entries that were given and one for the nodes' role, the first; returns what they say."""
    wanted: dict[str, dict[str, Any]] = {**(given.get("accessEntries") or {})}
    if roles:
        wanted = {"defaultNodeGroupInstanceRole": {"principalArn": roles[0].arn, "type": "EC2_LINUX"}, **wanted}
    for key, entry in wanted.items():
        optional = {python: entry[wire] for wire, python in _OPTIONAL.items() if entry.get(wire) is not None}
        made = aws.eks.AccessEntry(
            f"{name}-{key}", cluster_name=cluster_name, principal_arn=entry["principalArn"], opts=child, **optional
        )
        for policy, association in (entry.get("accessPolicies") or {}).items():
            aws.eks.AccessPolicyAssociation(
                f"{name}-{key}-{policy}",
                cluster_name=cluster_name,
                principal_arn=entry["principalArn"],
                policy_arn=association["policyArn"],
                access_scope=association["accessScope"],
                opts=pulumi.ResourceOptions(parent=made, depends_on=[made]),
            )
    return list(wanted.values())


def role_mappings(given: Sequence[Mapping[str, Any]], node_role_arns: Sequence[str]) -> str:
    """`mapRoles` of `aws-auth`: roles that were given, and the nodes' own; JSON is YAML."""
    node = {"username": "system:node:{{EC2PrivateDNSName}}", "groups": _NODE_GROUPS}
    mapped = [{"roleArn": arn, **node} for arn in node_role_arns]
    roles = [*given, *mapped]
    return json.dumps([{"rolearn": e["roleArn"], "username": e["username"], "groups": e["groups"]} for e in roles])


def user_mappings(given: Sequence[Mapping[str, Any]]) -> str:
    """`mapUsers` of `aws-auth`."""
    return json.dumps([{"userarn": e["userArn"], "username": e["username"], "groups": e["groups"]} for e in given])


def node_access(
    name: str,
    *,
    given: Mapping[str, Any],
    roles: Sequence[aws.iam.Role],
    provider: pulumi.ProviderResource,
    child: pulumi.ResourceOptions,
) -> pulumi.CustomResource:
    """The `aws-auth` ConfigMap, on the cluster itself."""
    arns = pulumi.Output.all(*(role.arn for role in roles))
    mapped = pulumi.Output.all(given.get("roleMappings") or [], arns)
    data = {"mapRoles": mapped.apply(lambda parts: role_mappings(parts[0], parts[1]))}
    if given.get("userMappings"):
        data["mapUsers"] = pulumi.Output.from_input(given["userMappings"]).apply(user_mappings)
    metadata = {"name": "aws-auth", "namespace": "kube-system", "annotations": {"pulumi.com/patchForce": "true"}}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "immutable": False, "data": data}
    options = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(provider=provider))
    return pulumi.CustomResource("kubernetes:core/v1:ConfigMap", f"{name}-nodeAccess", manifest, options)

"""EKS: clusters and node groups in moto; add-ons in the stand-in's store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

from quantos.environment.addresses import is_public
from quantos.environment.labels import label_faults, taint_faults
from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.api_shapes import ANY_BLOCK, ApiRequest
from sandbox.providers.aws.kept_object import KeptObject
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.aws.rows import eks_access
from sandbox.providers.aws.rows.eks_access import short_digest
from sandbox.providers.eks_addresses import endpoint, issuer
from sandbox.providers.validation import Failure
from sandbox.providers.values import UNKNOWN, Document, Json, at_path, items, mapping, string_map, text

_GONE = frozenset({"ResourceNotFoundException"})
_TAGS = Tagging(add="tag_resource", remove="untag_resource", identity=("resourceArn", "{arn}"))


def scaling_refusal(scaling: Mapping[str, Json]) -> str | None:
    """Why EKS refuses these sizes; None when it takes them. The texts are those of EKS (InvalidParameterException)."""
    smallest, desired, largest = (scaling.get(name) for name in ("minSize", "desiredSize", "maxSize"))
    if not (isinstance(smallest, int) and isinstance(desired, int) and isinstance(largest, int)):
        return None
    if largest < 1:
        return "maxSize must be at least 1"
    if smallest > largest:
        return f"Minimum capacity {smallest} can't be greater than maximum size {largest}"
    if smallest > desired:
        return f"Minimum capacity {smallest} can't be greater than desired size {desired}"
    if desired > largest:
        return f"desired capacity {desired} can't be greater than max size {largest}"
    return None


def _refuse_scaling(inputs: Mapping[str, Json], operation: str) -> None:
    reason = scaling_refusal(mapping(inputs.get("scalingConfig")))
    if reason is not None:
        raise ApiError(service="eks", operation=operation, reason="InvalidParameterException", message=reason)


def _wrong_labels(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    labels = mapping(inputs.get("labels"))
    for key, value in labels.items():
        if value != UNKNOWN:
            yield from (Failure(f"labels.{key}", fault) for fault in label_faults(key, text(value)))
    for position, taint in enumerate(map(mapping, items(inputs.get("taints")))):
        if UNKNOWN not in taint.values():
            faults = taint_faults(text(taint.get("key")), text(taint.get("value")))
            yield from (Failure(f"taints[{position}].key", fault) for fault in faults)


def _reserved_blocks(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    for position, block in enumerate(items(mapping(inputs.get("vpcConfig")).get("publicAccessCidrs"))):
        if text(block) in ANY_BLOCK and not is_public(IPv4Network(text(block))):
            path = f"vpcConfig.publicAccessCidrs[{position}]"
            yield Failure(path, f"The following CIDRs are not allowed in publicAccessCidrs: [{block}]")


def _new_node_group(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    del context
    _refuse_scaling(inputs, "CreateNodegroup")
    return request


def _resized(context: HandlerContext, change: Change) -> None:
    _refuse_scaling(change.new, "UpdateNodegroupConfig")
    request = _node_group_name(change) | {"scalingConfig": change.new.get("scalingConfig")}
    context.account.call("eks", "update_nodegroup_config", request)


def _node_group_name(change: Change) -> Document:
    cluster, _, name = change.existing.id.partition(":")
    return {"clusterName": cluster, "nodegroupName": name}


def _relabelled(context: HandlerContext, change: Change) -> None:
    old, new = string_map(change.old.get("labels")), string_map(change.new.get("labels"))
    labels: Document = {"addOrUpdateLabels": {key: value for key, value in new.items() if old.get(key) != value}}
    labels["removeLabels"] = [key for key in old if key not in new]
    context.account.call("eks", "update_nodegroup_config", _node_group_name(change) | {"labels": labels})


def _retainted(context: HandlerContext, change: Change) -> None:
    old, new = items(change.old.get("taints")), items(change.new.get("taints"))
    staying = {(mapping(taint).get("key"), mapping(taint).get("effect")) for taint in new}
    taints: Document = {
        "addOrUpdateTaints": [taint for taint in new if taint not in old],
        "removeTaints": [
            taint for taint in old if (mapping(taint).get("key"), mapping(taint).get("effect")) not in staying
        ],
    }
    context.account.call("eks", "update_nodegroup_config", _node_group_name(change) | {"taints": taints})


NODE_GROUP = Row(
    resource="aws:eks/nodeGroup:NodeGroup",
    name="nodeGroupName",
    name_limit=63,
    replaces=frozenset(
        {
            "amiType",
            "capacityType",
            "clusterName",
            "diskSize",
            "instanceTypes",
            "launchTemplate.id",
            "launchTemplate.name",
            "nodeGroupName",
            "nodeRoleArn",
            "remoteAccess",
            "subnetIds",
        }
    ),
    kept=frozenset({"launchTemplate.version", "warmPoolConfig"}),
    local=frozenset({"forceUpdateVersion"}),
    refusals=_wrong_labels,
    source="AWS: NodegroupScalingConfig and its InvalidParameterException; provider: ForceNew marks",
    differs="no instances start, so no update waits, fails on capacity or disruption budgets; versions cannot change"
    " in place; subnets and launch templates are not looked up",
    handler=ApiObject(
        service="eks",
        create_operation="create_nodegroup",
        read_operation="describe_nodegroup",
        delete_operation="delete_nodegroup",
        identity={"clusterName": "{clusterName}", "nodegroupName": "{nodeGroupName}"},
        id_format="{clusterName}:{nodeGroupName}",
        at="nodegroup",
        gone=_GONE,
        renames={
            "arn": "nodegroupArn",
            "nodeGroupName": "nodegroupName",
            "nodeRoleArn": "nodeRole",
            "subnetIds": "subnets",
            "remoteAccess.sourceSecurityGroupIds": "sourceSecurityGroups",
            "resources.remoteAccessSecurityGroupId": "remoteAccessSecurityGroup",
        },
        tagging=_TAGS,
        prepare=_new_node_group,
        updates=(
            Update(names=frozenset({"scalingConfig"}), send=_resized),
            Update(names=frozenset({"labels"}), send=_relabelled),
            Update(names=frozenset({"taints"}), send=_retainted),
            Update(
                names=frozenset({"updateConfig", "nodeRepairConfig"}),
                operation="update_nodegroup_config",
                settles=True,
            ),
        ),
    ),
)


def _security_group(context: HandlerContext, name: str) -> str:
    filters: Json = [{"Name": "group-name", "Values": [f"eks-cluster-sg-{name}"]}]
    answer = context.account.call("ec2", "describe_security_groups", {"Filters": filters})
    groups = items(answer.get("SecurityGroups"))
    return text(mapping(groups[0]).get("GroupId")) if groups else ""


def _vpc_of(context: HandlerContext, subnets: list[Json]) -> str:
    if not subnets:
        return ""
    answer = context.account.call("ec2", "describe_subnets", {"SubnetIds": subnets[:1]})
    return text(mapping(items(answer.get("Subnets"))[0]).get("VpcId"))


def _with_security_group(context: HandlerContext, change: Change) -> None:
    subnets = items(mapping(change.new.get("vpcConfig")).get("subnetIds"))
    if change.old or _security_group(context, change.existing.id):
        return
    request: Document = {
        "GroupName": f"eks-cluster-sg-{change.existing.id}",
        "Description": "EKS created security group applied to the control plane's network interfaces",
        "VpcId": _vpc_of(context, subnets),
    }
    context.account.call("ec2", "create_security_group", request)


def _without_security_group(context: HandlerContext, existing: ResourceState) -> None:
    group = _security_group(context, existing.id)
    if group:
        context.account.call("ec2", "delete_security_group", {"GroupId": group})


def _reconfigured(context: HandlerContext, change: Change) -> None:
    if not change.old:
        return
    config = mapping(change.new.get("vpcConfig"))
    context.account.call("eks", "update_cluster_config", {"name": change.existing.id, "resourcesVpcConfig": config})


def _log_setup(enabled: list[Json]) -> Document:
    every: list[Json] = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    off: list[Json] = [kind for kind in every if kind not in enabled]
    setups: list[Json] = [{"types": enabled, "enabled": True}] if enabled else []
    return {"clusterLogging": [*setups, {"types": off, "enabled": False}]}


def _relogged(context: HandlerContext, change: Change) -> None:
    logging = _log_setup(items(change.new.get("enabledClusterLogTypes")))
    context.account.call("eks", "update_cluster_config", {"name": change.existing.id, "logging": logging})


def _cluster(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    config = mapping(description.get("resourcesVpcConfig"))
    shown: Document = {**mapping(existing.state.get("vpcConfig"))}
    shown["vpcId"] = _vpc_of(context, items(config.get("subnetIds")))
    shown["clusterSecurityGroupId"] = _security_group(context, existing.id)
    shown.setdefault("endpointPublicAccess", True)
    shown.setdefault("endpointPrivateAccess", False)
    shown.setdefault("publicAccessCidrs", ["0.0.0.0/0"])
    enabled: list[Json] = [
        kind
        for setup in map(mapping, items(mapping(description.get("logging")).get("clusterLogging")))
        if setup.get("enabled")
        for kind in items(setup.get("types"))
    ]
    answer: Document = {"vpcConfig": shown, "certificateAuthority": description.get("certificateAuthority")}
    answer["identities"] = [{"oidcs": [{"issuer": issuer(description)}]}]
    answer["endpoint"] = endpoint(description)
    answer["certificateAuthorities"] = [description.get("certificateAuthority")]
    answer["accessConfig"] = {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True}
    answer["upgradePolicy"] = {"supportType": "EXTENDED"}
    return answer | ({"enabledClusterLogTypes": enabled} if enabled else {})


CLUSTER = Row(
    resource="aws:eks/cluster:Cluster",
    name="name",
    name_limit=100,
    replaces=frozenset(
        {
            "name",
            "roleArn",
            "kubernetesNetworkConfig",
            "encryptionConfig",
            "bootstrapSelfManagedAddons",
            "outpostConfig",
            "accessConfig.bootstrapClusterCreatorAdminPermissions",
        }
    ),
    kept=frozenset(
        {
            "accessConfig",
            "upgradePolicy",
            "bootstrapSelfManagedAddons",
            "deletionProtection",
            "zonalShiftConfig",
            "computeConfig",
            "storageConfig",
        }
    ),
    local=frozenset({"defaultAddonsToRemoves", "forceUpdateVersion"}),
    limits={"vpcConfig.publicAccessCidrs": ANY_BLOCK},
    refusals=_reserved_blocks,
    source="AWS: CreateCluster, UpdateClusterConfig; provider: ForceNew marks",
    differs="no control plane runs; the certificate and the endpoint are not usable; versions cannot change in place;"
    " the cluster security group is made by the stand-in, and its rules are moto's defaults",
    requests=(
        ApiRequest(
            service="eks",
            operation="create_cluster",
            renames={"enabledClusterLogTypes": "logging.clusterLogging.types"},
        ),
    ),
    handler=ApiObject(
        service="eks",
        create_operation="create_cluster",
        read_operation="describe_cluster",
        delete_operation="delete_cluster",
        identity={"name": "{id}"},
        id_format="{name}",
        at="cluster",
        gone=_GONE,
        renames={"vpcConfig": "resourcesVpcConfig"},
        tagging=_TAGS,
        handled=frozenset({"enabledClusterLogTypes"}),
        prepare=lambda _, inputs, request: (
            request | {"logging": _log_setup(items(inputs["enabledClusterLogTypes"]))}
            if inputs.get("enabledClusterLogTypes")
            else request
        ),
        present=_cluster,
        outputs={"clusterId": ""},
        before_delete=_without_security_group,
        updates=(
            Update(names=frozenset({"vpcConfig"}), settles=True, send=_with_security_group),
            Update(names=frozenset({"vpcConfig"}), send=_reconfigured),
            Update(names=frozenset({"enabledClusterLogTypes"}), send=_relogged),
        ),
    ),
)


def _fitting_addon(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    """EKS lists add-on versions by version of Kubernetes; of these only kube-proxy's says which it is of."""
    cluster = context.account.call("eks", "describe_cluster", {"name": inputs.get("clusterName")})
    kubernetes, version = text(at_path(cluster, "cluster.version")), text(inputs.get("addonVersion"))
    if inputs.get("addonName") == "kube-proxy" and version and not version.startswith(f"v{kubernetes}."):
        raise ApiError(
            service="eks",
            operation="CreateAddon",
            reason="InvalidParameterException",
            message=f"Addon version specified is not supported: {version} is not of Kubernetes {kubernetes}",
        )


def _addon(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    cluster, name = text(inputs["clusterName"]), text(inputs["addonName"])
    return {
        "arn": context.account.arn("eks", f"addon/{cluster}/{name}/{short_digest(identity)}"),
        "addonVersion": inputs.get("addonVersion") or "v1.0.0-eksbuild.1",
        "createdAt": "2026-01-01T00:00:00Z",
        "modifiedAt": "2026-01-01T00:00:00Z",
    }


ADDON = Row(
    resource="aws:eks/addon:Addon",
    stored=True,
    replaces=frozenset({"addonName", "clusterName"}),
    local=frozenset({"preserve", "resolveConflictsOnCreate", "resolveConflictsOnUpdate"}),
    differs="nothing is installed; configuration values are not checked, and of versions only that a new kube-proxy is"
    " of the cluster's Kubernetes; an add-on without a version gets v1.0.0-eksbuild.1",
    requests=(
        ApiRequest(service="eks", operation="create_addon", renames={"resolveConflictsOnCreate": "resolveConflicts"}),
        ApiRequest(service="eks", operation="update_addon", renames={"resolveConflictsOnUpdate": "resolveConflicts"}),
    ),
    handler=KeptObject(
        service="eks",
        id_format="{clusterName}:{addonName}",
        compute=_addon,
        requires=_fitting_addon,
        mutable=frozenset(
            {
                "addonVersion",
                "configurationValues",
                "podIdentityAssociations",
                "serviceAccountRoleArn",
            }
        ),
    ),
)


ROWS = (NODE_GROUP, CLUSTER, ADDON, *eks_access.ROWS)

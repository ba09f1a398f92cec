"""RDS: instances with their subnet and parameter groups."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, at_path, items, mapping, text

_TAGS = Tagging(
    member="Tags",
    add="add_tags_to_resource",
    remove="remove_tags_from_resource",
    keys="TagKeys",
    identity=("ResourceName", "{arn}"),
    listing="list_tags_for_resource",
    described="TagList",
)
_BY_PROVIDER = {"description": "Managed by Pulumi"}
"""What the provider says of groups that the program does not describe."""


def _described(_: HandlerContext, inputs: Mapping[str, Json], request: Document, *, member: str) -> Document:
    return request | {member: inputs.get("description") or _BY_PROVIDER["description"]}


def _subnets(_: HandlerContext, description: Document, __: ResourceState) -> Document:
    return {
        "subnetIds": [mapping(subnet).get("SubnetIdentifier") for subnet in items(description.get("Subnets"))],
        "supportedNetworkTypes": ["IPV4"],
    }


SUBNET_GROUP = Row(
    resource="aws:rds/subnetGroup:SubnetGroup",
    name="name",
    replaces=frozenset({"name", "namePrefix"}),
    differs="zones are not counted: RDS wants two",
    handler=ApiObject(
        service="rds",
        create_operation="create_db_subnet_group",
        read_operation="describe_db_subnet_groups",
        delete_operation="delete_db_subnet_group",
        identity={"DBSubnetGroupName": "{id}"},
        id_format="{name}",
        at="DBSubnetGroups[0]",
        gone=frozenset({"DBSubnetGroupNotFoundFault"}),
        renames={
            "name": "DBSubnetGroupName",
            "description": "DBSubnetGroupDescription",
            "arn": "DBSubnetGroupArn",
        },
        tagging=_TAGS,
        prepare=lambda context, inputs, request: _described(
            context, inputs, request, member="DBSubnetGroupDescription"
        ),
        present=_subnets,
        updates=(
            Update(names=frozenset({"subnetIds", "description"}), operation="modify_db_subnet_group", whole=True),
        ),
    ),
)


def _sent_parameters(context: HandlerContext, change: Change) -> None:
    before = {text(mapping(parameter).get("name")) for parameter in items(change.old.get("parameters"))}
    wanted = [mapping(parameter) for parameter in items(change.new.get("parameters"))]
    if gone := sorted(before - {text(parameter.get("name")) for parameter in wanted}):
        raise ApiError(
            service="rds",
            operation="ResetDBParameterGroup",
            reason="NotImplemented",
            message=f"moto resets no parameter to its default: {', '.join(gone)}",
        )
    parameters: list[Json] = [
        {
            "ParameterName": parameter.get("name"),
            "ParameterValue": parameter.get("value"),
            "ApplyMethod": parameter.get("applyMethod") or "immediate",
        }
        for parameter in wanted
    ]
    request: Document = {"DBParameterGroupName": change.existing.id, "Parameters": parameters}
    context.account.call("rds", "modify_db_parameter_group", request)


def _parameters(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    """Parameters in the order of the program, which for RDS are a set, and those that somebody else has set."""
    del description
    answer = context.account.call("rds", "describe_db_parameters", {"DBParameterGroupName": existing.id})
    there: dict[str, Json] = {
        text(mapping(parameter).get("ParameterName")): {
            "name": mapping(parameter).get("ParameterName"),
            "value": mapping(parameter).get("ParameterValue"),
            "applyMethod": mapping(parameter).get("ApplyMethod") or "immediate",
        }
        for parameter in items(answer.get("Parameters"))
    }
    order = [text(mapping(parameter).get("name")) for parameter in items(existing.state.get("parameters"))]
    return {"parameters": [there[name] for name in sorted(there, key=lambda it: (it not in order, _place(order, it)))]}


def _place(order: list[str], name: str) -> tuple[int, str]:
    return (order.index(name) if name in order else 0, name)


PARAMETER_GROUP = Row(
    resource="aws:rds/parameterGroup:ParameterGroup",
    name="name",
    replaces=frozenset({"description", "family", "name", "namePrefix"}),
    local=frozenset({"skipDestroy"}),
    differs="parameters and values are not held against the family; a parameter that is taken out again is refused,"
    " where RDS resets it",
    handler=ApiObject(
        service="rds",
        create_operation="create_db_parameter_group",
        read_operation="describe_db_parameter_groups",
        delete_operation="delete_db_parameter_group",
        identity={"DBParameterGroupName": "{id}"},
        id_format="{name}",
        at="DBParameterGroups[0]",
        gone=frozenset({"DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"}),
        renames={
            "name": "DBParameterGroupName",
            "family": "DBParameterGroupFamily",
            "arn": "DBParameterGroupArn",
        },
        tagging=_TAGS,
        prepare=lambda context, inputs, request: _described(context, inputs, request, member="Description"),
        present=_parameters,
        updates=(Update(names=frozenset({"parameters"}), settles=True, send=_sent_parameters),),
    ),
)

_CREATE_NAMES = {
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "username": "MasterUsername",
    "backupWindow": "PreferredBackupWindow",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "parameterGroupName": "DBParameterGroupName",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "arn": "DBInstanceArn",
    "status": "DBInstanceStatus",
    "resourceId": "DbiResourceId",
}
_IN_PLACE = frozenset(
    {
        "allocatedStorage",
        "autoMinorVersionUpgrade",
        "backupRetentionPeriod",
        "backupWindow",
        "caCertIdentifier",
        "copyTagsToSnapshot",
        "deletionProtection",
        "enabledCloudwatchLogsExports",
        "engineVersion",
        "iamDatabaseAuthenticationEnabled",
        "instanceClass",
        "maintenanceWindow",
        "maxAllocatedStorage",
        "monitoringInterval",
        "monitoringRoleArn",
        "multiAz",
        "parameterGroupName",
        "performanceInsightsEnabled",
        "performanceInsightsKmsKeyId",
        "performanceInsightsRetentionPeriod",
        "vpcSecurityGroupIds",
    }
)


def _modified(context: HandlerContext, change: Change) -> None:
    """Send the changed properties; log exports are told by what is added and what is taken away."""
    plain = {name: change.new[name] for name in change.names & _IN_PLACE if change.new.get(name) is not None}
    exports = plain.pop("enabledCloudwatchLogsExports", None)
    request: Document = {"DBInstanceIdentifier": change.existing.id, "ApplyImmediately": True}
    for name, value in plain.items():
        member = _CREATE_NAMES.get(name) or _API_CASE.get(name) or name[0].upper() + name[1:]
        request[member] = value
    if exports is not None:
        old = items(change.old.get("enabledCloudwatchLogsExports"))
        request["CloudwatchLogsExportConfiguration"] = {
            "EnableLogTypes": [kind for kind in items(exports) if kind not in old],
            "DisableLogTypes": [kind for kind in old if kind not in items(exports)],
        }
    context.account.call("rds", "modify_db_instance", request)


_API_CASE = {"multiAz": "MultiAZ", "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId"}


def _instance(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del existing
    host, port = at_path(description, "Endpoint.Address"), at_path(description, "Endpoint.Port")
    groups = [mapping(group) for group in items(description.get("VpcSecurityGroups"))]
    version = text(description.get("EngineVersion"))
    secret = mapping(description.get("MasterUserSecret"))
    shown: Document = {
        "address": host,
        "port": port,
        "endpoint": f"{text(host)}:{text(port)}",
        "hostedZoneId": "Z2R2ITUGPM61AM",
        "dbSubnetGroupName": at_path(description, "DBSubnetGroup.DBSubnetGroupName"),
        "parameterGroupName": at_path(description, "DBParameterGroups[0].DBParameterGroupName"),
        "vpcSecurityGroupIds": [group.get("VpcSecurityGroupId") for group in groups],
        "iamDatabaseAuthenticationEnabled": description.get("IAMDatabaseAuthenticationEnabled") or False,
        "enabledCloudwatchLogsExports": description.get("EnabledCloudwatchLogsExports") or [],
        "engineVersionActual": version if "." in version else f"{version}.0",
        "resourceId": _resource_id(context, description),
        "storageThroughput": description.get("StorageThroughput") or 0,
        "replicas": [],
        "status": "available",
    }
    if secret:
        shown["manageMasterUserPassword"] = True
        shown["masterUserSecrets"] = [
            {"kmsKeyId": secret.get("KmsKeyId"), "secretArn": secret.get("SecretArn"), "secretStatus": "active"}
        ]
    return shown


def _resource_id(context: HandlerContext, description: Document) -> str:
    """RDS's form of it; moto gives every instance the same."""
    name = text(description.get("DBInstanceIdentifier"))
    digest = hashlib.sha256(f"{context.account.account_id}/{context.account.region}/{name}".encode()).digest()
    return "db-" + base64.b32encode(digest).decode()[:26]


class _Instance(ApiObject):
    """An instance; its last snapshot is what the program says."""

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Delete it, after a last snapshot unless told otherwise; see `Handler`."""
        skipped = bool(existing.state.get("skipFinalSnapshot"))
        snapshot = existing.state.get("finalSnapshotIdentifier")
        if not skipped and not snapshot:
            raise ApiError(
                service="rds",
                operation="DeleteDBInstance",
                reason="InvalidParameterCombination",
                message="final_snapshot_identifier is required when skip_final_snapshot is false",
            )
        request: Document = {"DBInstanceIdentifier": existing.id, "SkipFinalSnapshot": skipped}
        request |= {} if skipped else {"FinalDBSnapshotIdentifier": snapshot}
        try:
            context.account.call("rds", "delete_db_instance", request)
        except ApiError as error:
            if error.reason not in self.gone:
                raise


def _refused(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    storage, most = inputs.get("allocatedStorage"), inputs.get("maxAllocatedStorage")
    if isinstance(storage, int) and isinstance(most, int) and 0 < most <= storage:
        yield Failure("maxAllocatedStorage", "Max storage size must be greater than storage size")
    days = inputs.get("backupRetentionPeriod")
    if isinstance(days, int) and not 0 <= days <= 35:
        yield Failure("backupRetentionPeriod", f"expected to be in the range (0 - 35), got {days}")
    if inputs.get("manageMasterUserPassword") and inputs.get("password"):
        yield Failure("password", '"manage_master_user_password": conflicts with password')


INSTANCE = Row(
    resource="aws:rds/instance:Instance",
    name="identifier",
    name_limit=63,
    replaces=frozenset(
        {
            "availabilityZone",
            "dbName",
            "dbSubnetGroupName",
            "engine",
            "identifier",
            "identifierPrefix",
            "kmsKeyId",
            "port",
            "storageEncrypted",
            "storageType",
            "username",
        }
    ),
    kept=frozenset(
        {"masterUserSecretKmsKeyId", "performanceInsightsEnabled", "performanceInsightsKmsKeyId"}
        | {"performanceInsightsRetentionPeriod", "vpcSecurityGroupIds"}
    ),
    local=frozenset(
        {
            "allowMajorVersionUpgrade",
            "applyImmediately",
            "deleteAutomatedBackups",
            "finalSnapshotIdentifier",
            "skipFinalSnapshot",
        }
    ),
    refusals=_refused,
    source="provider documentation; RDS API reference: CreateDBInstance, ModifyDBInstance, DeleteDBInstance",
    differs="no database runs, so nothing waits for a window or a reboot, no log is exported, no backup taken and no"
    " storage grows; the host leads nowhere; another name, subnet group, port or storage type replaces the instance,"
    " where the provider changes it in place; replicas, restores and passwords of one's own are refused",
    limits={
        "backupRetentionPeriod": range(36),
        "allocatedStorage": range(20, 65537),
        "maxAllocatedStorage": range(65537),
        "monitoringInterval": frozenset({0, 1, 5, 10, 15, 30, 60}),
        "performanceInsightsRetentionPeriod": frozenset({7, 731, *range(31, 714, 31)}),
        "port": range(1150, 65536),
        "storageType": frozenset({"gp2", "gp3", "io1", "io2", "standard"}),
    },
    handler=_Instance(
        service="rds",
        create_operation="create_db_instance",
        read_operation="describe_db_instances",
        delete_operation="delete_db_instance",
        identity={"DBInstanceIdentifier": "{id}"},
        id_format="{identifier}",
        at="DBInstances[0]",
        gone=frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"}),
        renames=_CREATE_NAMES,
        tagging=_TAGS,
        present=_instance,
        updates=(Update(names=_IN_PLACE, send=_modified),),
    ),
)

ROWS = (SUBNET_GROUP, PARAMETER_GROUP, INSTANCE)

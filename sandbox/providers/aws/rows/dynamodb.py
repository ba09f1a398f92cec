"""DynamoDB: tables."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.values import Document, Json, at_path, items, mapping, text


def _key_schema(hash_key: Json, range_key: Json) -> Json:
    keys: list[Json] = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    if range_key:
        keys.append({"AttributeName": range_key, "KeyType": "RANGE"})
    return keys


def _throughput(inputs: Mapping[str, Json]) -> Document:
    if (inputs.get("billingMode") or "PROVISIONED") != "PROVISIONED":
        return {}
    read, write = inputs.get("readCapacity") or 1, inputs.get("writeCapacity") or 1
    return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}


def _index(inputs: Mapping[str, Json], index: Document, *, own_capacity: bool) -> Document:
    projection: Document = {"ProjectionType": index.get("projectionType")}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = index["nonKeyAttributes"]
    schema = _key_schema(index.get("hashKey") or inputs.get("hashKey"), index.get("rangeKey"))
    capacity = _throughput({**inputs, **index}) if own_capacity else {}
    return {"IndexName": index.get("name"), "KeySchema": schema, "Projection": projection, **capacity}


def _encryption(inputs: Mapping[str, Json]) -> Document:
    wanted = mapping(inputs.get("serverSideEncryption"))
    key: Document = {"KMSMasterKeyId": wanted["kmsKeyArn"]} if wanted.get("kmsKeyArn") else {}
    enabled = bool(wanted.get("enabled"))
    return {"Enabled": enabled, **({"SSEType": "KMS"} if enabled else {}), **key}


def _stream(inputs: Mapping[str, Json]) -> Document:
    if not inputs.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": inputs.get("streamViewType")}


def _request(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    del context
    attributes: list[Json] = [
        {"AttributeName": mapping(part)["name"], "AttributeType": mapping(part)["type"]}
        for part in items(inputs.get("attributes"))
    ]
    request |= {
        "AttributeDefinitions": attributes,
        "KeySchema": _key_schema(inputs.get("hashKey"), inputs.get("rangeKey")),
        "BillingMode": inputs.get("billingMode") or "PROVISIONED",
        **_throughput(inputs),
    }
    for name, member in (
        ("globalSecondaryIndexes", "GlobalSecondaryIndexes"),
        ("localSecondaryIndexes", "LocalSecondaryIndexes"),
    ):
        if inputs.get(name):
            own = name == "globalSecondaryIndexes"
            request[member] = [_index(inputs, mapping(part), own_capacity=own) for part in items(inputs[name])]
    if inputs.get("serverSideEncryption"):
        request["SSESpecification"] = _encryption(inputs)
    if inputs.get("streamEnabled"):
        request["StreamSpecification"] = _stream(inputs)
    return request


def _shown_index(description: Document) -> Document:
    keys = {text(mapping(key)["KeyType"]): mapping(key)["AttributeName"] for key in items(description.get("KeySchema"))}
    return {
        "name": description.get("IndexName"),
        "hashKey": keys.get("HASH"),
        "rangeKey": keys.get("RANGE"),
        "projectionType": at_path(description, "Projection.ProjectionType"),
        "nonKeyAttributes": at_path(description, "Projection.NonKeyAttributes"),
    }


def _table(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    query: Document = {"TableName": existing.id}
    expiry = context.account.call("dynamodb", "describe_time_to_live", query).get("TimeToLiveDescription")
    backups = context.account.call("dynamodb", "describe_continuous_backups", query)
    recovery = at_path(backups, "ContinuousBackupsDescription.PointInTimeRecoveryDescription")
    keys = {text(mapping(key)["KeyType"]): mapping(key)["AttributeName"] for key in items(description.get("KeySchema"))}
    enabled = at_path(description, "SSEDescription.Status") == "ENABLED"
    encryption: Document = {"enabled": enabled, "kmsKeyArn": at_path(description, "SSEDescription.KMSMasterKeyArn")}
    ttl: Document = {
        "enabled": mapping(expiry).get("TimeToLiveStatus") == "ENABLED",
        "attributeName": mapping(expiry).get("AttributeName") or "",
    }
    return {
        "name": existing.id,
        "hashKey": keys.get("HASH"),
        "rangeKey": keys.get("RANGE"),
        "attributes": [
            {"name": mapping(part)["AttributeName"], "type": mapping(part)["AttributeType"]}
            for part in items(description.get("AttributeDefinitions"))
        ],
        "billingMode": at_path(description, "BillingModeSummary.BillingMode") or "PROVISIONED",
        "readCapacity": at_path(description, "ProvisionedThroughput.ReadCapacityUnits") or 0,
        "writeCapacity": at_path(description, "ProvisionedThroughput.WriteCapacityUnits") or 0,
        "pointInTimeRecovery": {"enabled": mapping(recovery).get("PointInTimeRecoveryStatus") == "ENABLED"},
        "serverSideEncryption": encryption if enabled else None,
        "ttl": ttl,
        "streamEnabled": at_path(description, "StreamSpecification.StreamEnabled") or False,
        "streamViewType": at_path(description, "StreamSpecification.StreamViewType") or "",
        "streamArn": description.get("LatestStreamArn") or "",
        "streamLabel": description.get("LatestStreamLabel") or "",
        "tableClass": at_path(description, "TableClassSummary.TableClass") or existing.state.get("tableClass"),
        "globalSecondaryIndexes": [
            _shown_index(mapping(part)) for part in items(description.get("GlobalSecondaryIndexes"))
        ]
        or None,
        "localSecondaryIndexes": [
            _shown_index(mapping(part)) for part in items(description.get("LocalSecondaryIndexes"))
        ]
        or None,
    }


def _set_ttl(context: HandlerContext, change: Change) -> None:
    wanted, before = mapping(change.new.get("ttl")), mapping(change.old.get("ttl"))
    enabled = bool(wanted.get("enabled"))
    if not enabled and not before.get("enabled"):
        return
    attribute = wanted.get("attributeName") or before.get("attributeName")
    setting: Document = {"Enabled": enabled, "AttributeName": attribute}
    request: Document = {"TableName": change.existing.id, "TimeToLiveSpecification": setting}
    context.account.call("dynamodb", "update_time_to_live", request)


def _set_recovery(context: HandlerContext, change: Change) -> None:
    wanted = mapping(change.new.get("pointInTimeRecovery"))
    setting: Document = {"PointInTimeRecoveryEnabled": bool(wanted.get("enabled"))}
    request: Document = {"TableName": change.existing.id, "PointInTimeRecoverySpecification": setting}
    context.account.call("dynamodb", "update_continuous_backups", request)


def _set_table(context: HandlerContext, change: Change) -> None:
    request: Document = {"TableName": change.existing.id}
    if change.names & {"billingMode", "readCapacity", "writeCapacity"}:
        request |= {"BillingMode": change.new.get("billingMode") or "PROVISIONED", **_throughput(change.new)}
    if change.names & {"streamEnabled", "streamViewType"}:
        request["StreamSpecification"] = _stream(change.new)
    if "serverSideEncryption" in change.names:
        request["SSESpecification"] = _encryption(change.new)
    if "deletionProtectionEnabled" in change.names:
        request["DeletionProtectionEnabled"] = bool(change.new.get("deletionProtectionEnabled"))
    context.account.call("dynamodb", "update_table", request)


_SHAPE = frozenset(
    {
        "attributes",
        "billingMode",
        "globalSecondaryIndexes",
        "hashKey",
        "localSecondaryIndexes",
        "rangeKey",
        "readCapacity",
        "serverSideEncryption",
        "streamEnabled",
        "streamViewType",
        "writeCapacity",
    }
)

TABLE = Row(
    resource="aws:dynamodb/table:Table",
    name="name",
    replaces=frozenset(
        {
            "attributes",
            "globalSecondaryIndexes",
            "hashKey",
            "localSecondaryIndexes",
            "name",
            "rangeKey",
        }
    ),
    kept=frozenset({"tableClass", "pointInTimeRecovery.recoveryPeriodInDays"}),
    differs="a changed index replaces the table, where AWS changes global ones in place; nothing expires by TTL",
    requests=(
        ApiRequest(
            service="dynamodb",
            operation="create_table",
            renames={
                "attributes": "AttributeDefinitions",
                "attributes.name": "AttributeName",
                "attributes.type": "AttributeType",
                "globalSecondaryIndexes.name": "IndexName",
                "localSecondaryIndexes.name": "IndexName",
                "globalSecondaryIndexes.projectionType": "Projection.ProjectionType",
                "localSecondaryIndexes.projectionType": "Projection.ProjectionType",
                "globalSecondaryIndexes.nonKeyAttributes": "Projection.NonKeyAttributes",
                "localSecondaryIndexes.nonKeyAttributes": "Projection.NonKeyAttributes",
                "globalSecondaryIndexes.hashKey": "KeySchema.AttributeName",
                "globalSecondaryIndexes.rangeKey": "KeySchema.AttributeName",
                "localSecondaryIndexes.rangeKey": "KeySchema.AttributeName",
                "globalSecondaryIndexes.readCapacity": "ProvisionedThroughput.ReadCapacityUnits",
                "globalSecondaryIndexes.writeCapacity": "ProvisionedThroughput.WriteCapacityUnits",
                "hashKey": "KeySchema.AttributeName",
                "rangeKey": "KeySchema.AttributeName",
                "readCapacity": "ProvisionedThroughput.ReadCapacityUnits",
                "writeCapacity": "ProvisionedThroughput.WriteCapacityUnits",
                "streamViewType": "StreamSpecification.StreamViewType",
                "serverSideEncryption": "SSESpecification",
                "serverSideEncryption.kmsKeyArn": "KMSMasterKeyId",
            },
        ),
        ApiRequest(service="dynamodb", operation="update_time_to_live", renames={"ttl": "TimeToLiveSpecification"}),
        ApiRequest(
            service="dynamodb",
            operation="update_continuous_backups",
            renames={"pointInTimeRecovery": "PointInTimeRecoverySpecification"},
        ),
    ),
    handler=ApiObject(
        service="dynamodb",
        create_operation="create_table",
        read_operation="describe_table",
        delete_operation="delete_table",
        identity={"TableName": "{id}"},
        id_format="{name}",
        at="Table",
        gone=frozenset({"ResourceNotFoundException"}),
        renames={"name": "TableName", "arn": "TableArn"},
        tagging=Tagging(
            member="Tags",
            add="tag_resource",
            remove="untag_resource",
            keys="TagKeys",
            identity=("ResourceArn", "{arn}"),
            listing="list_tags_of_resource",
            described="Tags",
        ),
        handled=_SHAPE,
        prepare=_request,
        present=_table,
        updates=(
            Update(names=frozenset({"ttl"}), settles=True, send=_set_ttl),
            Update(names=frozenset({"pointInTimeRecovery"}), settles=True, send=_set_recovery),
            Update(
                names=frozenset(
                    {
                        "billingMode",
                        "deletionProtectionEnabled",
                        "readCapacity",
                        "serverSideEncryption",
                        "streamEnabled",
                        "streamViewType",
                        "writeCapacity",
                    }
                ),
                send=_set_table,
            ),
        ),
    ),
)

ROWS = (TABLE,)

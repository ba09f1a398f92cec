"""KMS: keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.aws.rows.iam import policy_text
from sandbox.providers.values import Document, Json, items, mapping, text

_GONE = frozenset({"NotFoundException", "KMSInvalidStateException"})


def _rotation(context: HandlerContext, change: Change) -> None:
    operation = "enable_key_rotation" if change.new.get("enableKeyRotation") else "disable_key_rotation"
    request: Document = {"KeyId": change.existing.id}
    if change.new.get("enableKeyRotation") and change.new.get("rotationPeriodInDays"):
        request["RotationPeriodInDays"] = change.new["rotationPeriodInDays"]
    context.account.call("kms", operation, request)


def _enabling(context: HandlerContext, change: Change) -> None:
    operation = "disable_key" if change.new.get("isEnabled") is False else "enable_key"
    context.account.call("kms", operation, {"KeyId": change.existing.id})


def _policy(context: HandlerContext, change: Change) -> None:
    request: Document = {
        "KeyId": change.existing.id,
        "PolicyName": "default",
        "Policy": policy_text(change.new["policy"]),
    }
    context.account.call("kms", "put_key_policy", request)


def _key(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    query: Document = {"KeyId": existing.id}
    rotation = context.account.call("kms", "get_key_rotation_status", query)
    policy = context.account.call("kms", "get_key_policy", {**query, "PolicyName": "default"})
    return {
        "keyId": existing.id,
        "isEnabled": description.get("KeyState") == "Enabled",
        "enableKeyRotation": rotation.get("KeyRotationEnabled"),
        "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
        "policy": policy.get("Policy"),
        "customerMasterKeySpec": description.get("KeySpec"),
        "multiRegion": description.get("MultiRegion") or False,
    }


class _Key(ApiObject):
    """A key; deleting it schedules its deletion, and a key so scheduled counts as gone."""

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Schedule deletion after the window of the program, or 30 days; see `Handler`."""
        window = existing.state.get("deletionWindowInDays") or 30
        request: Document = {"KeyId": existing.id, "PendingWindowInDays": window}
        try:
            context.account.call("kms", "schedule_key_deletion", request)
        except ApiError as error:
            if error.reason not in _GONE:
                raise


KEY = Row(
    resource="aws:kms/key:Key",
    replaces=frozenset({"customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"}),
    local=frozenset({"bypassPolicyLockoutSafetyCheck", "deletionWindowInDays"}),
    differs="policies are kept and not enforced",
    requests=(ApiRequest(service="kms", operation="enable_key_rotation"),),
    limits={"deletionWindowInDays": range(7, 31)},
    handler=_Key(
        service="kms",
        create_operation="create_key",
        read_operation="describe_key",
        delete_operation="schedule_key_deletion",
        identity={"KeyId": "{id}"},
        id_at="KeyMetadata.KeyId",
        at="KeyMetadata",
        gone=_GONE,
        absent=lambda description: description.get("KeyState") == "PendingDeletion",
        renames={"customerMasterKeySpec": "KeySpec"},
        tagging=Tagging(
            member="Tags",
            add="tag_resource",
            remove="untag_resource",
            keys="TagKeys",
            identity=("KeyId", "{id}"),
            listing="list_resource_tags",
            described="Tags",
        ),
        present=_key,
        updates=(
            Update(names=frozenset({"enableKeyRotation", "rotationPeriodInDays"}), settles=True, send=_rotation),
            Update(names=frozenset({"isEnabled"}), settles=True, send=_enabling),
            Update(names=frozenset({"policy"}), send=_policy),
            Update(names=frozenset({"description"}), operation="update_key_description"),
        ),
    ),
)


class _Alias(ApiObject):
    """An alias: found in the list, as KMS describes none."""

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Create the alias of the key's id, which KMS takes and an ARN of which moto does not."""
        key = text(inputs["targetKeyId"]).rpartition("/")[2]
        context.account.call("kms", "create_alias", {"AliasName": inputs["name"], "TargetKeyId": key})
        return text(inputs["name"])

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """The alias in the list of all; see `Handler`."""
        answer = context.account.call("kms", "list_aliases", {"Limit": 100})
        for alias in map(mapping, items(answer.get("Aliases"))):
            if alias.get("AliasName") == existing.id:
                key = text(alias.get("TargetKeyId"))
                arn = context.account.arn("kms", f"key/{key}")
                given = text(existing.state.get("targetKeyId"))
                shown = given if given in {key, arn} else key
                return {"name": existing.id, "arn": alias.get("AliasArn"), "targetKeyId": shown, "targetKeyArn": arn}
        return None


def _retarget(context: HandlerContext, change: Change) -> None:
    key = text(change.new["targetKeyId"]).rpartition("/")[2]
    context.account.call("kms", "update_alias", {"AliasName": change.existing.id, "TargetKeyId": key})


ALIAS = Row(
    resource="aws:kms/alias:Alias",
    name="name",
    name_prefix="alias/",
    replaces=frozenset({"name", "namePrefix"}),
    handler=_Alias(
        service="kms",
        create_operation="create_alias",
        read_operation="list_aliases",
        delete_operation="delete_alias",
        identity={"AliasName": "{id}"},
        gone=_GONE,
        renames={"name": "AliasName"},
        updates=(Update(names=frozenset({"targetKeyId"}), send=_retarget),),
    ),
)

ROWS = (KEY, ALIAS)

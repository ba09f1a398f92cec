"""IAM: roles, policies, attachments, identity providers, instance profiles."""

from __future__ import annotations

import json
from urllib.parse import unquote

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.row import Change, HandlerContext, Identity, ResourceState, Row, Tagging
from sandbox.providers.values import Document, Json, items, mapping, text

_GONE = frozenset({"NoSuchEntity", "NoSuchEntityException"})


def policy_text(value: Json) -> str:
    """A policy document, decoded where IAM answers it URL-encoded."""
    if isinstance(value, dict):
        return json.dumps(value)
    return unquote(text(value))


def _role(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    attached = context.account.call("iam", "list_attached_role_policies", {"RoleName": existing.id})
    arns: list[Json] = [mapping(policy)["PolicyArn"] for policy in items(attached.get("AttachedPolicies"))]
    boundary = mapping(description.get("PermissionsBoundary")).get("PermissionsBoundaryArn")
    return {
        "assumeRolePolicy": policy_text(description.get("AssumeRolePolicyDocument")),
        "managedPolicyArns": arns,
        "name": existing.id,
        "uniqueId": description.get("RoleId"),
        "maxSessionDuration": description.get("MaxSessionDuration") or 3600,
        "permissionsBoundary": boundary,
    }


def _trust(context: HandlerContext, change: Change) -> None:
    document = policy_text(change.new["assumeRolePolicy"])
    request: Document = {"RoleName": change.existing.id, "PolicyDocument": document}
    context.account.call("iam", "update_assume_role_policy", request)


def _attach(context: HandlerContext, change: Change) -> None:
    old, new = items(change.old.get("managedPolicyArns")), items(change.new.get("managedPolicyArns"))
    for arn in new:
        if arn not in old:
            context.account.call("iam", "attach_role_policy", {"RoleName": change.existing.id, "PolicyArn": arn})
    for arn in old:
        if arn not in new:
            context.account.call("iam", "detach_role_policy", {"RoleName": change.existing.id, "PolicyArn": arn})


def _boundary(context: HandlerContext, change: Change) -> None:
    arn = change.new.get("permissionsBoundary")
    if arn:
        request: Document = {"RoleName": change.existing.id, "PermissionsBoundary": arn}
        context.account.call("iam", "put_role_permissions_boundary", request)
    else:
        context.account.call("iam", "delete_role_permissions_boundary", {"RoleName": change.existing.id})


def _release_role(context: HandlerContext, existing: ResourceState) -> None:
    for arn in items(existing.state.get("managedPolicyArns")):
        try:
            context.account.call("iam", "detach_role_policy", {"RoleName": existing.id, "PolicyArn": arn})
        except ApiError as error:
            if error.reason not in _GONE:
                raise


ROLE = Row(
    resource="aws:iam/role:Role",
    name="name",
    name_limit=64,
    replaces=frozenset({"name", "namePrefix", "path"}),
    local=frozenset({"forceDetachPolicies"}),
    differs="inline policies in the role's own property are refused: use RolePolicy",
    handler=ApiObject(
        service="iam",
        create_operation="create_role",
        read_operation="get_role",
        delete_operation="delete_role",
        identity={"RoleName": "{id}"},
        id_format="{name}",
        at="Role",
        gone=_GONE,
        renames={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument", "createDate": "CreateDate"},
        outside=frozenset({"managedPolicyArns"}),
        tagging=Tagging(
            member="Tags", add="tag_role", remove="untag_role", keys="TagKeys", identity=("RoleName", "{id}")
        ),
        present=_role,
        before_delete=_release_role,
        updates=(
            Update(names=frozenset({"assumeRolePolicy"}), send=_trust),
            Update(names=frozenset({"managedPolicyArns"}), settles=True, send=_attach),
            Update(names=frozenset({"permissionsBoundary"}), send=_boundary),
            Update(names=frozenset({"description", "maxSessionDuration"}), operation="update_role", whole=True),
        ),
    ),
)


def _put_role_policy(context: HandlerContext, change: Change) -> None:
    role, _, name = change.existing.id.partition(":")
    request: Document = {
        "RoleName": role,
        "PolicyName": name,
        "PolicyDocument": policy_text(change.new["policy"]),
    }
    context.account.call("iam", "put_role_policy", request)


ROLE_POLICY = Row(
    resource="aws:iam/rolePolicy:RolePolicy",
    name="name",
    name_limit=128,
    replaces=frozenset({"name", "namePrefix", "role"}),
    handler=ApiObject(
        service="iam",
        create_operation="put_role_policy",
        read_operation="get_role_policy",
        delete_operation="delete_role_policy",
        identity={"RoleName": "{role}", "PolicyName": "{name}"},
        id_format="{role}:{name}",
        gone=_GONE,
        renames={"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
        present=lambda _, description, __: {"policy": policy_text(description.get("PolicyDocument"))},
        updates=(Update(names=frozenset({"policy"}), send=_put_role_policy),),
    ),
)


def _policy(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    request: Document = {"PolicyArn": existing.id, "VersionId": description.get("DefaultVersionId")}
    version = context.account.call("iam", "get_policy_version", request)
    document = mapping(version.get("PolicyVersion")).get("Document")
    return {"policy": policy_text(document), "policyId": description.get("PolicyId"), "arn": existing.id}


def _new_version(context: HandlerContext, change: Change) -> None:
    request: Document = {
        "PolicyArn": change.existing.id,
        "PolicyDocument": policy_text(change.new["policy"]),
        "SetAsDefault": True,
    }
    context.account.call("iam", "create_policy_version", request)
    _old_versions(context, change.existing)


def _old_versions(context: HandlerContext, existing: ResourceState) -> None:
    answer = context.account.call("iam", "list_policy_versions", {"PolicyArn": existing.id})
    for version in map(mapping, items(answer.get("Versions"))):
        if not version.get("IsDefaultVersion"):
            request: Document = {"PolicyArn": existing.id, "VersionId": version["VersionId"]}
            context.account.call("iam", "delete_policy_version", request)


POLICY = Row(
    resource="aws:iam/policy:Policy",
    name="name",
    name_limit=128,
    replaces=frozenset({"name", "namePrefix", "path", "description"}),
    handler=ApiObject(
        service="iam",
        create_operation="create_policy",
        read_operation="get_policy",
        delete_operation="delete_policy",
        identity={"PolicyArn": "{id}"},
        id_at="Policy.Arn",
        at="Policy",
        gone=_GONE,
        renames={"name": "PolicyName", "policy": "PolicyDocument"},
        tagging=Tagging(
            member="Tags", add="tag_policy", remove="untag_policy", keys="TagKeys", identity=("PolicyArn", "{id}")
        ),
        present=_policy,
        before_delete=_old_versions,
        updates=(Update(names=frozenset({"policy"}), send=_new_version),),
    ),
)


class _Attachment(ApiObject):
    """A role's managed policy: there is no operation that describes one, so the role's list is read."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """The attachment, found in the role's list; see `Handler`."""
        parts = {**Identity(self.id_format).parts(existing.id), **existing.state}
        role, arn = text(parts.get("role")), text(parts.get("policyArn"))
        try:
            answer = context.account.call("iam", "list_attached_role_policies", {"RoleName": role})
        except ApiError as error:
            if error.reason in _GONE:
                return None
            raise
        arns = {text(mapping(policy)["PolicyArn"]) for policy in items(answer.get("AttachedPolicies"))}
        return {"role": role, "policyArn": arn} if arn in arns else None


ROLE_POLICY_ATTACHMENT = Row(
    resource="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    replaces=frozenset({"role", "policyArn"}),
    handler=_Attachment(
        service="iam",
        create_operation="attach_role_policy",
        read_operation="list_attached_role_policies",
        delete_operation="detach_role_policy",
        identity={"RoleName": "{role}", "PolicyArn": "{policyArn}"},
        id_format="{role}/{policyArn}",
        gone=_GONE,
        renames={"role": "RoleName"},
    ),
)


def _thumbprints(context: HandlerContext, change: Change) -> None:
    request: Document = {
        "OpenIDConnectProviderArn": change.existing.id,
        "ThumbprintList": items(change.new.get("thumbprintLists")),
    }
    context.account.call("iam", "update_open_id_connect_provider_thumbprint", request)


def _audiences(context: HandlerContext, change: Change) -> None:
    old, new = items(change.old.get("clientIdLists")), items(change.new.get("clientIdLists"))
    for audience in new:
        if audience not in old:
            request: Document = {"OpenIDConnectProviderArn": change.existing.id, "ClientID": audience}
            context.account.call("iam", "add_client_id_to_open_id_connect_provider", request)
    for audience in old:
        if audience not in new:
            request = {"OpenIDConnectProviderArn": change.existing.id, "ClientID": audience}
            context.account.call("iam", "remove_client_id_from_open_id_connect_provider", request)


def _identity_provider(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del context
    return {"arn": existing.id, "url": f"https://{text(description.get('Url')).removeprefix('https://')}"}


IDENTITY_PROVIDER = Row(
    resource="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    replaces=frozenset({"url"}),
    differs="the issuer is not reached, so a thumbprint is taken as given and none is looked up",
    handler=ApiObject(
        service="iam",
        create_operation="create_open_id_connect_provider",
        read_operation="get_open_id_connect_provider",
        delete_operation="delete_open_id_connect_provider",
        identity={"OpenIDConnectProviderArn": "{id}"},
        id_at="OpenIDConnectProviderArn",
        gone=_GONE,
        renames={"clientIdLists": "ClientIDList", "thumbprintLists": "ThumbprintList"},
        tagging=Tagging(
            member="Tags",
            add="tag_open_id_connect_provider",
            remove="untag_open_id_connect_provider",
            keys="TagKeys",
            identity=("OpenIDConnectProviderArn", "{id}"),
        ),
        present=_identity_provider,
        updates=(
            Update(names=frozenset({"thumbprintLists"}), send=_thumbprints),
            Update(names=frozenset({"clientIdLists"}), send=_audiences),
        ),
    ),
)


def _profile_role(context: HandlerContext, change: Change) -> None:
    if change.old.get("role"):
        request: Document = {"InstanceProfileName": change.existing.id, "RoleName": change.old["role"]}
        context.account.call("iam", "remove_role_from_instance_profile", request)
    if change.new.get("role"):
        request = {"InstanceProfileName": change.existing.id, "RoleName": change.new["role"]}
        context.account.call("iam", "add_role_to_instance_profile", request)


def _free_profile(context: HandlerContext, existing: ResourceState) -> None:
    if existing.state.get("role"):
        request: Document = {"InstanceProfileName": existing.id, "RoleName": existing.state["role"]}
        context.account.call("iam", "remove_role_from_instance_profile", request)


def _profile(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del context, existing
    roles = items(description.get("Roles"))
    return {
        "role": mapping(roles[0]).get("RoleName") if roles else None,
        "uniqueId": description.get("InstanceProfileId"),
    }


INSTANCE_PROFILE = Row(
    resource="aws:iam/instanceProfile:InstanceProfile",
    name="name",
    name_limit=128,
    replaces=frozenset({"name", "namePrefix", "path"}),
    handler=ApiObject(
        service="iam",
        create_operation="create_instance_profile",
        read_operation="get_instance_profile",
        delete_operation="delete_instance_profile",
        identity={"InstanceProfileName": "{id}"},
        id_format="{name}",
        at="InstanceProfile",
        gone=_GONE,
        renames={"name": "InstanceProfileName"},
        tagging=Tagging(
            member="Tags",
            add="tag_instance_profile",
            remove="untag_instance_profile",
            keys="TagKeys",
            identity=("InstanceProfileName", "{id}"),
        ),
        outside=frozenset({"role"}),
        present=_profile,
        before_delete=_free_profile,
        updates=(Update(names=frozenset({"role"}), settles=True, send=_profile_role),),
    ),
)

ROWS = (
    ROLE,
    ROLE_POLICY,
    POLICY,
    ROLE_POLICY_ATTACHMENT,
    IDENTITY_PROVIDER,
    INSTANCE_PROFILE,
)

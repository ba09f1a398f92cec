"""IAM: roles, policies, attachments, identity providers, instance profiles."""

from __future__ import annotations

import json
from urllib.parse import unquote

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.row import Change, Held, Identity, Row, Scene, Tagging
from sandbox.providers.values import Document, Json, items, mapping, text

_GONE = frozenset({"NoSuchEntity", "NoSuchEntityException"})


def policy_text(value: Json) -> str:
    """A policy document, decoded where IAM answers it URL-encoded."""
    if isinstance(value, dict):
        return json.dumps(value)
    return unquote(text(value))


def _role(scene: Scene, found: Document, held: Held) -> Document:
    attached = scene.account.call("iam", "list_attached_role_policies", {"RoleName": held.id})
    arns: list[Json] = [mapping(policy)["PolicyArn"] for policy in items(attached.get("AttachedPolicies"))]
    boundary = mapping(found.get("PermissionsBoundary")).get("PermissionsBoundaryArn")
    return {
        "assumeRolePolicy": policy_text(found.get("AssumeRolePolicyDocument")),
        "managedPolicyArns": arns,
        "name": held.id,
        "uniqueId": found.get("RoleId"),
        "maxSessionDuration": found.get("MaxSessionDuration") or 3600,
        "permissionsBoundary": boundary,
    }


def _trust(scene: Scene, change: Change) -> None:
    document = policy_text(change.new["assumeRolePolicy"])
    request: Document = {"RoleName": change.held.id, "PolicyDocument": document}
    scene.account.call("iam", "update_assume_role_policy", request)


def _attach(scene: Scene, change: Change) -> None:
    old, new = items(change.old.get("managedPolicyArns")), items(change.new.get("managedPolicyArns"))
    for arn in new:
        if arn not in old:
            scene.account.call("iam", "attach_role_policy", {"RoleName": change.held.id, "PolicyArn": arn})
    for arn in old:
        if arn not in new:
            scene.account.call("iam", "detach_role_policy", {"RoleName": change.held.id, "PolicyArn": arn})


def _boundary(scene: Scene, change: Change) -> None:
    arn = change.new.get("permissionsBoundary")
    if arn:
        request: Document = {"RoleName": change.held.id, "PermissionsBoundary": arn}
        scene.account.call("iam", "put_role_permissions_boundary", request)
    else:
        scene.account.call("iam", "delete_role_permissions_boundary", {"RoleName": change.held.id})


def _release_role(scene: Scene, held: Held) -> None:
    for arn in items(held.state.get("managedPolicyArns")):
        try:
            scene.account.call("iam", "detach_role_policy", {"RoleName": held.id, "PolicyArn": arn})
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


def _put_role_policy(scene: Scene, change: Change) -> None:
    role, _, name = change.held.id.partition(":")
    request: Document = {
        "RoleName": role,
        "PolicyName": name,
        "PolicyDocument": policy_text(change.new["policy"]),
    }
    scene.account.call("iam", "put_role_policy", request)


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
        present=lambda _, found, __: {"policy": policy_text(found.get("PolicyDocument"))},
        updates=(Update(names=frozenset({"policy"}), send=_put_role_policy),),
    ),
)


def _policy(scene: Scene, found: Document, held: Held) -> Document:
    request: Document = {"PolicyArn": held.id, "VersionId": found.get("DefaultVersionId")}
    version = scene.account.call("iam", "get_policy_version", request)
    document = mapping(version.get("PolicyVersion")).get("Document")
    return {"policy": policy_text(document), "policyId": found.get("PolicyId"), "arn": held.id}


def _new_version(scene: Scene, change: Change) -> None:
    request: Document = {
        "PolicyArn": change.held.id,
        "PolicyDocument": policy_text(change.new["policy"]),
        "SetAsDefault": True,
    }
    scene.account.call("iam", "create_policy_version", request)
    _old_versions(scene, change.held)


def _old_versions(scene: Scene, held: Held) -> None:
    answer = scene.account.call("iam", "list_policy_versions", {"PolicyArn": held.id})
    for version in map(mapping, items(answer.get("Versions"))):
        if not version.get("IsDefaultVersion"):
            request: Document = {"PolicyArn": held.id, "VersionId": version["VersionId"]}
            scene.account.call("iam", "delete_policy_version", request)


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

    def read(self, scene: Scene, held: Held) -> Document | None:
        """The attachment, found in the role's list; see `Handler`."""
        parts = {**Identity(self.id_format).parts(held.id), **held.state}
        role, arn = text(parts.get("role")), text(parts.get("policyArn"))
        try:
            answer = scene.account.call("iam", "list_attached_role_policies", {"RoleName": role})
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


def _thumbprints(scene: Scene, change: Change) -> None:
    request: Document = {
        "OpenIDConnectProviderArn": change.held.id,
        "ThumbprintList": items(change.new.get("thumbprintLists")),
    }
    scene.account.call("iam", "update_open_id_connect_provider_thumbprint", request)


def _audiences(scene: Scene, change: Change) -> None:
    old, new = items(change.old.get("clientIdLists")), items(change.new.get("clientIdLists"))
    for audience in new:
        if audience not in old:
            request: Document = {"OpenIDConnectProviderArn": change.held.id, "ClientID": audience}
            scene.account.call("iam", "add_client_id_to_open_id_connect_provider", request)
    for audience in old:
        if audience not in new:
            request = {"OpenIDConnectProviderArn": change.held.id, "ClientID": audience}
            scene.account.call("iam", "remove_client_id_from_open_id_connect_provider", request)


def _identity_provider(scene: Scene, found: Document, held: Held) -> Document:
    del scene
    return {"arn": held.id, "url": f"https://{text(found.get('Url')).removeprefix('https://')}"}


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


def _profile_role(scene: Scene, change: Change) -> None:
    if change.old.get("role"):
        request: Document = {"InstanceProfileName": change.held.id, "RoleName": change.old["role"]}
        scene.account.call("iam", "remove_role_from_instance_profile", request)
    if change.new.get("role"):
        request = {"InstanceProfileName": change.held.id, "RoleName": change.new["role"]}
        scene.account.call("iam", "add_role_to_instance_profile", request)


def _free_profile(scene: Scene, held: Held) -> None:
    if held.state.get("role"):
        request: Document = {"InstanceProfileName": held.id, "RoleName": held.state["role"]}
        scene.account.call("iam", "remove_role_from_instance_profile", request)


def _profile(scene: Scene, found: Document, held: Held) -> Document:
    del scene, held
    roles = items(found.get("Roles"))
    return {"role": mapping(roles[0]).get("RoleName") if roles else None, "uniqueId": found.get("InstanceProfileId")}


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

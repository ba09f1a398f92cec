"""EKS: who may use a cluster and as whom its pods act, in the stand-in's store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.kept_object import KeptObject
from sandbox.providers.aws.row import HandlerContext, Row
from sandbox.providers.values import Document, Json, text


def _cluster_there(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    context.account.call("eks", "describe_cluster", {"name": inputs.get("clusterName")})


def short_digest(identity: str) -> str:
    """Twelve hex digits for an identity."""
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def _access_entry(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    cluster = text(inputs["clusterName"])
    kind = inputs.get("type") or "STANDARD"
    principal = text(inputs["principalArn"])
    return {
        "accessEntryArn": context.account.arn("eks", f"access-entry/{cluster}/{short_digest(identity)}"),
        "type": kind,
        "userName": inputs.get("userName") or principal,
        "kubernetesGroups": inputs.get("kubernetesGroups") or [],
        "createdAt": "2026-01-01T00:00:00Z",
        "modifiedAt": "2026-01-01T00:00:00Z",
    }


ACCESS_ENTRY = Row(
    resource="aws:eks/accessEntry:AccessEntry",
    stored=True,
    replaces=frozenset({"clusterName", "principalArn", "type"}),
    differs="grants nothing; the cluster's authentication mode and the principal are not checked",
    requests=(ApiRequest(service="eks", operation="create_access_entry", renames={"userName": "username"}),),
    handler=KeptObject(
        service="eks",
        id_format="{clusterName}:{principalArn}",
        compute=_access_entry,
        requires=_cluster_there,
        mutable=frozenset({"kubernetesGroups", "userName"}),
    ),
)


def _entry_there(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    _cluster_there(context, inputs)
    entry = f"{text(inputs['clusterName'])}:{text(inputs['principalArn'])}"
    if context.account.store.get(ACCESS_ENTRY.resource, entry) is None:
        raise ApiError(
            service="eks",
            operation="associate_access_policy",
            reason="ResourceNotFoundException",
            message=f"The specified principalArn could not be found: {inputs['principalArn']}",
        )


ACCESS_POLICY = Row(
    resource="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    stored=True,
    replaces=frozenset({"accessScope", "clusterName", "policyArn", "principalArn"}),
    differs="grants nothing; the policy's name is not checked",
    requests=(ApiRequest(service="eks", operation="associate_access_policy"),),
    handler=KeptObject(
        service="eks",
        id_format="{clusterName}#{principalArn}#{policyArn}",
        compute=lambda *_: {"associatedAt": "2026-01-01T00:00:00Z", "modifiedAt": "2026-01-01T00:00:00Z"},
        requires=_entry_there,
        tagged=False,
    ),
)


def _pod_identity(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    cluster = text(inputs["clusterName"])
    arn = context.account.arn("eks", f"podidentityassociation/{cluster}/{identity}")
    return {"associationId": identity, "associationArn": arn, "externalId": short_digest(identity)}


POD_IDENTITY = Row(
    resource="aws:eks/podIdentityAssociation:PodIdentityAssociation",
    stored=True,
    replaces=frozenset({"clusterName", "namespace", "serviceAccount"}),
    differs="gives no credentials; the role's trust is not checked",
    requests=(ApiRequest(service="eks", operation="create_pod_identity_association"),),
    handler=KeptObject(
        service="eks",
        id_format="",
        id_of=lambda _, inputs: (
            "a-" + short_digest("/".join(text(inputs[name]) for name in ("clusterName", "namespace", "serviceAccount")))
        ),
        compute=_pod_identity,
        requires=_cluster_there,
        mutable=frozenset({"roleArn", "targetRoleArn", "disableSessionTags"}),
    ),
)

ROWS = (ACCESS_ENTRY, ACCESS_POLICY, POD_IDENTITY)

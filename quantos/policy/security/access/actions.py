"""Actions by which whoever holds them takes more rights than he was given, and patterns that reach them.

Source: the Service Authorization Reference (access level "Permissions management"), and the ways by which published
studies of privilege escalation in AWS took rights: passing a role, changing a policy, taking over a program.
"""

from collections.abc import Iterator, Mapping

from quantos.policy.security.access.patterns import is_pattern, literal_head, matches
from quantos.policy.security.unscoped_actions import TOLERATED_PATTERNS

_PASSES = "hands a role to a service, which then acts with its rights"
_ASSUMES = "acts with the rights of a role"
_POLICIES = "changes what an identity may do"
_LASTING = "makes a credential that lasts"
_TRUST = "changes who may take a role"
_SHARES = "changes who may use a resource"
_PROGRAMS = "runs a program with the rights of another"
_SECRETS = "reads secrets"

PRIVILEGED: Mapping[str, str] = {
    "iam:PassRole": _PASSES,
    "sts:AssumeRole": _ASSUMES,
    **{
        f"iam:{name}": _POLICIES
        for name in (
            "AddUserToGroup", "AttachGroupPolicy", "AttachRolePolicy", "AttachUserPolicy", "CreatePolicyVersion",
            "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DeleteUserPermissionsBoundary", "PutGroupPolicy",
            "PutRolePermissionsBoundary", "PutRolePolicy", "PutUserPermissionsBoundary", "PutUserPolicy",
            "SetDefaultPolicyVersion",
        )
    },
    **{
        f"iam:{name}": _LASTING
        for name in (
            "CreateAccessKey", "CreateLoginProfile", "CreateServiceSpecificCredential", "DeactivateMFADevice",
            "ResetServiceSpecificCredential", "UpdateAccessKey", "UpdateLoginProfile",
        )
    },
    **{
        f"iam:{name}": _TRUST
        for name in (
            "AddClientIDToOpenIDConnectProvider", "UpdateAssumeRolePolicy", "UpdateOpenIDConnectProviderThumbprint",
            "UpdateSAMLProvider",
        )
    },
    **dict.fromkeys(
        (
            "ecr:SetRepositoryPolicy", "kms:CreateGrant", "kms:PutKeyPolicy", "lambda:AddPermission",
            "s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock",
            "secretsmanager:PutResourcePolicy", "sns:AddPermission", "sqs:AddPermission", "eks:CreateAccessEntry",
            "eks:AssociateAccessPolicy",
        ),
        _SHARES,
    ),
    **dict.fromkeys(
        (
            "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "ssm:SendCommand", "ssm:StartSession",
        ),
        _PROGRAMS,
    ),
    "secretsmanager:GetSecretValue": _SECRETS,
}  # fmt: skip
"""Actions by name, as IAM writes them, and what they let their holder do."""


def is_loose(action: str) -> bool:
    """Whether an action is a pattern that stands for more than one of those that are tolerated does."""
    tolerated = (literal_head(pattern) for pattern in TOLERATED_PATTERNS)
    return is_pattern(action) and not any(action.startswith(head) for head in tolerated)


def privileged(action: str) -> Iterator[str]:
    """The privileged actions that an action is, or as a pattern stands for. IAM reads actions without capitals."""
    return (name for name in PRIVILEGED if matches(action.lower(), name.lower()))

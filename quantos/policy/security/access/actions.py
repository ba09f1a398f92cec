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
_TRACES = "ends the records of what was done, or what they are read by"

PRIVILEGED: Mapping[str, str] = {
    "iam:PassRole": _PASSES,
    **dict.fromkeys(("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"), _ASSUMES),
    **{
        f"iam:{name}": _POLICIES
        for name in (
            "AddRoleToInstanceProfile", "AddUserToGroup", "AttachGroupPolicy", "AttachRolePolicy", "AttachUserPolicy",
            "CreatePolicyVersion", "CreateRole",
            "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DeleteUserPermissionsBoundary", "PutGroupPolicy",
            "PutRolePermissionsBoundary", "PutRolePolicy", "PutUserPermissionsBoundary", "PutUserPolicy",
            "SetDefaultPolicyVersion", "TagRole", "TagUser", "UntagRole", "UntagUser",
        )
    },
    **{
        f"iam:{name}": _LASTING
        for name in (
            "CreateAccessKey", "CreateLoginProfile", "CreateServiceSpecificCredential", "DeactivateMFADevice",
            "CreateUser", "CreateVirtualMFADevice", "EnableMFADevice", "ResetServiceSpecificCredential",
            "UpdateAccessKey",
            "UpdateLoginProfile", "UploadSSHPublicKey", "UploadSigningCertificate",
        )
    },
    **{
        f"iam:{name}": _TRUST
        for name in (
            "AddClientIDToOpenIDConnectProvider", "CreateOpenIDConnectProvider", "CreateSAMLProvider",
            "UpdateAssumeRolePolicy", "UpdateOpenIDConnectProviderThumbprint", "UpdateSAMLProvider",
        )
    },
    **dict.fromkeys(
        (
            "dynamodb:PutResourcePolicy", "ec2:ModifyImageAttribute", "ec2:ModifySnapshotAttribute",
            "ecr:SetRepositoryPolicy", "eks:AssociateAccessPolicy", "eks:CreateAccessEntry",
            "eks:CreatePodIdentityAssociation", "eks:UpdateAccessEntry", "eks:UpdatePodIdentityAssociation",
            "events:PutPermission", "kms:CreateGrant", "kms:PutKeyPolicy", "lambda:AddLayerVersionPermission",
            "lambda:AddPermission", "lambda:CreateFunctionUrlConfig", "logs:PutResourcePolicy",
            "rds:ModifyDBClusterSnapshotAttribute", "rds:ModifyDBSnapshotAttribute", "s3:DeleteBucketPolicy",
            "s3:PutAccessPointPolicy", "s3:PutAccountPublicAccessBlock", "s3:PutBucketAcl", "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock", "s3:PutObjectAcl", "secretsmanager:PutResourcePolicy",
            "sns:AddPermission", "sns:SetTopicAttributes", "sqs:AddPermission", "sqs:SetQueueAttributes",
        ),
        _SHARES,
    ),
    **dict.fromkeys(
        (
            "cloudformation:CreateStack", "cloudformation:ExecuteChangeSet", "cloudformation:UpdateStack",
            "codebuild:StartBuild", "codebuild:UpdateProject", "ec2-instance-connect:SendSSHPublicKey",
            "ec2:AssociateIamInstanceProfile", "ec2:ModifyInstanceAttribute", "ecs:ExecuteCommand", "glue:UpdateJob",
            "lambda:CreateFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
            "ssm:CreateAssociation", "ssm:SendCommand", "ssm:StartAutomationExecution", "ssm:StartSession",
        ),
        _PROGRAMS,
    ),
    **dict.fromkeys(
        (
            "kms:Decrypt", "secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "ssm:GetParameter",
            "ssm:GetParameters", "ssm:GetParametersByPath",
        ),
        _SECRETS,
    ),
    **dict.fromkeys(
        (
            "cloudtrail:DeleteTrail", "cloudtrail:StopLogging", "kms:ScheduleKeyDeletion",
            "s3:BypassGovernanceRetention",
        ),
        _TRACES,
    ),
}  # fmt: skip
"""Actions by name, as IAM writes them, and what they let their holder do."""


def is_loose(action: str) -> bool:
    """Whether an action is a pattern that stands for more than one of those that are tolerated does."""
    tolerated = (literal_head(pattern) for pattern in TOLERATED_PATTERNS)
    return is_pattern(action) and not any(action.startswith(head) for head in tolerated)


def privileged(action: str) -> Iterator[str]:
    """The privileged actions that an action is, or as a pattern stands for. IAM reads actions without capitals."""
    return (name for name in PRIVILEGED if matches(action.lower(), name.lower()))

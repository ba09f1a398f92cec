"""Who may do what: documents that name actions, resources and principals, and trust nobody else."""

from collections.abc import Iterator, Mapping

from quantos.policy.controls import firm, fsbp
from quantos.policy.security.documents import Statement, statements
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.unscoped_actions import TOLERATED_PATTERNS, UNSCOPED_ACTIONS
from quantos.policy.security.values import at, each, text, texts

ROLE = "aws:iam/role:Role"
KEY = "aws:kms/key:Key"
IDENTITY_TYPES = (
    "aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy", "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)  # fmt: skip
RESOURCE_TYPES = (
    "aws:s3/bucketPolicy:BucketPolicy", "aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy", "aws:secretsmanager/secretPolicy:SecretPolicy",
    "aws:kms/keyPolicy:KeyPolicy", "aws:msk/clusterPolicy:ClusterPolicy", "aws:efs/fileSystemPolicy:FileSystemPolicy",
    "aws:backup/vaultPolicy:VaultPolicy", KEY,
)  # fmt: skip
ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment",
)  # fmt: skip
NARROWING_KEYS = frozenset({
    "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:sourceaccount", "aws:sourcearn",
    "aws:sourceorgid", "aws:sourcevpc", "aws:sourcevpce", "kms:calleraccount",
})  # fmt: skip
"""Condition keys that make `everybody` somebody."""


def _identity_statements(resource: Resource) -> Iterator[Statement]:
    if at(resource.properties, "policy") is not None:
        yield from statements(at(resource.properties, "policy"))
    for inline in each(resource.properties, "inlinePolicies"):
        yield from statements(at(inline, "policy"))


def _wide_actions(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    for statement in _identity_statements(resource):
        wide = [action for action in statement.actions if "*" in action and action not in TOLERATED_PATTERNS]
        if statement.allows and wide and not _is_account_of_key(resource, statement, limits):
            yield f"{resource.name} allows {', '.join(wide)} in {statement.sid}"


def _is_account_of_key(resource: Resource, statement: Statement, limits: SecurityLimits) -> bool:
    """A key's policy gives the key to its account, whose IAM policies then say who may do what."""
    root = f"arn:aws:iam::{limits.account_id}:root"
    return resource.type == KEY and statement.principals == {"AWS": (root,)} and statement.actions == ("kms:*",)


def _wide_resources(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    for statement in _identity_statements(resource):
        loose = [action for action in statement.actions if action not in UNSCOPED_ACTIONS]
        if statement.allows and loose and any(_is_everything(arn) for arn in statement.resources):
            yield f"{resource.name} allows {', '.join(loose)} on every resource in {statement.sid}"


def _is_everything(arn: str) -> bool:
    """Whether an ARN leaves everything of its service open."""
    rest = arn.split(":", 3)[3:] if arn.startswith("arn:") else [arn]
    return all(part in {"*", ""} for part in ":".join(rest).split(":"))


def _anybody(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    for document in ("policy", "assumeRolePolicy"):
        if at(resource.properties, document) is None:
            continue
        for statement in statements(at(resource.properties, document)):
            everybody = any("*" in names for names in statement.principals.values())
            if statement.allows and everybody and not statement.condition_keys & NARROWING_KEYS:
                yield f"{resource.name} allows anybody {', '.join(statement.actions)} in {statement.sid}"


def _foreign_trust(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    for statement in statements(at(resource.properties, "assumeRolePolicy")):
        if statement.allows:
            yield from (f"{resource.name} trusts {who} in {statement.sid}" for who in _strangers(statement, limits))


def _strangers(statement: Statement, limits: SecurityLimits) -> Iterator[str]:
    principals: Mapping[str, tuple[str, ...]] = statement.principals
    for name in principals.get("AWS", ()):
        if name != limits.account_id and f"::{limits.account_id}:" not in name:
            yield f"{name}, which is not of account {limits.account_id}"
    for provider in principals.get("Federated", ()):
        if not any(key.endswith(":sub") for key in statement.condition_keys):
            yield f"everybody whom {provider} knows"


def _broad_attachment(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    name = text(resource.properties, "policyArn").rpartition("/")[2]
    if name in {"AdministratorAccess", "PowerUserAccess"} or name.endswith("FullAccess"):
        yield f"{resource.name} attaches {name}"


def _lasting_identity(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    yield f"{resource.name} is an identity whose keys last until somebody ends them"


def _open_function(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    principal = text(resource.properties, "principal")
    if principal == "*":
        yield f"{resource.name} lets anybody call the function"
    elif principal.endswith(".amazonaws.com"):
        if not texts(resource.properties, "sourceArn") and not texts(resource.properties, "sourceAccount"):
            yield f"{resource.name} lets {principal} call the function for whomever it likes"
    elif limits.account_id not in principal:
        yield f"{resource.name} lets {principal} call the function, which is not of account {limits.account_id}"


IAM_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="iam-named-actions",
        description="Policy documents name each action that they allow.",
        remedy="list the actions that the code calls; a pattern that must stay belongs in TOLERATED_PATTERNS",
        control=fsbp("IAM.21"),
        types=(*IDENTITY_TYPES, *RESOURCE_TYPES, ROLE),
        complaints=_wide_actions,
    ),
    ResourceRule(
        name="iam-named-resources",
        description="Policies of identities name the resources that they allow anything on.",
        remedy="name resources by ARN; an action that IAM holds to none belongs in UNSCOPED_ACTIONS with the reason",
        control=firm("a grant names what it is about", section="grants"),
        types=(*IDENTITY_TYPES, ROLE),
        complaints=_wide_resources,
    ),
    ResourceRule(
        name="iam-named-principals",
        description="Policies of resources and trust policies allow nothing to everybody.",
        remedy="name the principals, or add a condition on the account or organisation they act for",
        control=firm("a grant names whom it is for", section="grants"),
        types=(*RESOURCE_TYPES, ROLE),
        complaints=_anybody,
    ),
    ResourceRule(
        name="iam-trust",
        description="Roles are taken by AWS services, by their own account, or by one named subject of a provider.",
        remedy="trust a service or a role of the account; of an identity provider name the subject by a condition",
        control=firm("a grant names whom it is for", section="grants"),
        types=(ROLE,),
        complaints=_foreign_trust,
    ),
    ResourceRule(
        name="iam-no-broad-managed-policy",
        description="Nobody is attached a policy of AWS's that allows everything of a service, or everything.",
        remedy="write a policy with the actions that are needed",
        control=fsbp("IAM.1"),
        types=ATTACHMENTS,
        complaints=_broad_attachment,
    ),
    ResourceRule(
        name="iam-roles-only",
        description="There are no IAM users and no access keys that last.",
        remedy="give a program a role, and people roles by single sign-on",
        control=firm("nobody holds a key that lasts", section="identities"),
        types=("aws:iam/user:User", "aws:iam/accessKey:AccessKey", "aws:iam/userLoginProfile:UserLoginProfile"),
        complaints=_lasting_identity,
    ),
    ResourceRule(
        name="function-caller-named",
        description="A function is called by whom its permission names, on behalf of the account.",
        remedy="name the service and the ARN it calls for, in sourceArn",
        control=fsbp("Lambda.1"),
        types=("aws:lambda/permission:Permission",),
        complaints=_open_function,
    ),
)

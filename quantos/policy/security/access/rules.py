"""Who is given rights by being named: attached policies, administrators of clusters, managers of keys, callers."""

from collections.abc import Iterator, Mapping

from quantos.policy.controls import firm, fsbp
from quantos.policy.security.access.arns import parsed_arn
from quantos.policy.security.access.callers import Callers, callers, spares
from quantos.policy.security.access.conditions import Test, condition_tests
from quantos.policy.security.access.patterns import is_pattern, matches
from quantos.policy.security.access.places import Kind, statements_of
from quantos.policy.security.access.principals import Standing, principals
from quantos.policy.security.documents import Statement
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import at, text, texts, values

ATTACHED: Mapping[str, str] = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
    "aws:iam/policyAttachment:PolicyAttachment": "policyArn",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": "policyArns",
    "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive": "policyArns",
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive": "policyArns",
    "aws:iam/role:Role": "managedPolicyArns",
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": "managedPolicyArn",
    "aws:ssoadmin/managedPolicyAttachmentsExclusive:ManagedPolicyAttachmentsExclusive": "managedPolicyArns",
    "aws:rolesanywhere/profile:Profile": "managedPolicyArns",
    "aws:emr/studioSessionMapping:StudioSessionMapping": "sessionPolicyArn",
    "aws:quicksight/iamPolicyAssignment:IamPolicyAssignment": "policyArn",
}
"""Where policies are attached by ARN: the property by type."""
NARROW = frozenset({
    "AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly", "AmazonEKS_CNI_Policy",
    "AmazonEKSClusterPolicy", "AmazonEKSFargatePodExecutionRolePolicy", "AmazonEKSVPCResourceController",
    "AmazonEKSWorkerNodeMinimalPolicy", "AmazonEKSWorkerNodePolicy", "AWSXRayDaemonWriteAccess",
    "CloudWatchAgentServerPolicy", "service-role/AmazonEBSCSIDriverPolicy", "service-role/AmazonEBSCSIDriverPolicyV2",
    "service-role/AmazonECSTaskExecutionRolePolicy", "service-role/AmazonRDSEnhancedMonitoringRole",
    "service-role/AWSLambdaBasicExecutionRole", "service-role/AWSLambdaDynamoDBExecutionRole",
    "service-role/AWSLambdaKinesisExecutionRole", "service-role/AWSLambdaMSKExecutionRole",
    "service-role/AWSLambdaSQSQueueExecutionRole", "service-role/AWSLambdaVPCAccessExecutionRole",
})  # fmt: skip
"""Policies of AWS's by path and name that we have read: each is for one program, and reads nobody's data."""

ACCESS_ENTRY = "aws:eks/accessEntry:AccessEntry"
ACCESS_POLICY = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
POD_IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
LOOKING = "AmazonEKSViewPolicy"
"""It reads everything but secrets."""
NARROW_IN_A_NAMESPACE = frozenset({
    "AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSSecretReaderPolicy", LOOKING,
})  # fmt: skip
SHARED_NAMESPACES = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
KEY_TYPES = (
    "aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy", "aws:kms/replicaKey:ReplicaKey",
    "aws:kms/externalKey:ExternalKey", "aws:kms/replicaExternalKey:ReplicaExternalKey",
)  # fmt: skip


def _broad_attachment(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    for arn in texts(resource.properties, ATTACHED[resource.type]):
        parsed = parsed_arn(arn)
        if parsed is None or not parsed.resource.startswith("policy/"):
            yield f"{resource.name} attaches {arn or 'nothing'}, which is no policy"
        elif parsed.account == "aws":
            if (name := parsed.resource.removeprefix("policy/")) not in NARROW:
                yield f"{resource.name} attaches {name}"
        elif parsed.account not in limits.accounts:
            yield f"{resource.name} attaches {arn} of account {parsed.account or 'nobody'}"


def _is_own(arn: str, limits: SecurityLimits) -> bool:
    parsed = parsed_arn(arn)
    return parsed is not None and parsed.account in limits.accounts


def _foreign_entry(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    for key in ("principalArn", "roleArn", "targetRoleArn", "granteePrincipal"):
        arn = text(resource.properties, key)
        if arn and not _is_own(arn, limits):
            yield f"{resource.name} lets in {arn}, which is not of account {limits.account_id}"


def _unlisted_administrator(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    who = text(resource.properties, "principalArn")
    if who in limits.cluster_admins and _is_own(who, limits):
        return
    if resource.type == ACCESS_ENTRY:
        groups = [group for group in texts(resource.properties, "kubernetesGroups") if group.startswith("system:")]
        if groups:
            yield f"{resource.name} puts {who} into {', '.join(groups)}"
        if (name := text(resource.properties, "userName")).startswith("system:") and "{{" not in name:
            yield f"{resource.name} gives {who} the name {name}, which is the cluster's own"
    elif _is_administration(resource):
        policy = text(resource.properties, "policyArn").rpartition("/")[2]
        yield f"{resource.name} gives {who} {policy}, and cluster.admins of {limits.environment} does not list it"


def _is_administration(association: Resource) -> bool:
    """Whether it gives more than looking, or than rights in named namespaces; what we do not know of is more."""
    policy = text(association.properties, "policyArn").rpartition("/")[2]
    scope = values(association.properties, "accessScope")
    namespaces = texts(scope, "namespaces") if text(scope, "type") == "namespace" else ()
    own = [name for name in namespaces if name and not is_pattern(name) and name not in SHARED_NAMESPACES]
    if namespaces and len(own) == len(namespaces):
        return policy not in NARROW_IN_A_NAMESPACE
    return policy != LOOKING


def _unmanaged_key(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    """A key without a policy gets AWS's own, by which its account manages it."""
    if at(resource.properties, "policy") in (None, "") and resource.type != "aws:kms/keyPolicy:KeyPolicy":
        return
    written = [
        statement
        for statement in statements_of(resource, Kind.RESOURCE)
        if any(matches(action.lower(), "kms:putkeypolicy") for action in statement.actions)
    ]
    managers = any(statement.allows and _gives_management(statement, limits) for statement in written)
    locked = any(not statement.allows and _locks(statement, limits) for statement in written)
    if locked or not managers:
        yield f"{resource.name} lets nobody of account {limits.account_id} change its policy"


def _gives_management(statement: Statement, limits: SecurityLimits) -> bool:
    """Whether it is given to the account whatever the request says."""
    named = principals(statement, accounts=limits.accounts)
    own = any(each.standing in {Standing.OWN, Standing.EVERYBODY} for each in named)
    return own and not values(statement.written, "Condition")


def _locks(statement: Statement, limits: SecurityLimits) -> bool:
    """Whether a denial is to all of the account: to everybody or its root, and no condition spares any of it."""
    roots = {*limits.accounts, *(f"arn:aws:iam::{account}:root" for account in limits.accounts)}
    named = list(principals(statement, accounts=limits.accounts))
    of_all = any(each.standing is Standing.EVERYBODY or each.name in roots for each in named)
    return of_all and not any(spares(test, accounts=limits.accounts) for test in condition_tests(statement.written))


def _open_function(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    principal = text(resource.properties, "principal")
    left = callers(tuple(_permission_tests(resource)), accounts=limits.accounts)
    if principal == "*":
        yield f"{resource.name} lets anybody call the function"
    elif principal.endswith(".amazonaws.com"):
        if left not in {Callers.ACCOUNT, Callers.KNOWN}:
            yield f"{resource.name} lets {principal} call the function for whomever it likes"
    elif principal not in limits.accounts and not _is_own(principal, limits):
        yield f"{resource.name} lets {principal} call the function, which is not of account {limits.account_id}"


def _permission_tests(resource: Resource) -> Iterator[Test]:
    """What a permission asks of a request, as the statement that Lambda writes for it does."""
    for key, operator, tested in (
        ("sourceArn", "ArnLike", "aws:sourcearn"),
        ("sourceAccount", "StringEquals", "aws:sourceaccount"),
        ("principalOrgId", "StringEquals", "aws:principalorgid"),
    ):
        if stated := texts(resource.properties, key):
            yield Test(operator=operator, key=tested, values=stated, needs_key=True)


ACCESS_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="iam-no-broad-managed-policy",
        description="Of AWS's policies only those are attached that we have read and found narrow.",
        remedy="write a policy with the actions that are needed",
        control=fsbp("IAM.1"),
        types=tuple(ATTACHED),
        complaints=_broad_attachment,
    ),
    ResourceRule(
        name="iam-own-grantees",
        description="Clusters, pods and keys let in principals of the account only.",
        remedy="name a role of the account",
        control=firm("a grant names whom it is for", section="grants"),
        types=(ACCESS_ENTRY, ACCESS_POLICY, POD_IDENTITY, "aws:kms/grant:Grant"),
        complaints=_foreign_entry,
    ),
    ResourceRule(
        name="cluster-admins-listed",
        description="Whoever may do everything in a cluster is listed in cluster.admins of the environment.",
        remedy="list the role in cluster.admins by pull request, or associate a policy with less, in named namespaces",
        control=firm("a grant names whom it is for", section="grants"),
        types=(ACCESS_ENTRY, ACCESS_POLICY),
        complaints=_unlisted_administrator,
    ),
    ResourceRule(
        name="key-managed",
        description="The account can change the policy of each of its keys.",
        remedy="allow the account's root kms:* on the key, without a condition",
        control=firm("data at rest is under keys of our own", section="keys"),
        types=KEY_TYPES,
        complaints=_unmanaged_key,
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

"""A table of policies with the verdict on each, and what holds whatever a policy says."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from quantos.policy.security.access.arns import breadth
from quantos.policy.security.access.places import Kind, types_with
from quantos.policy.security.access.rules import ATTACHED
from quantos.policy.security.resource import Resource, concerns
from quantos.policy.security.rules import RESOURCE_RULES
from quantos.policy.security.values import texts
from tests.support.aws_sdk import sdk_resources
from tests.support.secure_resources import ACCOUNT, LIMITS, OWNED, ROLE_ARN, TRUST, resource

TABLE = yaml.safe_load(Path(__file__).with_name("documents.yaml").read_text(encoding="utf-8"))
READ = {"Sid": "S", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::lake/*"]}
OWN = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
GITHUB = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"}
GIVEN = {**READ, "Principal": OWN}
TAKEN = {"Sid": "S", "Effect": "Allow", "Action": "sts:AssumeRole"}
ROLE = "aws:iam/role:Role"
PLACES = {
    "policy": ("aws:iam/policy:Policy", "policy", READ),
    "inline": (ROLE, "inlinePolicies", READ),
    "bucket": ("aws:s3/bucketPolicy:BucketPolicy", "policy", GIVEN),
    "queue": ("aws:sqs/queue:Queue", "policy", {**GIVEN, "Action": "sqs:SendMessage"}),
    "topic": ("aws:sns/topicPolicy:TopicPolicy", "policy", GIVEN),
    "secret": ("aws:secretsmanager/secret:Secret", "policy", GIVEN),
    "vault": ("aws:backup/vaultPolicy:VaultPolicy", "policy", GIVEN),
    "domain": ("aws:opensearch/domain:Domain", "accessPolicies", GIVEN),
    "catalog": ("aws:glue/resourcePolicy:ResourcePolicy", "policy", GIVEN),
    "registry": ("aws:ecr/registryPolicy:RegistryPolicy", "policy", GIVEN),
    "endpoint": ("aws:ec2/vpcEndpoint:VpcEndpoint", "policy", GIVEN),
    "key": ("aws:kms/key:Key", "policy", {**GIVEN, "Action": ["kms:*"], "Resource": "*"}),
    "role": (ROLE, "assumeRolePolicy", {**TAKEN, "Principal": {"Service": "lambda.amazonaws.com"}}),
    "oidc": (ROLE, "assumeRolePolicy", {**TAKEN, "Action": "sts:AssumeRoleWithWebIdentity", "Principal": GITHUB}),
}
JUDGED = {rule.name for rule in RESOURCE_RULES if rule.name.startswith("iam-")} | {"key-managed"}


def refusing(declared: Resource, rules: set[str] = JUDGED) -> set[str]:
    return {
        rule.name
        for rule in RESOURCE_RULES
        if rule.name in rules and concerns(rule.types, declared.type) and rule.messages(declared, LIMITS)
    }


def declared(place: str, says: dict) -> Resource:
    kind, key, usual = PLACES[place]
    statement = {name: part for name, part in {**usual, **says}.items() if part is not None}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    properties = {"assumeRolePolicy": TRUST} if kind == ROLE else {}
    return resource(kind, {**properties, key: [{"policy": document}] if key == "inlinePolicies" else document})


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row['at']}-{row['why']}") for row in TABLE])
def test_a_statement_is_refused_by_the_rule_that_the_table_names_or_by_none(row: dict) -> None:
    found = refusing(declared(row["at"], row["says"]))
    assert (row["refused"] in found) if "refused" in row else found == set()


def test_the_table_has_both_verdicts_of_every_rule_on_policies() -> None:
    refused = {row["refused"] for row in TABLE if "refused" in row}
    on_policies = {"iam-no-broad-managed-policy", "iam-own-grantees", "iam-roles-only"}
    assert refused == JUDGED - on_policies
    assert {row["at"] for row in TABLE} == set(PLACES)


POSITIVE = st.sampled_from(
    [
        {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-abcdef1234"}},
        {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:x"}},
        {"StringLike": {"aws:PrincipalTag/desk": "*"}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"Null": {"aws:PrincipalAccount": "false"}},
    ]
)
ROWS = st.sampled_from(TABLE)


@given(row=ROWS, more=POSITIVE)
def test_a_condition_more_never_makes_an_accepted_statement_refused(row: dict, more: dict) -> None:
    says = dict(row["says"])
    conditions = says.get("Condition", {})
    merged = {operator: {**conditions.get(operator, {}), **keys} for operator, keys in more.items()}
    if set(more) & set(conditions) and any(set(more[one]) & set(conditions.get(one, {})) for one in more):
        return
    rules = JUDGED - {"key-managed"}
    if not refusing(declared(row["at"], says), rules):
        assert refusing(declared(row["at"], {**says, "Condition": {**conditions, **merged}}), rules) == set()


def widened(text: str, start: int, end: int) -> str:
    low, high = sorted((start % (len(text) + 1), end % (len(text) + 1)))
    return f"{text[:low]}*{text[high:]}"


@given(row=ROWS, key=st.sampled_from(["Action", "Resource"]), start=st.integers(0, 80), end=st.integers(0, 80))
def test_a_wider_wildcard_never_makes_a_refused_statement_accepted(row: dict, key: str, start: int, end: int) -> None:
    says = {**PLACES[row["at"]][2], **row["says"]}
    if "refused" not in row or row["refused"] == "key-managed" or not texts(says, key) or says["Effect"] == "Deny":
        return
    wide = [widened(text, start, end) for text in texts(says, key)]
    assert refusing(declared(row["at"], {**row["says"], key: wide}))


@given(arn=st.sampled_from([row["says"].get("Resource") for row in TABLE]), start=st.integers(0, 80))
def test_what_a_wildcard_reaches_to_the_end_stands_for_no_less(arn: object, start: int) -> None:
    order = ["NAMED", "KIND", "EVERYTHING"]
    for text in [arn] if isinstance(arn, str) else arn or []:
        wider = f"{text[: start % (len(text) + 1)]}*"
        assert order.index(breadth(wider).name) >= order.index(breadth(text).name)


KINDS = {
    "iam": "role/", "sts": "role/", "kms": "key/", "ssm": "parameter/", "secretsmanager": "secret:",
    "s3": "accesspoint/", "sns": "", "sqs": "",
}  # fmt: skip


@pytest.mark.parametrize(
    "action",
    [
        *("kms:Decrypt", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:CreateGrant", "ssm:GetParameter"),
        *("ssm:GetParameters", "ssm:GetParametersByPath", "secretsmanager:BatchGetSecretValue"),
        *("secretsmanager:GetSecretValue", "iam:CreateOpenIDConnectProvider", "iam:CreateSAMLProvider"),
        *("iam:UpdateSAMLProvider", "iam:TagRole", "iam:CreateRole", "sts:AssumeRoleWithWebIdentity"),
        *("sts:AssumeRoleWithSAML", "sns:SetTopicAttributes", "sns:AddPermission", "sqs:SetQueueAttributes"),
        *("sqs:AddPermission", "dynamodb:PutResourcePolicy", "s3:PutAccessPointPolicy", "s3:PutBucketPolicy"),
        *("s3:PutBucketAcl", "s3:BypassGovernanceRetention", "lambda:AddLayerVersionPermission"),
        *("lambda:AddPermission", "lambda:UpdateFunctionCode", "eks:UpdateAccessEntry", "eks:CreateAccessEntry"),
        *("eks:AssociateAccessPolicy", "ec2-instance-connect:SendSSHPublicKey", "ssm:SendCommand"),
        *("ssm:StartSession", "ecs:ExecuteCommand", "cloudformation:UpdateStack", "cloudformation:CreateStack"),
        *("codebuild:UpdateProject", "ec2:ModifySnapshotAttribute", "rds:ModifyDBSnapshotAttribute"),
        *("cloudtrail:StopLogging", "cloudtrail:DeleteTrail"),
    ],
)
def test_a_right_that_takes_more_is_about_what_is_named_and_not_a_whole_kind(action: str) -> None:
    service = action.partition(":")[0]
    everything = f"arn:aws:{service}:us-east-1:{ACCOUNT}:{KINDS.get(service, 'kind/')}"
    for name, expected in (("*", {"iam-named-privileges"}), ("quantos-dev-*", set()), ("quantos", set())):
        assert refusing(declared("policy", {"Action": action, "Resource": f"{everything}{name}"})) == expected


@pytest.mark.parametrize("kind", types_with(Kind.RESOURCE, Kind.ENDPOINT))
def test_a_stranger_is_refused_at_every_place_that_takes_a_policy(kind: str) -> None:
    stranger = json.dumps({"Statement": [{**GIVEN, "Principal": {"AWS": "999988887777"}}]})
    deep = {"details": {"policy": stranger}, "s3AccessPoint": {"policy": stranger}}
    names = ("policy", "policyDocument", "accessPolicy", "accessPolicies", "resourcePolicy", "repositoryPolicy")
    others = ("deliveryDestinationPolicy", "kmsPolicyDocument", "webAppEndpointPolicy")
    placed = resource(kind, {**dict.fromkeys((*names, *others), stranger), **deep})
    assert "iam-own-principals" in refusing(placed)


NO_ATTACHMENTS = {
    "aws:batch/jobQueue:JobQueue": "a policy of scheduling",
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": "it limits what its role may do",
    "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration": "it limits what its role may do",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "a policy of the cluster, judged by its own rule",
    "aws:networkfirewall/firewall:Firewall": "a policy of a firewall",
    "aws:resiliencehub/v2Service:V2Service": "a policy of resilience",
    "aws:resiliencehub/v2UserJourney:V2UserJourney": "a policy of resilience",
}
"""Properties that end in the ARN of a policy and attach none of IAM's, each with the reason."""


def test_every_property_that_attaches_a_policy_is_judged() -> None:
    attaching = {
        token: name
        for token, each in sdk_resources().items()
        for name in each.inputs
        if name.lower().endswith(("policyarn", "policyarns"))
    }
    assert {token: name for token, name in attaching.items() if token not in NO_ATTACHMENTS} == dict(ATTACHED)


BROAD = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.mark.parametrize("kind", ATTACHED)
def test_administrators_are_refused_wherever_a_policy_is_attached(kind: str) -> None:
    listed = ATTACHED[kind].endswith("Arns")
    trust = {"assumeRolePolicy": TRUST} if kind == ROLE else {}
    narrow = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    for arn, expected in ((BROAD, {"iam-no-broad-managed-policy"}), (narrow, set())):
        attached = [narrow, arn] if listed else arn
        assert refusing(resource(kind, {**trust, ATTACHED[kind]: attached})) == expected


@pytest.mark.parametrize(
    ("arn", "refused"),
    [
        ("arn:aws:iam::aws:policy/PowerUserAccess", True),
        ("arn:aws:iam::aws:policy/AWSLambda_FullAccess", True),
        ("arn:aws:iam::aws:policy/job-function/SystemAdministrator", True),
        ("arn:aws:iam::aws:policy/SecretsManagerReadWrite", True),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", True),
        ("arn:aws-us-gov:iam::aws:policy/AdministratorAccess", True),
        ("arn:aws:iam::999988887777:policy/quantos", True),
        ("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", True),
        ("arn:aws:iam::aws:policy/SecurityAudit", True),
        ("arn:aws:iam::aws:policy/APolicyOfTomorrow", True),
        ("arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole", True),
        ("garbage", True),
        ("", True),
        (f"arn:aws:iam::{ACCOUNT}:role/quantos", True),
        ("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", False),
        ("arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly", False),
        (f"arn:aws:iam::{ACCOUNT}:policy/quantos", False),
    ],
)
def test_a_policy_that_is_attached_allows_no_whole_service(arn: str, refused: bool) -> None:
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert bool(refusing(resource(kind, {"policyArn": arn}))) is refused


ENTRY, ASSOCIATION = "aws:eks/accessEntry:AccessEntry", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
ADMIN, STRANGER = LIMITS.cluster_admins[0], "arn:aws:iam::999988887777:role/helper"


def inside(*names: str) -> dict[str, object]:
    return {"type": "namespace", "namespaces": list(names)}


EVERYWHERE, INSIDE = {"type": "cluster"}, inside("ray")
UNLISTED = {"cluster-admins-listed"}
CLUSTER_RULES = {"iam-own-grantees", *UNLISTED}


@pytest.mark.parametrize(
    ("kind", "properties", "rules"),
    [
        (ENTRY, {"principalArn": ROLE_ARN}, set()),
        (ENTRY, {"principalArn": STRANGER}, {"iam-own-grantees"}),
        (ENTRY, {"principalArn": ROLE_ARN, "kubernetesGroups": ["system:masters"]}, UNLISTED),
        (ASSOCIATION, {"principalArn": ADMIN, "policyArn": "ClusterAdmin", "accessScope": EVERYWHERE}, set()),
        (ASSOCIATION, {"principalArn": ROLE_ARN, "policyArn": "ClusterAdmin"}, UNLISTED),
        (ASSOCIATION, {"principalArn": ROLE_ARN, "policyArn": "Admin"}, UNLISTED),
        (ASSOCIATION, {"principalArn": ROLE_ARN, "policyArn": "Admin", "accessScope": INSIDE}, set()),
        *(
            (
                ASSOCIATION,
                {"principalArn": ROLE_ARN, "policyArn": "Admin", "accessScope": scope},
                UNLISTED,
            )
            for scope in (
                *(inside(name) for name in ("*", "ray*", "ra?", "kube-system", "kube-public", "kube-node-lease")),
                *(inside("default"), inside("ray", "*"), inside("ray", "kube-system"), inside(), {"type": "Namespace"}),
            )
        ),
        *(
            (ASSOCIATION, {"principalArn": ROLE_ARN, "policyArn": name, "accessScope": scope}, rules)
            for name in ("AdminView", "SecretReader", "Edit")
            for scope, rules in ((EVERYWHERE, UNLISTED), (INSIDE, set()))
        ),
        (
            ASSOCIATION,
            {"principalArn": ROLE_ARN, "policyArn": "Auto", "accessScope": INSIDE},
            UNLISTED,
        ),
        (ENTRY, {"principalArn": ROLE_ARN, "userName": "system:admin"}, UNLISTED),
        (ENTRY, {"principalArn": ROLE_ARN, "userName": "system:node:{{EC2PrivateDNSName}}"}, set()),
        (ASSOCIATION, {"principalArn": ROLE_ARN, "policyArn": "View", "accessScope": EVERYWHERE}, set()),
        (ASSOCIATION, {"principalArn": STRANGER, "policyArn": "View"}, {"iam-own-grantees"}),
        (ASSOCIATION, {"principalArn": STRANGER, "policyArn": "ClusterAdmin"}, CLUSTER_RULES),
        ("aws:kms/grant:Grant", {"granteePrincipal": STRANGER}, {"iam-own-grantees"}),
        ("aws:eks/podIdentityAssociation:PodIdentityAssociation", {"roleArn": STRANGER}, {"iam-own-grantees"}),
    ],
)
def test_only_the_account_comes_into_a_cluster_and_only_who_is_listed_administers_it(
    kind: str, properties: dict, rules: set
) -> None:
    if "policyArn" in properties:
        name = f"AmazonEKS{properties['policyArn']}Policy"
        properties = {**properties, "policyArn": f"arn:aws:eks::aws:cluster-access-policy/{name}"}
    assert refusing(resource(kind, properties), CLUSTER_RULES) == rules


def test_a_key_without_a_policy_has_awss_own() -> None:
    assert refusing(resource("aws:kms/key:Key", {})) == set()


ROOT, OTHERS = f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:iam::999988887777:role/x"


@pytest.mark.parametrize(
    ("denied", "lost"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": ROOT}}, True),
        ({"Principal": {"AWS": [ROLE_ARN, ACCOUNT]}}, True),
        ({"Principal": {"AWS": ROLE_ARN}}, False),
        ({"Principal": "*", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "000000000000"}}}, True),
        ({"Principal": "*", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}}, False),
        ({"Principal": "*", "Condition": {"StringEquals": {"kms:CallerAccount": ACCOUNT}}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"kms:CallerAccount": "999988887777"}}}, False),
        ({"Principal": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": OTHERS}}}, True),
        ({"Principal": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": ROLE_ARN}}}, False),
        ({"Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "*"}}}, True),
        ({"Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:*"}}}, True),
        ({"Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": ROLE_ARN}}}, False),
        ({"Principal": "*", "Condition": {"Null": {"aws:PrincipalArn": "false"}}}, True),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, False),
        ({"Principal": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}, False),
        ({"Principal": "*", "Action": "kms:Decrypt"}, False),
    ],
)
def test_a_key_that_is_denied_to_all_of_the_account_is_lost(denied: dict, lost: bool) -> None:
    deny = {"Effect": "Deny", "Action": "kms:Put*", "Resource": "*", **denied}
    policy = {"Statement": [*json.loads(OWNED)["Statement"], deny]}
    assert bool(refusing(resource("aws:kms/key:Key", {"policy": policy}), {"key-managed"})) is lost


@pytest.mark.parametrize(
    "trust", ["", "[]", "{}", "x", "[" * 100_000, "9" * 5000, *(f'{{"Statement": {it}}}' for it in ('"x"', "[]", "1"))]
)
def test_a_role_whose_trust_nobody_can_read_is_refused(trust: str) -> None:
    assert "iam-trust" in refusing(resource(ROLE, {"assumeRolePolicy": trust}))


@pytest.mark.parametrize(
    ("permission", "refused"),
    [
        ({"principal": "s3.amazonaws.com", "sourceArn": "arn:aws:s3:::lake"}, False),
        ({"principal": "s3.amazonaws.com", "sourceArn": "arn:aws:s3:::*"}, True),
        ({"principal": "events.amazonaws.com", "sourceArn": "*"}, True),
        ({"principal": "events.amazonaws.com", "sourceArn": "arn:aws:events:*:*:rule/*"}, True),
        ({"principal": "events.amazonaws.com", "sourceArn": "arn:aws:events:us-east-1:999988887777:rule/x"}, True),
        ({"principal": "events.amazonaws.com", "sourceAccount": "999988887777"}, True),
        ({"principal": "events.amazonaws.com", "sourceAccount": ACCOUNT}, False),
        ({"principal": "*", "principalOrgId": "o-abcdef1234"}, True),
        ({"principal": f"arn:aws:iam::999988887777:role/{ACCOUNT}"}, True),
        ({"principal": ACCOUNT}, False),
    ],
)
def test_a_function_is_called_for_the_account_as_its_permission_says_by_value(permission: dict, refused: bool) -> None:
    kind = "aws:lambda/permission:Permission"
    assert bool(refusing(resource(kind, permission), {"function-caller-named"})) is refused

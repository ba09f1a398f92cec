"""Each rule of single resources accepts the one that keeps to everything, and refuses it with one thing changed."""

from dataclasses import replace

import pytest

from quantos.policy.security.access.rules import ACCESS_RULES
from quantos.policy.security.apis import API_RULES
from quantos.policy.security.iam import DOCUMENT_RULES
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, concerns
from quantos.policy.security.rules import RESOURCE_RULES
from tests.support.changed import ABSENT, changed
from tests.support.secure_resources import ACCOUNT, KEY, LIMITS, PROPERTIES, REGISTRY, document, resource

RULES = {rule.name: rule for rule in RESOURCE_RULES}
AWS_KEY = "alias/aws/service"


def said(one: Resource, limits: SecurityLimits = LIMITS) -> dict[str, tuple[str, ...]]:
    """What every rule says of a resource, by rule."""
    judged = {rule.name: rule.messages(one, limits) for rule in RESOURCE_RULES if concerns(rule.types, one.type)}
    return {rule: messages for rule, messages in judged.items() if messages}


def case(rule: str, kind: str, path: str, new: object, *, words: str = "", called: str):
    return pytest.param(rule, kind, path, new, words, id=f"{rule}-{called}")


LISTENER, INSTANCE = "aws:lb/listener:Listener", "aws:ec2/instance:Instance"
SUBSCRIBED, ACL = "aws:sns/topicSubscription:TopicSubscription", "aws:s3/bucketAcl:BucketAcl"
REPLICATION, PROVIDER = "aws:s3/bucketReplicationConfig:BucketReplicationConfig", "pulumi:providers:aws"
STRANGE, STRANGE_ROLE = "arn:aws:sqs:us-east-1:999988887777:q", "arn:aws:iam::999988887777:role/x"
S3, DYNAMO, RDS = "aws:s3/", "aws:dynamodb/table:Table", "aws:rds/instance:Instance"
BUCKET = "aws:s3/bucket:Bucket"
SSE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
FUNCTION, CLUSTER, MSK = "aws:lambda/function:Function", "aws:eks/cluster:Cluster", "aws:msk/cluster:Cluster"
TEMPLATE, OPTIONS = "aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions"
POLICY, ROLE, KMS = "aws:iam/policy:Policy", "aws:iam/role:Role", "aws:kms/key:Key"
NAMESPACE, SERVICE = "kubernetes:core/v1:Namespace", "kubernetes:core/v1:Service"
WORKFLOW, PATCHED = "kubernetes:argoproj.io/v1alpha1:Workflow", {"name": "a", "podSpecPatch": "hostPID: true"}
INGRESS_OBJECT = "kubernetes:networking.k8s.io/v1:Ingress"
FACING = {"alb.ingress.kubernetes.io/scheme": "internet-facing"}
RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
STAGE, REPOSITORY = "aws:apigatewayv2/stage:Stage", "aws:ecr/repository:Repository"
LOG, WORKGROUP = "aws:cloudwatch/logGroup:LogGroup", "aws:athena/workgroup:Workgroup"
DEFAULTS = "rules.0.applyServerSideEncryptionByDefault"
ANYBODY = {"AWS": ["*"]}
SECRET_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OIDC = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/x"}

CASES = [
    case(
        "bucket-customer-key", SSE, f"{DEFAULTS}.sseAlgorithm", "AES256", words="encrypts with AES256", called="s3-key"
    ),
    case("bucket-customer-key", SSE, f"{DEFAULTS}.kmsMasterKeyId", AWS_KEY, words="AWS's own key", called="aws-key"),
    case("bucket-customer-key", SSE, "rules", [], words="encrypts with nothing", called="no-rule"),
    case("table-customer-key", DYNAMO, "serverSideEncryption.kmsKeyArn", ABSENT, called="no-key"),
    case("table-customer-key", DYNAMO, "serverSideEncryption.enabled", False, words="not encrypted", called="off"),
    case("database-customer-key", RDS, "storageEncrypted", False, called="off"),
    case("database-customer-key", RDS, "kmsKeyId", AWS_KEY, called="aws-key"),
    case("queue-customer-key", "aws:sqs/queue:Queue", "kmsMasterKeyId", "alias/aws/sqs", called="aws-key"),
    case("topic-customer-key", "aws:sns/topic:Topic", "kmsMasterKeyId", ABSENT, called="no-key"),
    case("repository-customer-key", REPOSITORY, "encryptionConfigurations", ABSENT, called="no-key"),
    case("repository-customer-key", REPOSITORY, "encryptionConfigurations.0.encryptionType", "AES256", called="s3-key"),
    case("broker-customer-key", MSK, "encryptionInfo.encryptionAtRestKmsKeyArn", ABSENT, called="no-key"),
    case("log-group-customer-key", LOG, "kmsKeyId", "", called="no-key"),
    case("volume-customer-key", "aws:ebs/volume:Volume", "encrypted", ABSENT, called="off"),
    case("launch-template-customer-key", TEMPLATE, "blockDeviceMappings.0.ebs.kmsKeyId", ABSENT, called="no-key"),
    case(
        "launch-template-customer-key", TEMPLATE, "blockDeviceMappings", [], words="account's default", called="no-disk"
    ),
    case("function-customer-key", FUNCTION, "kmsKeyArn", ABSENT, called="no-key"),
    case("cluster-secrets-customer-key", CLUSTER, "encryptionConfig", ABSENT, called="off"),
    case("query-results-customer-key", WORKGROUP, "configuration.resultConfiguration", ABSENT, called="off"),
    case(
        "query-results-customer-key", WORKGROUP, "configuration.enforceWorkgroupConfiguration", False, called="a-choice"
    ),
    case("secret-customer-key", "aws:secretsmanager/secret:Secret", "kmsKeyId", ABSENT, called="no-key"),
    case("secret-value-not-in-state", SECRET_VERSION, "secretString", "hunter2", called="value"),
    case("secret-value-not-in-state", "aws:ssm/parameter:Parameter", "type", "SecureString", called="parameter"),
    case(
        "bucket-tls-only", "aws:s3/bucketPolicy:BucketPolicy", "policy", document(), words="without TLS", called="none"
    ),
    case("broker-tls-only", MSK, "encryptionInfo.encryptionInTransit.clientBroker", "TLS_PLAINTEXT", called="both"),
    case("broker-tls-only", MSK, "encryptionInfo.encryptionInTransit.inCluster", False, called="between-brokers"),
    case("broker-iam-only", MSK, "clientAuthentication.unauthenticated", True, called="anybody"),
    case("broker-iam-only", MSK, "clientAuthentication", ABSENT, called="unsaid"),
    case("broker-iam-only", MSK, "clientAuthentication.sasl.scram", True, words="password", called="password"),
    case("database-tls-only", "aws:rds/parameterGroup:ParameterGroup", "parameters.0.value", "0", called="off"),
    case("database-own-parameters", RDS, "parameterGroupName", "default.postgres17", called="the-engines"),
    case("listener-modern-tls", LISTENER, "sslPolicy", ABSENT, words="TLS 1.0", called="unsaid"),
    case("listener-modern-tls", LISTENER, "sslPolicy", "ELBSecurityPolicy-2016-08", called="old"),
    case("listener-modern-tls", LISTENER, "sslPolicy", "ELBSecurityPolicy-TLS13-1-0-2021-06", called="both"),
    case("instance-customer-key", INSTANCE, "rootBlockDevice", ABSENT, words="not encrypted", called="unsaid"),
    case("instance-customer-key", INSTANCE, "rootBlockDevice.encrypted", False, called="off"),
    case("instance-customer-key", INSTANCE, "ebsBlockDevices", [{"volumeSize": 1}], called="another-disk"),
    case("secret-value-not-in-state", RDS, "password", "hunter2", called="database"),
    case("sent-within-account", SUBSCRIBED, "protocol", "http", words="by http", called="plain"),
    case("sent-within-account", SUBSCRIBED, "protocol", "email", words="by email", called="mail"),
    case("sent-within-account", SUBSCRIBED, "endpoint", STRANGE, words="999988887777", called="queue"),
    case("sent-within-account", "aws:cloudwatch/eventTarget:EventTarget", "arn", STRANGE, called="bus"),
    case("sent-within-account", REPLICATION, "rules.0.destination.account", "999988887777", called="copies"),
    case("bucket-no-public-acl", ACL, "accessControlPolicy.grants.0.grantee.id", "f" * 64, called="another"),
    case("bucket-no-public-acl", ACL, "accessControlPolicy.grants.0.grantee", {"emailAddress": "x@y.z"}, called="mail"),
    case("provider-own-account", PROVIDER, "assumeRoles", [{"roleArn": STRANGE_ROLE}], called="role"),
    case("provider-own-account", PROVIDER, "assumeRoles", f'[{{"roleArn":"{STRANGE_ROLE}"}}]', called="role-as-text"),
    case("provider-own-account", PROVIDER, "endpoints", [{"s3": "https://evil.example"}], called="endpoints"),
    case("listener-tls-only", "aws:lb/listener:Listener", "protocol", "HTTP", called="plain"),
    case("domain-modern-tls", "aws:apigatewayv2/domainName:DomainName", "domainNameConfiguration", {}, called="unsaid"),
    case(
        "bucket-public-access-block",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "restrictPublicBuckets",
        False,
        words="restrictPublicBuckets",
        called="three-of-four",
    ),
    case("bucket-no-public-acl", BUCKET, "acl", "public-read", words="public-read", called="acl"),
    case(
        "bucket-no-public-acl",
        BUCKET,
        "grants",
        [{"uri": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"}],
        words="AuthenticatedUsers",
        called="grant",
    ),
    case(
        "bucket-owner-enforced",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "rule.objectOwnership",
        "BucketOwnerPreferred",
        called="preferred",
    ),
    case("database-private", RDS, "publiclyAccessible", True, called="public"),
    case("cluster-endpoint-private", CLUSTER, "vpcConfig.endpointPrivateAccess", False, called="no-private-one"),
    case("subnet-no-public-address", "aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", True, called="public"),
    case(
        "instance-no-public-address", TEMPLATE, "networkInterfaces.0.associatePublicIpAddress", "true", called="public"
    ),
    case("instance-metadata-token", TEMPLATE, "metadataOptions.httpTokens", "optional", words="IMDSv1", called="v1"),
    case("instance-metadata-token", TEMPLATE, f"{OPTIONS}.httpPutResponseHopLimit", 2, words="2 hops", called="hops"),
    case("instance-metadata-token", TEMPLATE, "metadataOptions", ABSENT, called="unsaid"),
    case("instance-metadata-token", TEMPLATE, "metadataOptions.httpPutResponseHopLimit", ABSENT, called="unsaid-hops"),
    case("instance-metadata-token", "aws:eks/nodeGroup:NodeGroup", "launchTemplate", ABSENT, called="no-template"),
    case("database-private", "aws:rds/clusterInstance:ClusterInstance", "publiclyAccessible", ABSENT, called="unsaid"),
    case("security-group-closed", INGRESS, "cidrIpv6", "2600::/8", words="2600::/8", called="much-of-ipv6"),
    case("security-group-closed", INGRESS, "cidrIpv4", "everywhere", words="everywhere", called="no-block"),
    case(
        "security-group-closed",
        "aws:ec2/securityGroup:SecurityGroup",
        "ingress.0.ipv6CidrBlocks",
        ["::/0"],
        words="::/0",
        called="ipv6",
    ),
    case(
        "security-group-closed",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "cidrIpv4",
        "0.0.0.0/1",
        words="0.0.0.0/1",
        called="half-the-internet",
    ),
    case("security-group-closed", "aws:ec2/securityGroupRule:SecurityGroupRule", "type", "ingress", called="rule"),
    case(
        "default-security-group-empty",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "egress",
        [{"cidrBlocks": ["10.0.0.0/8"]}],
        called="a-rule",
    ),
    case("load-balancer-internal", "aws:lb/loadBalancer:LoadBalancer", "internal", ABSENT, called="unsaid"),
    case(
        "function-url-authorised", "aws:lambda/functionUrl:FunctionUrl", "authorizationType", "NONE", called="anybody"
    ),
    case(
        "broker-private",
        MSK,
        "brokerNodeGroupInfo.connectivityInfo.publicAccess.type",
        "SERVICE_PROVIDED_EIPS",
        called="public",
    ),
    case("iam-named-actions", POLICY, "policy", document(Action="s3:*"), words="s3:*", called="a-service"),
    case("iam-named-resources", POLICY, "policy", document(Resource="*"), words="s3:GetObject on every", called="all"),
    case("iam-named-resources", POLICY, "policy", document(Resource="arn:aws:s3:::*"), called="all-of-a-service"),
    case(
        "iam-named-resources",
        POLICY,
        "policy",
        document(Action=["xray:PutTraceSegments", "sqs:SendMessage"], Resource="*"),
        words="allows sqs:SendMessage on",
        called="one-of-two-has-a-resource",
    ),
    case(
        "iam-named-resources",
        POLICY,
        "policy",
        document(Resource=None, NotResource="arn:aws:s3:::audit"),
        called="all-but-one",
    ),
    case(
        "iam-named-principals",
        "aws:sqs/queuePolicy:QueuePolicy",
        "policy",
        document(Principal=ANYBODY, Action=["sqs:SendMessage"]),
        words="anybody",
        called="anybody",
    ),
    case(
        "iam-trust",
        ROLE,
        "assumeRolePolicy",
        document(Principal={"AWS": "arn:aws:iam::999999999999:root"}, Action="sts:AssumeRole"),
        words="not of account",
        called="another-account",
    ),
    case(
        "iam-trust",
        ROLE,
        "assumeRolePolicy",
        document(Principal=OIDC, Action="sts:AssumeRoleWithWebIdentity"),
        words="everybody whom",
        called="a-provider-without-a-subject",
    ),
    case(
        "iam-no-broad-managed-policy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "policyArn",
        "arn:aws:iam::aws:policy/AmazonS3FullAccess",
        words="AmazonS3FullAccess",
        called="all-of-a-service",
    ),
    case(
        "function-caller-named", "aws:lambda/permission:Permission", "principal", "*", words="anybody", called="anybody"
    ),
    case("function-caller-named", "aws:lambda/permission:Permission", "sourceArn", ABSENT, called="for-whomever"),
    case("function-caller-named", "aws:lambda/permission:Permission", "principal", "999999999999", called="a-stranger"),
    case("log-retention", LOG, "retentionInDays", 0, words="does not say", called="endless"),
    case("log-retention", LOG, "retentionInDays", 364, words="364 days", called="a-day-short"),
    case("cluster-logs", CLUSTER, "enabledClusterLogTypes", ["api", "authenticator"], words="audit", called="no-audit"),
    case("api-access-log", STAGE, "accessLogSettings", ABSENT, called="none"),
    case("api-throttled", STAGE, "defaultRouteSettings.throttlingBurstLimit", ABSENT, called="no-burst-limit"),
    case("flow-log-refusals", "aws:ec2/flowLog:FlowLog", "trafficType", "ACCEPT", called="accepted-only"),
    case("function-traced", FUNCTION, "tracingConfig.mode", "PassThrough", called="passing"),
    case(
        "allowed-regions",
        DYNAMO,
        "replicas",
        [{"regionName": "eu-west-1"}],
        words="eu-west-1 (replicas[0]",
        called="key",
    ),
    case(
        "allowed-regions", "aws:ec2/subnet:Subnet", "availabilityZone", "eu-west-1a", words="eu-west-1", called="zone"
    ),
    case(
        "allowed-regions", "aws:sns/topic:Topic", "kmsMasterKeyId", KEY.replace("us-east-1", "eu-west-1"), called="arn"
    ),
    case("database-backups", RDS, "backupRetentionPeriod", 6, words="6 days", called="a-day-short"),
    case("database-deletion-protection", RDS, "deletionProtection", False, called="off"),
    case("database-deletion-protection", RDS, "skipFinalSnapshot", True, words="no snapshot", called="no-snapshot"),
    case("database-multi-az", RDS, "multiAz", False, called="one-zone"),
    case("table-point-in-time-recovery", DYNAMO, "pointInTimeRecovery.enabled", False, called="off"),
    case("table-deletion-protection", DYNAMO, "deletionProtectionEnabled", ABSENT, called="off"),
    case(
        "bucket-versioned",
        "aws:s3/bucketVersioning:BucketVersioning",
        "versioningConfiguration.status",
        "Suspended",
        called="suspended",
    ),
    case("bucket-deletion-protection", BUCKET, "forceDestroy", True, words="everything in it", called="emptied"),
    case("audit-bucket-lockable", BUCKET, "objectLockEnabled", ABSENT, called="off"),
    case(
        "audit-bucket-lock", LOCK, "rule.defaultRetention.mode", "GOVERNANCE", words="GOVERNANCE", called="bypassable"
    ),
    case("audit-bucket-lock", LOCK, "rule.defaultRetention.days", ABSENT, words="no time", called="no-time"),
    case("cluster-deletion-protection", CLUSTER, "deletionProtection", False, called="off"),
    case("key-rotation", KMS, "enableKeyRotation", ABSENT, called="off"),
    case("function-image-digest", FUNCTION, "imageUri", f"{REGISTRY}/quantos:7", words="a tag may move", called="tag"),
    case("function-image-registry", FUNCTION, "imageUri", f"public.ecr.aws/x@sha256:{'0' * 64}", called="public"),
    case("function-in-vpc", FUNCTION, "vpcConfig", ABSENT, called="outside"),
    case("repository-tags-immutable", REPOSITORY, "imageTagMutability", "MUTABLE", called="mutable"),
    case("repository-scanned", REPOSITORY, "imageScanningConfiguration", ABSENT, called="unsaid"),
    case(
        "namespace-pod-security",
        NAMESPACE,
        "metadata.labels",
        {"pod-security.kubernetes.io/enforce": "baseline"},
        words="does not say why",
        called="weaker",
    ),
    case("namespace-pod-security", NAMESPACE, "metadata.labels", ABSENT, words="of no level", called="unsaid"),
    case("role-named-rights", f"{RBAC}Role", "rules.0.verbs", ["*"], words="every verb on pods", called="verbs"),
    case("role-named-rights", f"{RBAC}Role", "rules.0.resources", ["*"], words="every kind", called="kinds"),
    case("role-named-rights", f"{RBAC}Role", "rules.0.resources", ["*/*"], words="every kind", called="subresources"),
    case("role-named-rights", f"{RBAC}Role", "rules.0.verbs", ["escalate"], words="any right", called="escalate"),
    case("role-no-cluster-admin", f"{RBAC}RoleBinding", "roleRef.name", "cluster-admin", called="admin"),
    case("workflow-pods-as-read", WORKFLOW, "spec", {"podSpecPatch": "hostPID: true"}, words="spec.pod", called="all"),
    case("workflow-pods-as-read", WORKFLOW, "spec", {"templates": [PATCHED]}, words="templates[0]", called="one"),
    case("ingress-internal", INGRESS_OBJECT, "metadata.annotations", FACING, words="internet-facing", called="facing"),
    case("service-internal", SERVICE, "spec.type", "LoadBalancer", words="answers to the internet", called="balancer"),
    case("service-internal", SERVICE, "spec.type", "NodePort", words="every node", called="node-port"),
    case("secret-not-in-state", "kubernetes:core/v1:Secret", "stringData", {"password": "x"}, called="value"),
]


@pytest.mark.parametrize("kind", PROPERTIES)
def test_a_resource_that_keeps_to_everything_breaks_no_rule(kind: str) -> None:
    assert said(resource(kind)) == {}


@pytest.mark.parametrize(("rule", "kind", "path", "new", "words"), CASES)
def test_a_rule_refuses_the_resource_with_one_thing_changed(
    rule: str, kind: str, path: str, new: object, words: str
) -> None:
    found = said(resource(kind, changed(PROPERTIES[kind], path, new)))
    assert set(found) == {rule}
    (message,) = found[rule]
    assert words in message
    assert RULES[rule].remedy[1:] in message
    assert message.endswith(f"({RULES[rule].control.link}).")


def test_every_rule_of_resources_has_a_refusing_case() -> None:
    elsewhere = {rule.name for rule in (*API_RULES, *ACCESS_RULES, *DOCUMENT_RULES)} | {"iam-roles-only", "type-known"}
    untested = {name for name in RULES if not name.startswith("pod-")} - {one.values[0] for one in CASES}
    assert untested <= elsewhere


@pytest.mark.parametrize("kind", ["aws:iam/user:User", "aws:iam/accessKey:AccessKey"])
def test_lasting_identities_are_refused_whatever_they_are(kind: str) -> None:
    assert set(said(resource(kind, {}))) == {"iam-roles-only"}


@pytest.mark.parametrize(
    ("kind", "path", "new"),
    [
        pytest.param(BUCKET, "bucket", "lake", id="a-bucket-without-audit-records-needs-no-lock"),
        pytest.param(KMS, "customerMasterKeySpec", "HMAC_256", id="a-signing-key"),
        pytest.param("aws:rds/parameterGroup:ParameterGroup", "family", "mysql8.4", id="another-engine"),
        pytest.param(POLICY, "policy", document(Action=["kms:ReEncrypt*"]), id="a-tolerated-pattern"),
        pytest.param(POLICY, "policy", document(Effect="Deny", Action="*", Resource="*"), id="a-refusal"),
        pytest.param(POLICY, "policy", document(Action="xray:PutTraceSegments", Resource="*"), id="no-resource"),
        pytest.param(
            ROLE,
            "assumeRolePolicy",
            document(
                Principal=OIDC, Action="sts:AssumeRoleWithWebIdentity", Condition={"StringEquals": {"x:sub": "y"}}
            ),
            id="a-subject",
        ),
        pytest.param(
            "aws:sns/topic:Topic", "kmsMasterKeyId", KEY.replace("us-east-1", "us-west-2"), id="another-region"
        ),
        pytest.param(
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "cidrIpv4", "192.0.0.0/8", id="a-wide-block"
        ),
    ],
)
def test_what_stands_at_a_boundary_is_accepted(kind: str, path: str, new: object) -> None:
    one = changed(PROPERTIES[kind], path, new)
    if kind == KMS:
        del one["enableKeyRotation"]
    assert said(resource(kind, one)) == {}


@pytest.mark.parametrize(
    ("cidrs", "allowed", "rules"),
    [
        (["203.0.113.0/24"], True, set()),
        (["203.0.113.0/24"], False, {"cluster-endpoint-private"}),
        (["0.0.0.0/0"], True, {"cluster-endpoint-private"}),
        (None, True, {"cluster-endpoint-private"}),
    ],
)
def test_a_public_endpoint_needs_the_environments_word_and_a_named_block(
    cidrs: list[str] | None, allowed: bool, rules: set[str]
) -> None:
    opened = changed(PROPERTIES[CLUSTER], "vpcConfig.endpointPublicAccess", True)
    opened = opened if cidrs is None else changed(opened, "vpcConfig.publicAccessCidrs", cidrs)
    assert set(said(resource(CLUSTER, opened), replace(LIMITS, public_cluster_endpoint=allowed))) == rules


def test_a_weaker_namespace_carries_the_reason_that_the_environment_gives() -> None:
    metadata = {"name": "node-agents", "labels": {"pod-security.kubernetes.io/enforce": "privileged"}}
    reasoned = {**metadata, "annotations": {"quantos.io/pod-security-reason": "they read the node's files"}}
    assert set(said(resource(NAMESPACE, {"metadata": metadata}))) == {"namespace-pod-security"}
    assert said(resource(NAMESPACE, {"metadata": reasoned})) == {}


@pytest.mark.parametrize("broken", ["{", "[]", '{"Version": "2012-10-17"}', '{"Statement": ["x"]}'])
def test_a_document_that_cannot_be_read_is_refused(broken: str) -> None:
    messages = said(resource(POLICY, {"policy": broken}))
    assert set(messages) == {"iam-named-actions", "iam-named-resources", "iam-named-privileges"}
    assert all("cannot be judged: a policy document" in message for (message,) in messages.values())

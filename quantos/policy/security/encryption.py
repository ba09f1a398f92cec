"""Data at rest is encrypted with keys of the environment's own, whose use can be seen and ended."""

from collections.abc import Callable, Iterator
from functools import partial

from quantos.policy.controls import firm, fsbp
from quantos.policy.rule import Control
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import Values, at, each, is_true, text, texts, values

KEPT_VALUES = ("secretString", "secretBinary", "password", "masterPassword")
AWS_KEY_PREFIX = "alias/aws/"
OWN_KEYS = firm("data at rest is under keys of our own", section="keys")

_Read = Callable[[Values], Iterator[str]]


def without_own_key(key: str) -> str | None:
    """What is wrong with a key of this id, ARN or alias, or None."""
    if not key:
        return "names no key of the environment's own"
    return f"names {key}, which is AWS's own key" if key.rpartition(":")[2].startswith(AWS_KEY_PREFIX) else None


def _keyed(properties: Values, *path: str) -> Iterator[str]:
    if wrong := without_own_key(text(properties, *path)):
        yield wrong


def _switched_and_keyed(properties: Values, *, switch: tuple[str, ...], key: tuple[str, ...]) -> Iterator[str]:
    if not is_true(properties, *switch):
        yield "is not encrypted"
    else:
        yield from _keyed(properties, *key)


def _bucket(properties: Values) -> Iterator[str]:
    defaults = [values(rule, "applyServerSideEncryptionByDefault") for rule in each(properties, "rules")]
    for default in defaults or [{}]:
        if not text(default, "sseAlgorithm").startswith("aws:kms"):
            yield f"encrypts with {text(default, 'sseAlgorithm') or 'nothing'}"
        else:
            yield from _keyed(default, "kmsMasterKeyId")


def _repository(properties: Values) -> Iterator[str]:
    for configuration in each(properties, "encryptionConfigurations") or ({},):
        if not text(configuration, "encryptionType").startswith("KMS"):
            yield "is not encrypted with KMS"
        else:
            yield from _keyed(configuration, "kmsKey")


def _cluster_secrets(properties: Values) -> Iterator[str]:
    configuration = values(properties, "encryptionConfig")
    if "secrets" not in texts(configuration, "resources"):
        yield "does not encrypt its secrets"
    else:
        yield from _keyed(configuration, "provider", "keyArn")


def _template_volumes(properties: Values) -> Iterator[str]:
    disks = [values(mapping, "ebs") for mapping in each(properties, "blockDeviceMappings") if at(mapping, "ebs")]
    if not disks:
        yield "says nothing of its volumes, so they follow the account's default"
    for disk in disks:
        yield from _switched_and_keyed(disk, switch=("encrypted",), key=("kmsKeyId",))


def _instance_volumes(properties: Values) -> Iterator[str]:
    """A root volume of which nothing is said follows the image and the account's default."""
    disks = [values(properties, "rootBlockDevice"), *each(properties, "ebsBlockDevices")]
    for disk in disks:
        yield from _switched_and_keyed(disk, switch=("encrypted",), key=("kmsKeyId",))


def _query_results(properties: Values) -> Iterator[str]:
    configuration = values(properties, "configuration")
    encryption = values(configuration, "resultConfiguration", "encryptionConfiguration")
    if text(encryption, "encryptionOption") not in {"SSE_KMS", "CSE_KMS"}:
        yield "does not encrypt its results with KMS"
    else:
        yield from _keyed(encryption, "kmsKeyArn")
    if at(configuration, "enforceWorkgroupConfiguration") is False:
        yield "lets a client choose another encryption"


def _variables(properties: Values) -> Iterator[str]:
    if values(properties, "environment", "variables"):
        yield from _keyed(properties, "kmsKeyArn")


def _value_in_state(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    """A value that is written only is not kept in the state."""
    kept = [
        key for key in ("secretString", "secretBinary", "password", "masterPassword") if text(resource.properties, key)
    ]
    if text(resource.properties, "type") == "SecureString" and text(resource.properties, "value"):
        kept = ["value"]
    if kept:
        yield f"{resource.name} carries a secret's value, which the stack's state then holds"


def _complaints(resource: Resource, _: SecurityLimits, *, read: _Read) -> Iterator[str]:
    return (f"{resource.name} {wrong}" for wrong in read(resource.properties))


def _rule(name: str, what: str, *, types: tuple[str, ...], read: _Read, control: Control = OWN_KEYS) -> ResourceRule:
    return ResourceRule(
        name=name,
        description=f"{what} encrypted with a key of the environment's own.",
        remedy="name the environment's data key, and let the service use it in the key's policy",
        control=control,
        types=types,
        complaints=partial(_complaints, read=read),
    )


def _at_path(*path: str) -> _Read:
    return lambda properties: _keyed(properties, *path)


def _at_switch(*, switch: str, key: str) -> _Read:
    return lambda properties: _switched_and_keyed(
        properties, switch=tuple(switch.split(".")), key=tuple(key.split("."))
    )


ENCRYPTION_RULES: tuple[ResourceRule, ...] = (
    _rule(
        "bucket-customer-key",
        "Buckets are by default",
        types=("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",),
        read=_bucket,
        control=fsbp("S3.17"),
    ),
    _rule(
        "table-customer-key",
        "DynamoDB tables are",
        types=("aws:dynamodb/table:Table",),
        read=_at_switch(switch="serverSideEncryption.enabled", key="serverSideEncryption.kmsKeyArn"),
    ),
    _rule(
        "database-customer-key",
        "Databases are",
        types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
        read=_at_switch(switch="storageEncrypted", key="kmsKeyId"),
        control=fsbp("RDS.3"),
    ),
    _rule(
        "queue-customer-key",
        "Queues, those of lost calls included, are",
        types=("aws:sqs/queue:Queue",),
        read=_at_path("kmsMasterKeyId"),
        control=fsbp("SQS.1"),
    ),
    _rule(
        "topic-customer-key",
        "SNS topics are",
        types=("aws:sns/topic:Topic",),
        read=_at_path("kmsMasterKeyId"),
        control=fsbp("SNS.1"),
    ),
    _rule(
        "repository-customer-key",
        "Image repositories are",
        types=("aws:ecr/repository:Repository",),
        read=_repository,
        control=fsbp("ECR.5"),
    ),
    _rule(
        "broker-customer-key",
        "Kafka brokers' disks are",
        types=("aws:msk/cluster:Cluster",),
        read=_at_path("encryptionInfo", "encryptionAtRestKmsKeyArn"),
    ),
    _rule(
        "log-group-customer-key",
        "Log groups are",
        types=("aws:cloudwatch/logGroup:LogGroup",),
        read=_at_path("kmsKeyId"),
    ),
    _rule(
        "volume-customer-key",
        "Disks and file systems are",
        types=("aws:ebs/volume:Volume", "aws:efs/fileSystem:FileSystem"),
        read=_at_switch(switch="encrypted", key="kmsKeyId"),
    ),
    _rule(
        "launch-template-customer-key",
        "Disks of launch templates are",
        types=("aws:ec2/launchTemplate:LaunchTemplate",),
        read=_template_volumes,
        control=fsbp("EC2.181"),
    ),
    _rule(
        "instance-customer-key",
        "Disks of instances are",
        types=("aws:ec2/instance:Instance",),
        read=_instance_volumes,
        control=fsbp("EC2.3"),
    ),
    _rule(
        "function-customer-key",
        "Variables of functions are",
        types=("aws:lambda/function:Function",),
        read=_variables,
    ),
    _rule(
        "cluster-secrets-customer-key",
        "Secrets of a Kubernetes cluster are",
        types=("aws:eks/cluster:Cluster",),
        read=_cluster_secrets,
        control=fsbp("EKS.3"),
    ),
    _rule(
        "query-results-customer-key",
        "Results of Athena queries are",
        types=("aws:athena/workgroup:Workgroup",),
        read=_query_results,
    ),
    _rule(
        "secret-customer-key",
        "Secrets are",
        types=("aws:secretsmanager/secret:Secret",),
        read=_at_path("kmsKeyId"),
    ),
    ResourceRule(
        name="secret-value-not-in-state",
        description="No value of a secret passes through a program.",
        remedy="let the service that owns the secret write it, or give it as a value that is written only",
        control=firm("no secret passes through a program", section="identities"),
        types=(
            "aws:secretsmanager/secretVersion:SecretVersion",
            "aws:ssm/parameter:Parameter",
            "aws:rds/instance:Instance",
            "aws:rds/cluster:Cluster",
        ),
        complaints=_value_in_state,
    ),
)

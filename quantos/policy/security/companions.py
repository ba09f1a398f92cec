"""What has to stand beside a resource in the same stack: guards of buckets, alarms, logs, default-deny."""

from collections.abc import Callable, Iterator
from functools import partial

from quantos.policy.controls import cis_eks, firm, fsbp, nsa
from quantos.policy.rule import Control
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, Stack, StackRule
from quantos.policy.security.values import each, elements, text, texts, values, walk
from quantos.policy.security.workloads.objects import NAMESPACE

BUCKET = "aws:s3/bucket:Bucket"
FUNCTION = "aws:lambda/function:Function"
QUEUE = "aws:sqs/queue:Queue"
VPC = "aws:ec2/vpc:Vpc"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
FAILURE_HOLDERS = (
    FUNCTION, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "aws:lambda/eventSourceMapping:EventSourceMapping", "aws:scheduler/schedule:Schedule",
    "aws:cloudwatch/eventTarget:EventTarget", "aws:pipes/pipe:Pipe", QUEUE,
    "aws:sqs/redrivePolicy:RedrivePolicy",
)  # fmt: skip
FAILURE_KEYS = frozenset({"deadLetterConfig", "onFailure", "redrivePolicy"})


def _names(resource: Resource, *keys: str) -> frozenset[str]:
    """What others may call a resource: values of its properties, and what its ARN ends in."""
    names = {value for key in keys if (value := text(resource.properties, key))}
    return frozenset({*names, *(value.rpartition("/")[2] for value in names)})


def _without(
    resource: Resource,
    stack: Stack,
    _: SecurityLimits,
    *,
    beside: str,
    reference: str,
    keys: tuple[str, ...],
    lack: str,
) -> Iterator[str]:
    names = _names(resource, *keys)
    if not any(text(other.properties, reference) in names for other in stack.of(beside)):
        yield f"{resource.name} {lack}"


def _beside_bucket(beside: str, lack: str) -> Callable[[Resource, Stack, SecurityLimits], Iterator[str]]:
    kind = f"aws:s3/{beside}:{beside[0].upper()}{beside[1:]}"
    return partial(_without, beside=kind, reference="bucket", keys=("bucket", "id"), lack=lack)


def _beside_vpc(beside: str, lack: str) -> Callable[[Resource, Stack, SecurityLimits], Iterator[str]]:
    return partial(_without, beside=beside, reference="vpcId", keys=("id", "arn"), lack=lack)


def _lost_calls(resource: Resource, stack: Stack, _: SecurityLimits) -> Iterator[str]:
    if text(resource.properties, "deadLetterConfig", "targetArn"):
        return
    names = _names(resource, "name", "arn", "qualifiedArn", "invokeArn")
    arn = text(resource.properties, "arn")
    for kind in FAILURE_HOLDERS[1:3]:
        for other in stack.of(kind):
            of_function = texts(other.properties, "functionName") + texts(other.properties, "functionArn")
            mine = any(name in names or (arn and name.startswith(f"{arn}:")) for name in of_function)
            if mine and values(other.properties, "destinationConfig", "onFailure"):
                return
    yield f"{resource.name} keeps no call that failed"


def _unwatched_function(resource: Resource, stack: Stack, _: SecurityLimits) -> Iterator[str]:
    name = text(resource.properties, "name") or text(resource.properties, "id")
    if not any(text(alarm.properties, "dimensions", "FunctionName") == name for alarm in stack.of(ALARM)):
        yield f"{resource.name} may fail and nobody is told"


def _unwatched_queue(resource: Resource, stack: Stack, _: SecurityLimits) -> Iterator[str]:
    arn, name = text(resource.properties, "arn"), text(resource.properties, "name")
    if not arn or not any(_keeps_failures(holder, arn) for holder in stack.of(*FAILURE_HOLDERS)):
        return
    if not any(text(alarm.properties, "dimensions", "QueueName") == name for alarm in stack.of(ALARM)):
        yield f"{resource.name} holds what failed and nobody is told"


def _keeps_failures(holder: Resource, arn: str) -> bool:
    return any(
        isinstance(value, str) and arn in value and FAILURE_KEYS & {part for part in path if isinstance(part, str)}
        for path, value in walk(holder.properties)
    )


def _silent_alarm(resource: Resource, _: Stack, __: SecurityLimits) -> Iterator[str]:
    if not elements(resource.properties, "alarmActions"):
        yield f"{resource.name} goes off and tells nobody"


def _open_namespace(resource: Resource, stack: Stack, _: SecurityLimits) -> Iterator[str]:
    name = text(resource.properties, "metadata", "name") or resource.name
    denied: set[str] = set()
    for policy in stack.of(POLICY):
        spec = values(policy.properties, "spec")
        if text(policy.properties, "metadata", "namespace") == name and not values(spec, "podSelector"):
            denied |= {kind for kind in texts(spec, "policyTypes") if not each(spec, kind.lower())}
    if missing := sorted({"Ingress", "Egress"} - denied):
        yield f"namespace {name} does not deny {' and '.join(missing).lower()} by default"


def _boundless_namespace(resource: Resource, stack: Stack, _: SecurityLimits) -> Iterator[str]:
    name = text(resource.properties, "metadata", "name") or resource.name
    for kind in ("ResourceQuota", "LimitRange"):
        there = stack.of(f"kubernetes:core/v1:{kind}")
        if not any(text(other.properties, "metadata", "namespace") == name for other in there):
            yield f"namespace {name} has no {kind}"


def _bucket_rule(name: str, what: str, *, beside: str, lack: str, control: Control) -> StackRule:
    return StackRule(
        name=name,
        description=f"Each bucket has {what} in the same stack.",
        remedy="declare the bucket by components/aws/storage/bucket.py, which brings its guards with it",
        control=control,
        types=(BUCKET,),
        complaints=_beside_bucket(beside, lack),
    )


STACK_RULES: tuple[StackRule, ...] = (
    _bucket_rule(
        "bucket-has-public-access-block",
        "a public access block",
        beside="bucketPublicAccessBlock",
        lack="can be made public",
        control=fsbp("S3.8"),
    ),
    _bucket_rule(
        "bucket-has-versioning",
        "versioning",
        beside="bucketVersioning",
        lack="keeps no versions",
        control=fsbp("S3.14"),
    ),
    _bucket_rule(
        "bucket-has-encryption",
        "encryption with a key",
        beside="bucketServerSideEncryptionConfiguration",
        lack="is encrypted with a key of AWS's own at most",
        control=fsbp("S3.17"),
    ),
    _bucket_rule(
        "bucket-has-policy",
        "a policy, which refuses requests without TLS",
        beside="bucketPolicy",
        lack="lets itself be read and written without TLS",
        control=fsbp("S3.5"),
    ),
    StackRule(
        name="vpc-has-flow-log",
        description="Each VPC has a flow log in the same stack.",
        remedy="declare the VPC by components/aws/network/vpc.py, or a flow log beside it",
        control=fsbp("EC2.6"),
        types=(VPC,),
        complaints=_beside_vpc("aws:ec2/flowLog:FlowLog", "does not record its connections"),
    ),
    StackRule(
        name="vpc-has-empty-default-group",
        description="Each VPC has its default security group emptied in the same stack.",
        remedy="declare a DefaultSecurityGroup without rules for the VPC",
        control=fsbp("EC2.2"),
        types=(VPC,),
        complaints=_beside_vpc("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "keeps AWS's open default group"),
    ),
    StackRule(
        name="function-keeps-failures",
        description="Each function keeps the calls that failed, in a queue or a topic.",
        remedy="give it a deadLetterConfig, or its invocations or mappings a destination on failure",
        control=firm("no failure is lost and none is silent", section="failures"),
        types=(FUNCTION,),
        complaints=_lost_calls,
    ),
    StackRule(
        name="function-has-alarm",
        description="Each function has an alarm in the same stack.",
        remedy="declare the function by components/aws/functions/function.py, which brings its alarms with it",
        control=firm("no failure is lost and none is silent", section="failures"),
        types=(FUNCTION,),
        complaints=_unwatched_function,
    ),
    StackRule(
        name="failure-queue-has-alarm",
        description="Each queue of what failed has an alarm in the same stack.",
        remedy="declare an alarm on ApproximateNumberOfMessagesVisible of the queue",
        control=firm("no failure is lost and none is silent", section="failures"),
        types=(QUEUE,),
        complaints=_unwatched_queue,
    ),
    StackRule(
        name="alarm-tells-somebody",
        description="Each alarm has an action.",
        remedy="set alarmActions to the environment's alarm topic",
        control=fsbp("CloudWatch.15"),
        types=(ALARM,),
        complaints=_silent_alarm,
    ),
    StackRule(
        name="namespace-default-deny",
        description="Each namespace denies all traffic by default, in and out, in the same stack.",
        remedy="declare it by components/kubernetes/base/namespace.py, or a NetworkPolicy for every pod without rules",
        control=cis_eks("ensure that all namespaces have network policies defined"),
        types=(NAMESPACE,),
        complaints=_open_namespace,
    ),
    StackRule(
        name="namespace-bounded",
        description="Each namespace has a quota and limits in the same stack.",
        remedy="declare it by components/kubernetes/base/namespace.py, or a ResourceQuota and a LimitRange beside it",
        control=nsa("resource policies"),
        types=(NAMESPACE,),
        complaints=_boundless_namespace,
    ),
)

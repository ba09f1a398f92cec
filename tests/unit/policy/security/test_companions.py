"""Each rule of a stack accepts a resource with everything beside it, and refuses it when one of these is gone."""

import pytest

from quantos.policy.security.companions import STACK_RULES
from quantos.policy.security.resource import Resource, Stack, concerns
from tests.support.changed import ABSENT, changed
from tests.support.secure_resources import LIMITS, PROPERTIES, resource

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
FUNCTION = "aws:lambda/function:Function"
QUEUE = "aws:sqs/queue:Queue"
VPC = "aws:ec2/vpc:Vpc"
INVOKE = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
RULES = {rule.name: rule for rule in STACK_RULES}
INSIDE = {"metadata": {"namespace": "ray"}}
DENY = {**INSIDE, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}
LOST = {"functionName": "ingest", "destinationConfig": {"onFailure": {"destination": "arn:aws:sqs:us-east-1:1:lost"}}}

STACK = {
    **{kind: resource(kind) for kind in PROPERTIES},
    "queue-alarm": resource(ALARM, {**PROPERTIES[ALARM], "dimensions": {"QueueName": "lost"}}),
    INVOKE: resource(INVOKE, LOST),
    NETWORK_POLICY: resource(NETWORK_POLICY, DENY),
    "quota": resource("kubernetes:core/v1:ResourceQuota", INSIDE),
    "limits": resource("kubernetes:core/v1:LimitRange", INSIDE),
}


def said(**changes: Resource | None) -> dict[str, tuple[str, ...]]:
    """What every rule says of the stack with resources replaced, or without those that are None."""
    resources = [one for one in {**STACK, **changes}.values() if one is not None]
    stack = Stack(resources=resources)
    found: dict[str, tuple[str, ...]] = {}
    for rule in STACK_RULES:
        for one in resources:
            if concerns(rule.types, one.type):
                found[rule.name] = found.get(rule.name, ()) + rule.messages(one, stack, LIMITS)
    return {name: messages for name, messages in found.items() if messages}


def with_(kind: str, path: str, new: object, *, key: str | None = None) -> dict[str, Resource]:
    one = STACK[key or kind]
    return {key or kind: resource(one.type, changed(one.properties, path, new))}


CASES = [
    pytest.param(
        "bucket-has-public-access-block", {"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": None}, id="block"
    ),
    pytest.param("bucket-has-versioning", {"aws:s3/bucketVersioning:BucketVersioning": None}, id="versioning"),
    pytest.param(
        "bucket-has-versioning",
        with_("aws:s3/bucketVersioning:BucketVersioning", "bucket", "another"),
        id="versioning-of-another-bucket",
    ),
    pytest.param(
        "bucket-has-encryption",
        {"aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": None},
        id="encryption",
    ),
    pytest.param("bucket-has-policy", {"aws:s3/bucketPolicy:BucketPolicy": None}, id="policy"),
    pytest.param("vpc-has-flow-log", {"aws:ec2/flowLog:FlowLog": None}, id="flow-log"),
    pytest.param(
        "vpc-has-empty-default-group", {"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": None}, id="default-group"
    ),
    pytest.param("function-keeps-failures", {INVOKE: None}, id="no-destination"),
    pytest.param("function-keeps-failures", with_(INVOKE, "destinationConfig.onFailure", ABSENT), id="success-only"),
    pytest.param("function-keeps-failures", with_(INVOKE, "functionName", "audit"), id="another-function"),
    pytest.param("function-has-alarm", with_(ALARM, "dimensions.FunctionName", "audit"), id="another-alarm"),
    pytest.param("failure-queue-has-alarm", {"queue-alarm": None}, id="no-alarm"),
    pytest.param("alarm-tells-somebody", with_(ALARM, "alarmActions", []), id="no-action"),
    pytest.param("namespace-default-deny", {NETWORK_POLICY: None}, id="no-policy"),
    pytest.param("namespace-default-deny", with_(NETWORK_POLICY, "spec.policyTypes", ["Ingress"]), id="half"),
    pytest.param("namespace-default-deny", with_(NETWORK_POLICY, "spec.egress", [{}]), id="everything-let-out"),
    pytest.param(
        "namespace-default-deny", with_(NETWORK_POLICY, "spec.podSelector", {"matchLabels": {"a": "b"}}), id="some-pods"
    ),
    pytest.param("namespace-default-deny", with_(NETWORK_POLICY, "metadata.namespace", "spark"), id="elsewhere"),
    pytest.param("namespace-bounded", {"quota": None}, id="no-quota"),
    pytest.param("namespace-bounded", {"limits": None}, id="no-limits"),
]


def test_a_stack_with_everything_beside_breaks_no_rule() -> None:
    assert said() == {}


@pytest.mark.parametrize(("rule", "changes"), CASES)
def test_a_rule_refuses_the_stack_with_one_thing_gone(rule: str, changes: dict) -> None:
    found = said(**changes)
    assert set(found) == {rule}
    (message,) = found[rule]
    assert RULES[rule].remedy[1:] in message


def test_every_rule_of_stacks_has_a_refusing_case() -> None:
    assert {case.values[0] for case in CASES} == set(RULES)


@pytest.mark.parametrize(
    "holder",
    [
        pytest.param(
            resource(MAPPING, {**LOST, "functionName": "arn:aws:lambda:us-east-1:1:function:ingest:live"}), id="alias"
        ),
        pytest.param(
            resource(MAPPING, {**LOST, "functionName": "arn:aws:lambda:us-east-1:1:function:ingest"}), id="arn"
        ),
    ],
)
def test_a_mapping_with_a_failure_destination_keeps_failures(holder: Resource) -> None:
    assert said(**{INVOKE: None, MAPPING: holder}) == {}


def test_a_queue_that_keeps_no_failures_needs_no_alarm() -> None:
    gone = {INVOKE: None, "queue-alarm": None}
    own = with_(FUNCTION, "deadLetterConfig", {"targetArn": "arn:aws:sqs:us-east-1:1:another"})
    assert said(**gone, **own) == {}
    assert set(said(**gone, **with_(FUNCTION, "deadLetterConfig", {"targetArn": "arn:aws:sqs:us-east-1:1:lost"}))) == {
        "failure-queue-has-alarm"
    }

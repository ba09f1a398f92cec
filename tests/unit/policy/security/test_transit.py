"""A bucket's policy refuses plain HTTP whole or not at all; load balancers speak TLS of today."""

import json

import pytest

from quantos.policy.security.rules import RESOURCE_RULES
from tests.support.secure_resources import LIMITS, PROPERTIES, resource

POLICY = "aws:s3/bucketPolicy:BucketPolicy"
RULES = {rule.name: rule for rule in RESOURCE_RULES}
(DENIAL,) = json.loads(str(PROPERTIES[POLICY]["policy"]))["Statement"]
PLAIN = {"aws:SecureTransport": "false"}


def refused(rule: str, kind: str, properties: dict) -> bool:
    return bool(RULES[rule].messages(resource(kind, properties), LIMITS))


@pytest.mark.parametrize("bucket", ["audit", None])
@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ({}, False),
        ({"Action": "*"}, False),
        ({"Action": ["s3:GetObject", "S3:*"]}, False),
        ({"Principal": "*"}, False),
        ({"Resource": "*"}, False),
        ({"Resource": "arn:aws:s3:::audit*"}, False),
        ({"Resource": ["arn:*:s3:::audit", "arn:*:s3:::audit/*"]}, False),
        ({"Condition": {"BoolIfExists": PLAIN}}, False),
        ({"Condition": {"Bool": {"AWS:securetransport": ["False"]}}}, False),
        ({"Condition": {"Bool": {"aws:SecureTransport": False}}}, False),
        ({"Condition": {"StringEquals": PLAIN}}, False),
        ({"Effect": "Allow"}, True),
        ({"Action": "s3:Get*"}, True),
        ({"Action": "s3:PutObject"}, True),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, True),
        ({"Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::123456789012:role/x"}}, True),
        ({"Resource": None, "NotResource": "arn:aws:s3:::other"}, True),
        ({"Action": None, "NotAction": "s3:PutObject"}, True),
        ({"Resource": ["arn:aws:s3:::audit", "arn:aws:s3:::audit/plans/*"]}, True),
        ({"Resource": ["arn:aws:s3:::audit", "arn:aws:s3:::audit/?"]}, True),
        ({"Resource": "arn:aws:s3:::audit/*"}, True),
        ({"Resource": "arn:aws:s3:::audit"}, True),
        ({"Resource": ["arn:aws:s3:::audit", "arn:aws:s3:::other/*"]}, True),
        ({"Condition": {}}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": []}}}, True),
        ({"Condition": {"Bool": {"aws:ViaAWSService": "false"}}}, True),
        ({"Condition": {"Bool": {**PLAIN, "aws:ViaAWSService": "true"}}}, True),
        ({"Condition": {"Bool": PLAIN, "StringEquals": {"aws:PrincipalArn": "arn:aws:iam::1:role/nobody"}}}, True),
        ({"Condition": {"StringNotEquals": PLAIN}}, True),
        ({"Condition": {"ForAllValues:Bool": PLAIN}}, True),
    ],
)
def test_only_a_denial_of_everything_to_everybody_without_tls_counts(
    says: dict, expected: bool, bucket: str | None
) -> None:
    statement = {name: part for name, part in {**DENIAL, **says}.items() if part is not None}
    named = {} if bucket is None else {"bucket": bucket}
    assert refused("bucket-tls-only", POLICY, {**named, "policy": json.dumps({"Statement": [statement]})}) is expected


def test_the_denial_is_of_the_bucket_itself() -> None:
    policy = json.dumps({"Statement": [DENIAL]})
    assert refused("bucket-tls-only", POLICY, {"bucket": "lake", "policy": policy})

"""Values that a service's own model rules out are refused at `Check`, for every property of every row."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.model import Shape

from sandbox.providers.account import Account
from sandbox.providers.aws.api_shapes import (
    Allowed,
    ApiRequest,
    Block,
    held_properties,
    limit_failures,
    plain,
    readable,
    request_failures,
)
from sandbox.providers.aws.lifecycle import Naming, Resource
from sandbox.providers.aws.row import Row
from sandbox.providers.aws.rows import all_rows, find_row
from sandbox.providers.schema import SdkSchemas
from sandbox.providers.store import Store
from sandbox.providers.values import UNKNOWN, Document, Json

SCHEMAS = SdkSchemas("pulumi_aws")
ACCOUNT = Account("us-east-1", Store(Path("nowhere")))
UNREADABLE = 1
"""Patterns of the rows' operations that Python cannot read: the name of a budget has flags in its middle."""


def requests(row: Row) -> tuple[ApiRequest, ...]:
    return (*row.handler.requests, *row.requests)


def held(row: Row, request: ApiRequest) -> list[tuple[str, Shape]]:
    fields = SCHEMAS.type(row.resource).inputs
    return list(held_properties(SCHEMAS, fields, account=ACCOUNT, request=request))


def nested(path: str, value: Json) -> Document:
    """A document with one value at a path such as `taints[0].effect`."""
    for part in reversed(re.findall(r"\[\d+\]|[^.\[\]]+", path)):
        value = [value] if part.startswith("[") else {part: value}
    assert isinstance(value, dict)
    return value


def ruled_out(shape: Shape) -> Iterator[Json]:
    """Values that the shape's own words rule out."""
    limits = shape.metadata
    least, most, pattern = limits.get("min"), limits.get("max"), limits.get("pattern")
    if limits.get("enum"):
        yield "NO_SUCH"
    if shape.type_name in {"integer", "long", "float", "double"}:
        yield from [] if least is None else [least - 1]
        yield from [] if most is None else [most + 1]
    if shape.type_name == "string" and most is not None and most <= 10**6:
        yield "a" * (most + 1)
    if shape.type_name == "string" and least:
        yield ""
    if shape.type_name == "list" and most is not None:
        yield [None] * (most + 1)
    if compiled := readable(pattern) if pattern else None:
        yield from [text for text in ("\x00", "\n", "<>") if not compiled.fullmatch(text)][:1]


def within(shape: Shape) -> Iterator[Json]:
    """Values at the bounds of the shape."""
    limits = shape.metadata
    yield from limits.get("enum", [])
    if shape.type_name in {"integer", "long", "float", "double"}:
        yield from [limits[bound] for bound in ("min", "max") if limits.get(bound) is not None]


@pytest.mark.parametrize("row", all_rows(), ids=lambda row: row.resource)
def test_every_property_is_held_at_every_depth(row: Row) -> None:
    for request in requests(row):
        for path, shape in held(row, request):
            for value in ruled_out(shape):
                failures = list(request_failures(ACCOUNT, request, nested(path, value)))
                assert failures, f"{path} takes {value!r}, {shape.metadata} does not"
                assert {failure.path for failure in failures} == {path}
            for value in within(shape):
                failures = list(request_failures(ACCOUNT, request, nested(path, value)))
                assert [failure for failure in failures if "for key:" not in failure.reason] == []


def at_the_bounds(allowed: Allowed) -> tuple[list[Json], list[Json]]:
    """Values just outside and just inside."""
    if isinstance(allowed, range):
        return [allowed.start - 1, allowed.stop], [allowed.start, allowed.stop - 1]
    if isinstance(allowed, Block):
        address, other = ("10.0.0.0", "fd00::") if allowed.version == 4 else ("fd00::", "10.0.0.0")
        wrong = [f"{address}/{allowed.widest - 1}", f"{address}/{allowed.narrowest + 1}", f"{other}/32", "10", "all"]
        host: Json = "10.0.0.1/24" if allowed.version == 4 else "fd00::1/64"
        zero = "0.0.0.0/0" if allowed.version == 4 else "::/0"
        return [*wrong, host], [zero if allowed.widest == 0 else f"{address}/{allowed.widest}", f"{address}/24"]
    return ["NO_SUCH", -7], [*allowed]


@pytest.mark.parametrize("row", [row for row in all_rows() if row.limits], ids=lambda row: row.resource)
def test_every_documented_limit_is_held(row: Row) -> None:
    paths = {plain(path) for request in requests(row) for path, _ in held(row, request)}
    for path, allowed in row.limits.items():
        assert path in paths or path.partition(".")[0] in SCHEMAS.type(row.resource).inputs
        wrong, right = at_the_bounds(allowed)
        for value in wrong:
            assert [failure.path for failure in limit_failures(nested(path, value), row.limits)] == [path]
        for value in right:
            assert list(limit_failures(nested(path, value), row.limits)) == []


def test_patterns_of_all_rows_can_be_read_but_for_those_counted() -> None:
    patterns = {
        shape.metadata["pattern"]
        for row in all_rows()
        for request in requests(row)
        for _, shape in held(row, request)
        if shape.metadata.get("pattern")
    }
    assert len([pattern for pattern in patterns if readable(pattern) is None]) == UNREADABLE


def refusals(resource: str, inputs: Document) -> dict[str, str]:
    checked = Resource(find_row(resource), ACCOUNT, SCHEMAS).checked(inputs, olds={}, naming=Naming("x", b"seed"))
    return {failure.path: failure.reason for failure in checked[1]}


NODE_GROUP: Document = {
    "clusterName": "dev",
    "nodeRoleArn": "arn",
    "subnetIds": ["subnet-1"],
    "scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 1},
    "amiType": "AL2023_x86_64_STANDARD",
    "labels": {"quantos.io/pool": "cpu"},
    "taints": [{"key": "quantos.io/spot", "value": "true", "effect": "NO_SCHEDULE"}],
    "tags": {"owner": "Équipe 1", "cost-centre": UNKNOWN},
}


@pytest.mark.parametrize(
    ("changed", "path", "reason"),
    [
        ({}, "", ""),
        ({"amiType": UNKNOWN}, "", ""),
        ({"amiType": "AL2023"}, "amiType", "expected amiType to be one of AL2_x86_64, "),
        ({"capacityType": "SPOTTY"}, "capacityType", "expected capacityType to be one of ON_DEMAND, SPOT, "),
        (
            {"scalingConfig": {"minSize": -1, "desiredSize": 1, "maxSize": 1}},
            "scalingConfig.minSize",
            "expected minSize to be at least (0), got -1",
        ),
        (
            {"scalingConfig": {"minSize": 0, "desiredSize": 0, "maxSize": 0}},
            "scalingConfig.maxSize",
            "expected maxSize to be at least (1), got 0",
        ),
        (
            {"taints": [{"key": "a", "effect": "NoSchedule"}]},
            "taints[0].effect",
            "expected effect to be one of NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE, got NoSchedule",
        ),
        ({"tags": {"k" * 129: "v"}}, f"tags.{'k' * 129}", "in the range (1 - 128), got 129"),
        ({"labels": {"kubernetes.io/os": "linux"}}, "labels.kubernetes.io/os", "is reserved"),
        ({"labels": {"a": "b c"}}, "labels.a", "has the value 'b c'"),
        ({"taints": [{"key": "a b", "effect": "NO_SCHEDULE"}]}, "taints[0].key", "is called 'a b'"),
    ],
)
def test_check_of_a_node_group(changed: Document, path: str, reason: str) -> None:
    refused = refusals("aws:eks/nodeGroup:NodeGroup", {**NODE_GROUP, **changed})
    assert list(refused) == ([path] if path else [])
    assert reason in "".join(refused.values())


@pytest.mark.parametrize(
    ("resource", "inputs", "path", "reason"),
    [
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 31}, "retentionInDays", "one of 0, 1, 3, 5, 7, 14,"),
        ("aws:kms/key:Key", {"deletionWindowInDays": 31}, "deletionWindowInDays", "in the range (7 - 30), got 31"),
        ("aws:kms/key:Key", {"rotationPeriodInDays": 30}, "rotationPeriodInDays", "in the range (90 - 2560)"),
        ("aws:sqs/queue:Queue", {"visibilityTimeoutSeconds": 50_000}, "visibilityTimeoutSeconds", "(0 - 43200)"),
        ("aws:iam/role:Role", {"name": "r" * 65, "assumeRolePolicy": "{}"}, "name", "(1 - 64), got 65"),
        ("aws:iam/role:Role", {"name": "a b", "assumeRolePolicy": "{}"}, "name", "must match"),
        (
            "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
            {"bucket": "b", "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 255_700}}},
            "rule.defaultRetention.days",
            "in the range (1 - 36500), got 255700",
        ),
        (
            "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
            {"bucket": "b", "rule": {"defaultRetention": {"mode": "compliance", "days": 1}}},
            "rule.defaultRetention.mode",
            "expected mode to be one of GOVERNANCE, COMPLIANCE, got compliance",
        ),
        (
            "aws:eks/cluster:Cluster",
            {"roleArn": "arn", "vpcConfig": {"subnetIds": ["s"], "publicAccessCidrs": ["8.8.8.0/24", "10.0.0.0/8"]}},
            "vpcConfig.publicAccessCidrs[1]",
            "The following CIDRs are not allowed in publicAccessCidrs: [10.0.0.0/8]",
        ),
        (
            "aws:dynamodb/table:Table",
            {"name": "tab", "hashKey": "k", "attributes": [{"name": "k", "type": "X"}]},
            "attributes[0].type",
            "expected type to be one of S, N, B, got X",
        ),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"metadataOptions": {"httpTokens": "maybe"}},
            "metadataOptions.httpTokens",
            "expected httpTokens to be one of optional, required, got maybe",
        ),
    ],
)
def test_check_of_other_types(resource: str, inputs: Document, path: str, reason: str) -> None:
    refused = refusals(resource, inputs)
    assert list(refused) == [path]
    assert reason in refused[path]


def test_letters_of_every_script_are_letters_to_patterns_of_aws() -> None:
    request = ApiRequest(service="scheduler", operation="create_schedule")
    assert list(request_failures(ACCOUNT, request, {"description": json.dumps({"a": "é"})})) == []
    tags = ApiRequest(service="dynamodb", operation="create_table")
    assert list(request_failures(ACCOUNT, tags, {"tags": {"Équipe": "市场 数据 4"}})) == []

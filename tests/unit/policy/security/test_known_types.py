"""Of every type of AWS there are rules, or a reason why there is nothing to judge; any other is refused."""

import pytest

from quantos.catalog.free_types import free_types
from quantos.costing.pricing import PRICERS
from quantos.errors import CatalogError
from quantos.policy.security.access.places import Kind, types_with
from quantos.policy.security.known_types import judged_types, unjudged_types
from quantos.policy.security.rules import DOCUMENT_RULES, RESOURCE_RULES, STACK_RULES
from sandbox.providers.aws.rows import all_rows
from tests.support.aws_sdk import sdk_resources
from tests.support.secure_resources import LIMITS, resource

KNOWN = next(rule for rule in RESOURCE_RULES if rule.name == "type-known")
JUDGED = judged_types([rule for rule in (*RESOURCE_RULES, *STACK_RULES) if rule not in DOCUMENT_RULES])


def test_whatever_may_be_declared_is_judged_or_listed_with_the_reason() -> None:
    may_be = {*free_types(), *PRICERS, *(row.resource for row in all_rows())}
    types = {kind for kind in may_be if kind.startswith("aws:") and not kind.endswith("*")}
    unknown = sorted(types - JUDGED - set(unjudged_types()))
    assert unknown == [], KNOWN.remedy


def test_no_type_is_both_judged_and_listed_and_each_is_of_the_sdk() -> None:
    assert sorted(JUDGED & set(unjudged_types())) == []
    assert sorted(set(unjudged_types()) - set(sdk_resources())) == []


@pytest.mark.parametrize(
    "kind",
    [
        "aws:cloudcontrol/resource:Resource",
        "aws:cloudformation/stack:Stack",
        "aws:ec2/defaultSubnet:DefaultSubnet",
        "aws:opensearch/domain:Domain",
        "aws:redshift/cluster:Cluster",
    ],
)
def test_a_type_that_nobody_looked_at_is_refused_even_where_its_policy_is_judged(kind: str) -> None:
    assert kind in sdk_resources()
    (message,) = KNOWN.messages(resource(kind, {}), LIMITS)
    assert kind in message
    assert "unjudged_types.csv" in message


@pytest.mark.parametrize(
    "kind",
    ["aws:s3/bucketV2:BucketV2", "aws:alb/targetGroupAttachment:TargetGroupAttachment", "aws:kms/alias:Alias"],
)
def test_a_known_type_passes_by_each_of_its_names(kind: str) -> None:
    assert KNOWN.messages(resource(kind, {}), LIMITS) == ()


def test_what_has_nothing_but_a_policy_is_listed_as_judged_by_it() -> None:
    by_policy = {kind for kind, reason in unjudged_types().items() if reason.startswith("its policy is all")}
    assert by_policy <= set(types_with(Kind.IDENTITY, Kind.RESOURCE))


def test_a_list_without_reasons_is_refused(tmp_path) -> None:
    broken = tmp_path / "types.csv"
    broken.write_text("type,reason\naws:x/y:Y,\n", encoding="utf-8")
    with pytest.raises(CatalogError, match="gives no reason for aws:x/y:Y"):
        unjudged_types(broken)

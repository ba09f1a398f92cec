"""The rules on a whole stack's cost: each accepts at its boundary and refuses just beyond it."""

from dataclasses import replace
from datetime import date

import pytest

from quantos.catalog.catalog import load_catalog
from quantos.costing.cost import StackCost
from quantos.costing.pricing import priced
from quantos.costing.resource import Resource
from quantos.costing.usage import Usage
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.policy.cost.increase import refused_increases
from quantos.policy.cost.limits import CostLimits, cost_limits
from quantos.policy.cost.monthly import WHOLE_RULES, DeclaredStack
from tests.support.declared import resource
from tests.support.environments import make_settings

CATALOG = load_catalog()
RULES = {rule.name: rule for rule in WHOLE_RULES}
SETTINGS = make_settings()
ONE_ADDRESS = 730 * 0.005
TODAY = date(2026, 11, 21)


def limits(**changes: object) -> CostLimits:
    return replace(cost_limits(SETTINGS), **changes)


def messages(rule: str, *declared: Resource, stack: str = "dev-foundation", **changes: object) -> tuple[str, ...]:
    subject = DeclaredStack(stack=stack, resources=declared)
    return RULES[rule].messages(subject, limits(**changes), CATALOG)


def address(name: str = "a") -> Resource:
    return resource("aws:ec2/eip:Eip", name)


def database(instance_class: str = "db.t4g.small", **changes: object) -> Resource:
    properties = {
        "engine": "postgres",
        "instanceClass": instance_class,
        "allocatedStorage": 20,
        "storageType": "gp3",
        "multiAz": False,
    }
    return resource("aws:rds/instance:Instance", "registry", **{**properties, **changes})


def bus(broker_type: str) -> Resource:
    return resource("aws:msk/cluster:Cluster", "bus", brokerNodeGroupInfo={"instanceType": broker_type})


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        pytest.param(resource("aws:redshift/cluster:Cluster", "dwh"), "aws:redshift/cluster:Cluster", id="unlisted"),
        pytest.param(resource("kubernetes:new.io/v1:Thing", "t"), "kubernetes:new.io/v1:Thing", id="custom-resource"),
        pytest.param(database("db.x2g.16xlarge"), "rds-postgres-db.x2g.16xlarge", id="unpriced-class"),
        pytest.param(
            resource("aws:ec2/instance:Instance", "i", instanceType="g3.4xlarge"), "g3.4xlarge", id="unpriced-instance"
        ),
    ],
)
def test_what_has_no_price_is_refused_by_name(refused: Resource, said: str) -> None:
    listed = resource("aws:iam/role:Role", "r")
    assert messages("priced-resources", address(), listed) == ()
    (message,) = messages("priced-resources", address(), refused)
    assert said in message


def test_use_without_an_assumption_is_refused() -> None:
    bucket = resource("aws:s3/bucket:Bucket", "lake")
    assert messages("priced-resources", bucket) == ()
    found = messages("priced-resources", bucket, usage=Usage(figures={"s3_million_reads": 1, "s3_million_writes": 1}))
    assert ["usage.s3_gib" in message for message in found] == [True]


def test_a_stack_may_cost_its_budget_and_not_a_cent_more() -> None:
    two = (address("a"), address("b"))
    assert messages("stack-budget", *two, usd_per_month={"foundation": 2 * ONE_ADDRESS}) == ()
    (message,) = messages("stack-budget", *two, usd_per_month={"foundation": 2 * ONE_ADDRESS - 0.01})
    assert "may cost 7.30 USD/month" in message
    assert "0.01 above its budget of 7.29" in message


def test_a_stack_of_no_layer_has_no_budget_to_keep_to() -> None:
    (message,) = messages("stack-budget", address(), stack="dev-elsewhere")
    assert "belongs to no layer that has a budget" in message


def test_databases_and_brokers_are_of_allowed_classes() -> None:
    rule = "database-and-broker-classes"
    assert messages(rule, database("db.t4g.small"), bus("kafka.t3.small")) == ()
    found = messages(rule, database("db.m7g.large"), bus("kafka.m7g.large"))
    assert [message.partition(";")[0] for message in found] == [
        "registry runs on db.m7g.large",
        "bus runs on kafka.m7g.large",
    ]


def pool(maximum: float, *, name: str = "cpu") -> StackCost:
    """A pool of so many m7i.large at its ceiling, 75.58 USD a month each with its disk."""
    group = resource(
        "aws:eks/nodeGroup:NodeGroup",
        name,
        instanceTypes=["m7i.large"],
        scalingConfig={"minSize": 1, "maxSize": maximum},
    )
    return priced([group], CATALOG, usage=Usage(figures={}), region="us-east-1")


def exempted(**changes: object) -> EnvironmentSettings:
    exemption = {
        "rule": "cost-increase",
        "layer": "capacity",
        "resource": "cpu",
        "owner": "ada",
        "reason": "the new desk starts on Monday",
        "expires": TODAY,
    }
    return make_settings(exemptions=[{**exemption, **changes}])


def increases(before: StackCost, after: StackCost, *, head: EnvironmentSettings = SETTINGS) -> tuple[str, ...]:
    found = refused_increases(before, after, stack="dev-capacity", base=SETTINGS, head=head, today=TODAY)
    assert {violation.rule for violation in found} <= {"cost-increase"}
    return tuple(violation.message for violation in found)


def test_a_pool_may_become_a_quarter_dearer_at_once_and_no_more() -> None:
    assert SETTINGS.limits.max_increase == 0.25
    assert increases(pool(8), pool(10)) == ()
    (message,) = increases(pool(10), pool(14))
    assert "NodeGroup cpu becomes 40.0% dearer" in message
    assert "may add 25.0%" in message


def test_small_sums_and_what_is_new_or_cheaper_pass() -> None:
    assert SETTINGS.limits.increase_from_usd_per_month == 100
    nothing = StackCost(lines=(), unpriced=())
    assert increases(pool(1), pool(2)) == ()
    assert increases(pool(1), pool(3)) != ()
    assert increases(nothing, pool(10)) == ()
    assert increases(pool(10), pool(1)) == ()


def test_a_component_under_another_name_is_no_new_one() -> None:
    (message,) = increases(pool(10), pool(14, name="core"))
    assert "NodeGroup core in place of NodeGroup cpu becomes 40.0% dearer" in message
    assert increases(pool(10), pool(12, name="core")) == ()


def test_limits_raised_together_with_what_they_limit_let_nothing_through() -> None:
    raised = {**SETTINGS.limits.model_dump(), "max_increase": 9.0}
    assert increases(pool(10), pool(14), head=make_settings(limits=raised)) != ()


def test_an_exemption_accepts_an_increase_until_its_last_day() -> None:
    assert increases(pool(10), pool(14), head=exempted()) == ()
    (message,) = increases(pool(10), pool(14), head=exempted(expires=date(2026, 11, 20)))
    assert "Its exemption by ada" in message
    assert increases(pool(10), pool(14), head=exempted(resource="memory")) != ()
    assert increases(pool(10), pool(14), head=exempted(layer="control")) != ()

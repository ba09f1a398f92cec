"""Each cost rule accepts at its boundary and refuses just beyond it."""

from dataclasses import replace
from pathlib import Path

import pytest

from quantos.catalog.catalog import load_catalog
from quantos.contracts.plan import PlanDocument, PoolSize, StrategyCost
from quantos.costing.usage import Usage
from quantos.environment.load import load_environment
from quantos.policy.config import render_cost_config
from quantos.policy.configured import LimitsReader
from quantos.policy.cost.capacity import Capacity, NodeGroup, is_elastic
from quantos.policy.cost.limits import CostLimits, PoolLimits
from quantos.policy.cost.monthly import WHOLE_RULES
from quantos.policy.cost.rules import GROUP_RULES, PACK, PLAN_RULES, STACK_RULES, foreseen_violations
from quantos.policy.exemptions import EXEMPTION_NEEDED
from quantos.policy.rule import Control, Rule

ENVIRONMENTS = Path(__file__).resolve().parents[4] / "stacks" / "environments"
CATALOG = load_catalog()
TAGS = {"environment": "dev", "pool": "cpu", "owner": "execution", "cost-centre": "cc-1"}
LIMITS = CostLimits(
    environment="dev",
    region="us-east-1",
    ceiling_usd_per_hour=6.8,
    max_nodes=20,
    max_step_up_nodes=5,
    max_step_down_nodes=3,
    instance_families=("c6i", "m7i"),
    min_batch_spot_share=0.5,
    required_tags=("environment", "pool", "owner", "cost-centre"),
    pools={
        "cpu": PoolLimits(workload="service", ceiling_usd_per_hour=3.4),
        "batch": PoolLimits(workload="batch", ceiling_usd_per_hour=3.4),
        "batch-spot": PoolLimits(workload="batch", ceiling_usd_per_hour=3.4),
    },
    usd_per_month={"capacity": 100.0},
    database_classes=(),
    broker_types=(),
    usage=Usage(figures={}),
)


def group(**changes: object) -> NodeGroup:
    """A pool at its ceiling to the cent: 10 c6i.2xlarge of 0.34 USD/hour."""
    default = NodeGroup(
        name="cpu",
        instance_types=("c6i.2xlarge",),
        capacity_type="ON_DEMAND",
        minimum=1,
        maximum=10,
        tags=TAGS,
        elastic=True,
    )
    return replace(default, **changes)


def plan(**changes: object) -> PlanDocument:
    document = PlanDocument(
        stack="dev-capacity",
        plan_id="p",
        sequence=300,
        sizes={"cpu": PoolSize(floor=1, ceiling=10)},
        previous={"cpu": PoolSize(floor=1, ceiling=10)},
        pool_costs={},
        strategy_costs={},
    )
    return document.model_copy(update=changes)


def stack(*groups: NodeGroup, document: PlanDocument | None = None, name: str = "dev-capacity") -> Capacity:
    return Capacity(stack=name, groups=groups, plan=document)


def shared(**ceilings: float) -> dict[str, StrategyCost]:
    """Strategies that may run on `cpu` and on `batch`."""
    return {
        name: StrategyCost(usd_per_hour=0.0, ceiling_usd_per_hour=usd, pools=("batch", "cpu"))
        for name, usd in ceilings.items()
    }


COST = StrategyCost(usd_per_hour=0.0, ceiling_usd_per_hour=1.0)
ON_CPU = StrategyCost(usd_per_hour=0.0, ceiling_usd_per_hour=3.4, pools=("cpu",))
RULES = {rule.name: rule for rule in (*GROUP_RULES, *PLAN_RULES, *STACK_RULES)}


def messages(rule: str, subject: object, limits: CostLimits = LIMITS) -> tuple[str, ...]:
    return RULES[rule].messages(subject, limits, CATALOG)


def sizes(**floors: int) -> dict[str, PoolSize]:
    return {name.replace("_", "-"): PoolSize(floor=floor, ceiling=50) for name, floor in floors.items()}


@pytest.mark.parametrize(
    ("rule", "accepted", "refused", "figures"),
    [
        pytest.param(
            "priced-instances",
            group(instance_types=("c6i.2xlarge", "m7i.large")),
            group(instance_types=("c6i.2xlarge", "g3.4xlarge")),
            "instance type g3.4xlarge is not in the catalog",
            id="one-type-of-two-without-a-shape",
        ),
        pytest.param(
            "priced-instances",
            group(),
            group(instance_types=()),
            "node group cpu names no instance type",
            id="no-type-at-all",
        ),
        pytest.param(
            "instance-families",
            group(instance_types=("c6i.large", "m7i.large")),
            group(instance_types=("c6i.large", "c6in.large")),
            "node group cpu uses c6in; allowed in dev are c6i, m7i",
            id="a-family-that-only-starts-alike",
        ),
        pytest.param(
            "required-tags",
            group(),
            group(tags={**TAGS, "owner": " ", "cost-centre": ""}),
            "node group cpu has no tag owner, cost-centre",
            id="blank-tags",
        ),
        pytest.param(
            "required-tags",
            group(),
            group(tags={**TAGS, "environment": "prod"}),
            "node group cpu is tagged prod, but these are the limits of dev",
            id="limits-of-another-environment",
        ),
        pytest.param(
            "pool-ceiling",
            stack(group(maximum=10)),
            stack(group(maximum=11)),
            "pool cpu may grow to 11 nodes of 0.3400 USD/hour, 3.74 USD/hour in all, which is 0.34 above its ceiling",
            id="one-node-more-than-the-ceiling-pays",
        ),
        pytest.param(
            "pool-ceiling",
            stack(group(instance_types=("c6i.2xlarge", "c6a.2xlarge"))),
            stack(group(instance_types=("c6i.2xlarge", "c7i.2xlarge"))),
            "10 nodes of 0.3570 USD/hour",
            id="priced-at-its-dearest-type",
        ),
        pytest.param(
            "pool-ceiling",
            stack(group(name="system", elastic=False, maximum=99)),
            stack(group(name="stray", maximum=1)),
            "node group stray is no pool of dev, so it has no ceiling to keep to",
            id="a-pool-nobody-declared",
        ),
        pytest.param(
            "strategy-ceiling",
            plan(strategy_costs={"vwap": StrategyCost(usd_per_hour=4.0, ceiling_usd_per_hour=4.0)}),
            plan(strategy_costs={"vwap": StrategyCost(usd_per_hour=4.01, ceiling_usd_per_hour=4.0)}),
            "strategy vwap would cost 4.01 USD/hour, 0.01 above its ceiling of 4.00",
            id="a-cent-above-the-strategy",
        ),
        pytest.param(
            "shared-ceilings",
            stack(group(), group(name="batch"), document=plan(strategy_costs=shared(vwap=6.8))),
            stack(group(), group(name="batch"), document=plan(strategy_costs=shared(vwap=6.79))),
            "batch, cpu may grow to 6.80 USD/hour together, and the strategies that may run there (vwap) may cost 6.79",
            id="maxima-together-above-the-strategy",
        ),
        pytest.param(
            "shared-ceilings",
            stack(group(maximum=10), group(name="batch"), document=plan(strategy_costs={**shared(a=3.4), "b": ON_CPU})),
            stack(group(maximum=11), group(name="batch"), document=plan(strategy_costs={**shared(a=3.4), "b": ON_CPU})),
            "batch, cpu may grow to 7.14 USD/hour together",
            id="one-strategy-moves-over-for-another",
        ),
        pytest.param(
            "shared-ceilings",
            stack(group(name="batch", minimum=4, maximum=4), document=plan(strategy_costs=shared(vwap=1.0))),
            stack(group(name="batch", minimum=4, maximum=5), document=plan(strategy_costs=shared(vwap=1.0))),
            "batch may grow to 1.70 USD/hour together, and the strategies that may run there (vwap) may cost 1.00",
            id="a-floor-may-stand-and-nothing-above-it",
        ),
        pytest.param(
            "shared-ceilings",
            stack(group(name="aa", maximum=99), document=plan(strategy_costs=shared(vwap=1.0))),
            stack(group(maximum=4), document=plan(strategy_costs=shared(vwap=1.0))),
            "cpu may grow to 1.36",
            id="a-pool-that-no-strategy-names-is-bounded-elsewhere",
        ),
        pytest.param(
            "shared-ceilings",
            stack(document=plan(strategy_costs={"old": COST})),
            stack(document=plan(strategy_costs={**shared(vwap=1.0), "old": COST})),
            "the plan does not say where old may run",
            id="a-strategy-of-which-nobody-knows-where-it-runs",
        ),
        pytest.param(
            "step-up",
            plan(sizes=sizes(cpu=4, batch=4), previous=sizes(cpu=1, batch=2)),
            plan(sizes=sizes(cpu=5, batch=4), previous=sizes(cpu=1, batch=2)),
            "the plan adds 6 nodes at once (batch 2 to 4, cpu 1 to 5); dev allows 5",
            id="rises-of-all-pools-together",
        ),
        pytest.param(
            "step-up",
            plan(sizes=sizes(cpu=6, batch=0), previous=sizes(cpu=1, batch=3)),
            plan(sizes=sizes(cpu=7, batch=0), previous=sizes(cpu=1, batch=3)),
            "adds 6 nodes at once (cpu 1 to 7)",
            id="a-fall-elsewhere-hides-no-rise",
        ),
        pytest.param(
            "step-up",
            plan(sizes=sizes(cpu=5), previous={}),
            plan(sizes=sizes(cpu=6), previous={}),
            "cpu 0 to 6",
            id="a-new-pool-starts-from-nothing",
        ),
        pytest.param(
            "step-down",
            plan(sizes=sizes(cpu=1, batch=1), previous=sizes(cpu=3, batch=2)),
            plan(sizes=sizes(cpu=1, batch=0), previous=sizes(cpu=3, batch=2)),
            "the plan gives up 4 nodes at once (batch 2 to 0, cpu 3 to 1); dev allows 3",
            id="falls-of-all-pools-together",
        ),
        pytest.param(
            "plan-present",
            stack(group(), document=plan()),
            stack(group()),
            "stack dev-capacity holds elastic pools (cpu) but no plan",
            id="pools-without-a-plan",
        ),
        pytest.param(
            "plan-present",
            stack(group(elastic=False), name="dev-foundation"),
            stack(group(), name="dev-foundation"),
            "stack dev-foundation holds elastic pools (cpu) but no plan",
            id="an-elastic-pool-outside-the-capacity-layer",
        ),
        pytest.param(
            "plan-present",
            stack(name="dev-control"),
            stack(name="dev-capacity"),
            "stack dev-capacity holds elastic pools (none) but no plan",
            id="a-capacity-stack-without-anything",
        ),
        pytest.param(
            "plan-present",
            stack(document=plan()),
            stack(document=plan(stack="prod-capacity")),
            "stack dev-capacity stands on a plan for prod-capacity",
            id="the-plan-of-another-stack",
        ),
        pytest.param(
            "plan-agrees",
            stack(group(), group(name="new"), document=plan()),
            stack(group(maximum=11), document=plan()),
            "pool cpu is declared with 1 to 11 nodes, but its plan says 1 to 10",
            id="a-maximum-that-was-not-planned",
        ),
        pytest.param(
            "plan-agrees",
            stack(group(), group(name="batch"), document=plan()),
            stack(group(), group(), document=plan()),
            "pool cpu is declared by 2 node groups",
            id="a-pool-declared-twice",
        ),
        pytest.param(
            "environment-ceiling",
            stack(group(), group(name="batch")),
            stack(group(), group(name="batch", maximum=11)),
            "dev at full size would cost 7.14 USD/hour (batch 3.74, cpu 3.40), 0.34 above its ceiling of 6.80",
            id="sum-of-pools",
        ),
        pytest.param(
            "environment-ceiling",
            stack(group(), group()),
            stack(group(), group(), group()),
            "10.20 USD/hour",
            id="groups-of-one-name-count-each",
        ),
        pytest.param(
            "max-nodes",
            stack(group(), group(name="batch"), group(name="system", elastic=False, maximum=9)),
            stack(group(), group(name="batch", maximum=11)),
            "dev may grow to 21 nodes (batch 11, cpu 10); the most is 20",
            id="nodes-of-all-pools",
        ),
        pytest.param(
            "batch-spot-share",
            stack(group(name="batch"), group(name="batch-spot", capacity_type="SPOT")),
            stack(group(name="batch"), group(name="batch-spot", capacity_type="SPOT", maximum=9)),
            "72 of 152 vCPU of the batch pools at full size are spot (47.4%); dev wants at least 50.0%",
            id="less-than-half",
        ),
        pytest.param(
            "batch-spot-share",
            stack(group(name="cpu", maximum=50)),
            stack(
                group(name="batch", instance_types=("c6i.16xlarge",)), group(name="batch-spot", capacity_type="SPOT")
            ),
            "80 of 720 vCPU",
            id="by-vcpu-and-not-by-nodes",
        ),
    ],
)
def test_a_rule_accepts_at_its_boundary_and_refuses_beyond(
    rule: str, accepted: object, refused: object, figures: str
) -> None:
    assert messages(rule, accepted) == ()
    (message,) = messages(rule, refused)
    assert figures in message
    assert RULES[rule].remedy[1:] in message
    assert message.endswith(f"Control: {RULES[rule].control.text} ({RULES[rule].control.link}).")


def test_every_rule_has_a_boundary_test_a_description_and_a_remedy() -> None:
    marks = vars(test_a_rule_accepts_at_its_boundary_and_refuses_beyond)["pytestmark"]
    mark = next(mark for mark in marks if mark.name == "parametrize")
    assert {case.values[0] for case in mark.args[1]} == set(RULES)
    assert all(rule.description.endswith(".") and rule.remedy for rule in RULES.values())


def test_a_sum_of_prices_that_is_equal_but_for_rounding_is_accepted() -> None:
    limits = replace(LIMITS, ceiling_usd_per_hour=0.34 * 3)
    assert messages("environment-ceiling", stack(*[group(maximum=1)] * 3), limits) == ()


def test_an_excess_of_less_than_a_cent_is_told_as_one() -> None:
    (message,) = messages(
        "pool-ceiling", stack(group()), replace(LIMITS, pools={"cpu": replace(POOL, ceiling_usd_per_hour=3.399)})
    )
    assert "which is 0.0010 above its ceiling of 3.3990" in message


POOL = LIMITS.pools["cpu"]


@pytest.mark.parametrize("rule", ["pool-ceiling", "environment-ceiling"])
def test_a_rule_that_cannot_price_refuses(rule: str) -> None:
    unpriced = group(instance_types=("g3.4xlarge",))
    (message,) = messages(rule, stack(unpriced))
    assert message.startswith("cannot be judged: no price is known for g3.4xlarge in us-east-1.")


def test_a_rule_that_breaks_refuses() -> None:
    broken = Rule(
        name="x",
        description="X.",
        remedy="y",
        control=Control(text="z", link="z"),
        complaints=lambda *_: iter([1 / 0]),
    )
    assert broken.messages(None, LIMITS, CATALOG) == (
        "the rule could not run (ZeroDivisionError: division by zero). Correct it; nothing passes unjudged.",
    )


def test_a_tag_takes_no_pool_of_a_capacity_stack_out_of_judgement() -> None:
    assert is_elastic({"pool": "system"}, stack="dev-capacity")
    assert not is_elastic({"pool": "system"}, stack="dev-foundation")
    assert is_elastic({}, stack="dev-foundation")


def test_the_order_in_which_an_engine_reports_changes_no_message() -> None:
    groups = [group(name="cpu"), group(name="batch", maximum=11), group(name="aa")]
    assert messages("environment-ceiling", stack(*groups)) == messages("environment-ceiling", stack(*reversed(groups)))


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_an_environment_passes_its_own_rules_before_the_first_plan(name: str) -> None:
    settings = load_environment(name, root=ENVIRONMENTS, catalog=CATALOG)
    floors = {
        pool: PoolSize(floor=shape.floor_nodes, ceiling=shape.ceiling_nodes) for pool, shape in settings.pools.items()
    }
    first = plan(stack=f"{name}-capacity", sequence=0, sizes=floors, previous=floors)
    assert foreseen_violations(first, settings, catalog=CATALOG) == ()


def test_the_planner_foresees_what_the_rules_refuse() -> None:
    settings = load_environment("dev", root=ENVIRONMENTS, catalog=CATALOG)
    greedy = plan(
        sizes={"cpu": PoolSize(floor=22, ceiling=46)},
        strategy_costs={"vwap": StrategyCost(usd_per_hour=5.0, ceiling_usd_per_hour=4.0)},
    )
    found = foreseen_violations(greedy, settings, catalog=CATALOG)
    assert [violation.rule for violation in found] == ["strategy-ceiling", "step-up", "pool-ceiling"]
    assert {violation.pack for violation in found} == {PACK}
    assert "46 nodes of 0.3570 USD/hour, 16.42 USD/hour in all, which is 0.42 above" in found[2].message


def test_limits_survive_the_way_through_a_pack_configuration() -> None:
    settings = load_environment("prod", root=ENVIRONMENTS, catalog=CATALOG)
    config = render_cost_config(settings)
    assert set(config) == {*RULES, *(rule.name for rule in WHOLE_RULES), EXEMPTION_NEEDED}
    limits = LimitsReader(CostLimits, pack="cost").read(config["max-nodes"])
    assert (limits.environment, limits.max_nodes, limits.pools["gpu-spot"].workload) == ("prod", 180, "batch")

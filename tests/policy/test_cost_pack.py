"""The cost pack in the real analyzer of the real engine: what passes, what is refused, and that nothing slips by."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pulumi
import pulumi_aws as aws
import pytest
from pulumi import automation
from pulumi.automation.events import EngineEvent

from components.aws.compute.plan import Plan
from quantos.catalog.catalog import load_catalog
from quantos.contracts.plan import PlanDocument, PoolSize, StrategyCost
from quantos.deployment.adapters.pulumi_events import EventLog
from quantos.environment.load import load_environment
from quantos.policy.adapters.packs import PolicyPack, with_standing
from quantos.policy.config import render_cost_config
from quantos.policy.cost.capacity import planned_capacity
from quantos.policy.cost.limits import StandingSize
from quantos.policy.cost.monthly import WHOLE_RULES
from quantos.policy.cost.rules import GROUP_RULES, PACK, PLAN_RULES, STACK_RULES, foreseen_violations
from sandbox.engine.locate import find_engine
from sandbox.engine.version import PINNED_VERSION, parse_version
from sandbox.lifecycle import Sandbox

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "policy_packs" / "cost"
SETTINGS = load_environment("dev", root=ROOT / "stacks" / "environments", catalog=load_catalog())
FIRST_SIZES = {
    name: PoolSize(floor=pool.floor_nodes, ceiling=pool.ceiling_nodes) for name, pool in SETTINGS.pools.items()
}
TRUST = {"Version": "2012-10-17", "Statement": []}


def document(**changes: object) -> PlanDocument:
    """The plan document before the first plan, with changes."""
    first = PlanDocument(
        stack="dev-capacity",
        plan_id="",
        sequence=0,
        sizes=FIRST_SIZES,
        previous=FIRST_SIZES,
        pool_costs={},
        strategy_costs={},
    )
    return first.model_copy(update=changes)


@dataclass(frozen=True)
class Place:
    """Where node groups may stand: names in moto, plain as across stacks."""

    cluster: str
    role_arn: str
    subnets: list[str]

    def group(self, name: str, **changes: object) -> None:
        """A node group with right tags and a small size, with changes."""
        properties = {
            "cluster_name": self.cluster,
            "node_role_arn": self.role_arn,
            "subnet_ids": self.subnets,
            "instance_types": ["m7i.large"],
            "capacity_type": "ON_DEMAND",
            "scaling_config": {"min_size": 1, "max_size": 2, "desired_size": 1},
            "tags": {"environment": "dev", "owner": "o", "cost-centre": "c", "pool": name},
        }
        aws.eks.NodeGroup(name, **{**properties, **changes})

    def pools(self, planned: PlanDocument) -> None:
        """The node groups the capacity program declares for a document."""
        for group in planned_capacity(SETTINGS, planned).groups:
            self.group(
                group.name,
                instance_types=list(group.instance_types),
                capacity_type=group.capacity_type,
                scaling_config={"min_size": group.minimum, "max_size": group.maximum, "desired_size": group.minimum},
                tags=dict(group.tags),
            )


@pytest.fixture(scope="module")
def place(sandbox: Sandbox) -> Place:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    role = boto3.client("iam").create_role(RoleName="nodes", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    boto3.client("eks").create_cluster(name="policy", roleArn=role, resourcesVpcConfig={"subnetIds": [subnet]})
    return Place("policy", role, [subnet])


@dataclass
class Judged:
    """What the analyzer said of one operation."""

    failed: bool
    log: EventLog = field(default_factory=EventLog)

    @property
    def rules(self) -> set[str]:
        return {violation.rule for violation in self.log.violations}

    def message(self, rule: str) -> str:
        (message,) = [violation.message for violation in self.log.violations if violation.rule == rule]
        return message


@pytest.fixture
def judge(sandbox: Sandbox, project_names: Iterator[str], tmp_path: Path) -> Callable[..., Judged]:
    """Previews (or brings up) a program under the cost pack, in a stack of a given name."""
    config = tmp_path / "cost.json"
    config.write_text(json.dumps(render_cost_config(SETTINGS)), encoding="utf-8")

    def run(
        program: Callable[[], None],
        *,
        stack: str = "dev-capacity",
        pack: Path = FOLDER,
        configured: bool = True,
        up: bool = False,
        standing: Mapping[str, StandingSize] | None = None,
    ) -> Judged:
        asyncio.set_event_loop(asyncio.new_event_loop())
        made = automation.create_or_select_stack(stack, project_name=next(project_names), program=program)
        judged = Judged(failed=False)
        told = with_standing(PolicyPack(path=FOLDER / "analyzer", config=config), standing or {})
        packs = {
            "policy_packs": [str(pack)],
            "policy_pack_configs": [str(told.config)] if configured else [],
        }
        events: list[EngineEvent] = []
        try:
            (made.up if up else made.preview)(on_event=events.append, **packs)
        except automation.CommandError:
            judged.failed = True
        for event in events:
            judged.log.add(event)
        return judged

    return run


def test_the_first_document_of_an_environment_comes_up_under_the_pack(judge: Callable, place: Place) -> None:
    def program() -> None:
        Plan("plan", document=document().model_dump(mode="json"))
        place.pools(document())

    judged = judge(program, up=True)
    assert (judged.failed, judged.log.violations, judged.log.unchecked) == (False, [], [])
    assert len(boto3.client("eks").list_nodegroups(clusterName="policy")["nodegroups"]) == len(SETTINGS.pools)


def test_planner_and_pack_say_the_same_of_a_plan(judge: Callable, place: Place) -> None:
    greedy = document(
        sequence=300,
        sizes={**FIRST_SIZES, "cpu": PoolSize(floor=22, ceiling=60), "memory": PoolSize(floor=1, ceiling=30)},
        strategy_costs={"vwap": StrategyCost(usd_per_hour=5.0, ceiling_usd_per_hour=4.0)},
    )

    def program() -> None:
        Plan("plan", document=greedy.model_dump(mode="json"))
        place.pools(greedy)

    judged = judge(program)
    foreseen = foreseen_violations(greedy, SETTINGS, catalog=load_catalog())
    assert judged.failed
    of_plans = judged.rules - {"stack-budget"}
    assert of_plans == {"pool-ceiling", "strategy-ceiling", "step-up", "max-nodes", "environment-ceiling"}
    for violation in foreseen:
        assert any(
            violation.message in found.message for found in judged.log.violations if found.rule == violation.rule
        )
    assert len([found for found in judged.log.violations if found.rule in of_plans]) == len(foreseen)
    assert {violation.pack for violation in judged.log.violations} == {PACK}


def test_what_stands_above_a_lowered_limit_may_come_down(judge: Callable, place: Place) -> None:
    """The sizes that count are those that the pack is told were read; a plan's own word for them is worth nothing."""
    small = {name: PoolSize(floor=0, ceiling=1) for name in FIRST_SIZES}
    high, above = PoolSize(floor=120, ceiling=120), PoolSize(floor=115, ceiling=120)
    planned = document(sizes={**small, "cpu": above}, previous={**small, "cpu": high})
    stands = {name: StandingSize(minimum=0, maximum=1, desired=0) for name in FIRST_SIZES}
    ceilings = {"pool-ceiling", "max-nodes", "environment-ceiling"}

    def program() -> None:
        Plan("plan", document=planned.model_dump(mode="json"))
        place.pools(planned)

    held = {**stands, "cpu": StandingSize(minimum=120, maximum=120, desired=120)}
    assert judge(program, standing=held).rules & ceilings == set()
    for low, high_now in ((114, 120), (115, 119)):
        lower = StandingSize(minimum=low, maximum=high_now, desired=high_now)
        assert judge(program, standing={**stands, "cpu": lower}).rules & ceilings
    assert judge(program).rules & ceilings


def test_the_pack_as_an_executable_judges_as_its_folder_does(judge: Callable, place: Place) -> None:
    engine = find_engine().version
    if parse_version(engine) < PINNED_VERSION:
        pytest.skip(f"engine {engine} starts packs by their folder only")
    judged = judge(lambda: place.group("stray", instance_types=["c4.large"]), pack=FOLDER / "analyzer")
    assert judged.rules == {"instance-families", "pool-ceiling", "plan-present"}
    assert "node group stray is no pool of dev" in judged.message("pool-ceiling")


def test_a_refused_up_makes_no_node_group(judge: Callable, place: Place) -> None:
    before = boto3.client("eks").list_nodegroups(clusterName="policy")["nodegroups"]
    judged = judge(lambda: place.group("stray", instance_types=["c4.large"]), up=True)
    assert judged.failed
    assert boto3.client("eks").list_nodegroups(clusterName="policy")["nodegroups"] == before


def test_rules_that_no_honest_plan_breaks_hold_all_the_same(judge: Callable, place: Place) -> None:
    lowered = {**FIRST_SIZES, "memory": PoolSize(floor=0, ceiling=20)}
    planned = document(sizes=lowered, previous={**FIRST_SIZES, "memory": PoolSize(floor=21, ceiling=21)})

    def program() -> None:
        Plan("plan", document=planned.model_dump(mode="json"))
        place.group("memory", scaling_config={"min_size": 0, "max_size": 19, "desired_size": 0})
        place.group("cpu-spot", instance_types=["c6i.large", "g3.4xlarge"], tags={"pool": "cpu-spot"})

    judged = judge(program)
    assert judged.rules == {
        "step-down", "plan-agrees", "priced-instances", "instance-families", "required-tags", "batch-spot-share",
        "environment-ceiling", "pool-ceiling", "priced-resources",
    }  # fmt: skip
    assert "cannot be judged" in judged.message("environment-ceiling")
    assert "has no tag environment, owner, cost-centre" in judged.message("required-tags")


def test_elastic_pools_without_a_plan_are_refused(judge: Callable, place: Place) -> None:
    assert judge(lambda: place.group("cpu"), stack="dev-pools").rules == {"plan-present", "stack-budget"}
    assert judge(lambda: None, stack="dev-capacity").rules == {"plan-present"}


def test_a_document_that_cannot_be_read_is_refused_by_every_rule_that_needs_it(judge: Callable) -> None:
    judged = judge(lambda: Plan("plan", document={"stack": "dev-capacity"}))
    assert judged.rules == {rule.name for rule in (*PLAN_RULES, *STACK_RULES)}
    assert "sizes: Field required" in judged.message("step-up")


def test_a_pack_without_limits_refuses_by_every_rule(judge: Callable, place: Place) -> None:
    def program() -> None:
        Plan("plan", document=document().model_dump(mode="json"))
        place.group("cpu")

    judged = judge(program, configured=False)
    assert judged.rules == {rule.name for rule in (*GROUP_RULES, *PLAN_RULES, *STACK_RULES, *WHOLE_RULES)}
    assert all("was given no limits" in violation.message for violation in judged.log.violations)


def test_layers_without_elastic_pools_pass(judge: Callable, place: Place) -> None:
    fixed = judge(lambda: place.group("system"), stack="dev-foundation")
    assert (fixed.failed, fixed.log.violations) == (False, [])
    foreign = judge(lambda: place.group("system", instance_types=["t3.large"]), stack="dev-foundation")
    assert foreign.rules == {"instance-families"}
    many = {"min_size": 30, "max_size": 30, "desired_size": 30}
    dear = judge(lambda: place.group("system", scaling_config=many), stack="dev-foundation")
    assert dear.rules == {"stack-budget"}
    assert "stack dev-foundation may cost" in dear.message("stack-budget")
    none = judge(lambda: pulumi.ComponentResource("quantos:x:Y", "y"), stack="dev-control", configured=False)
    assert (none.failed, none.log.violations) == (False, [])


def test_an_unknown_size_is_told_and_not_taken_for_a_pass(judge: Callable, place: Place) -> None:
    def program() -> None:
        Plan("plan", document=document().model_dump(mode="json"))
        role = aws.iam.Role("r", assume_role_policy=json.dumps(TRUST))
        place.group("cpu", tags={"environment": "dev", "pool": "cpu", "owner": role.unique_id, "cost-centre": "c"})

    judged = judge(program)
    told = " ".join(judged.log.unchecked)
    for rule in GROUP_RULES:
        assert f"can't run policy '{rule.name}'" in told


def test_a_stack_is_priced_as_a_whole_and_held_to_its_budget(judge: Callable) -> None:
    def program() -> None:
        around = pulumi.ComponentResource("quantos:storage:Bucket", "lake")
        aws.s3.Bucket("lake", opts=pulumi.ResourceOptions(parent=around))
        aws.ec2.Eip("way-out")

    kept = judge(program, stack="dev-foundation", up=True)
    assert (kept.failed, kept.log.violations, kept.log.unchecked) == (False, [], [])


def declared(kind: str, name: str, **properties: object) -> None:
    """A resource of any type with properties that a stack rule sees, whatever the sandbox's provider knows."""
    pulumi.ComponentResource(kind, name, properties).register_outputs(properties)


def test_properties_that_cost_are_priced_and_those_that_nobody_priced_refused(judge: Callable) -> None:
    def program() -> None:
        declared("aws:alb/loadBalancer:LoadBalancer", "front", internal=True, cleverMode="ON")
        disk = {"engine": "postgres", "instanceClass": "db.t4g.small", "storageType": "gp3"}
        declared("aws:rds/instance:Instance", "small", **disk, allocatedStorage=200, iops=12_000)
        declared("aws:rds/instance:Instance", "greedy", **disk, allocatedStorage=600, storageThroughput=40_000)

    judged = judge(program, stack="dev-foundation")
    messages = [violation.message for violation in judged.log.violations if violation.rule == "priced-resources"]
    assert any("its iops is '12000, which RDS sells from 400 GiB on'" in message for message in messages)
    assert any("nobody has said what its cleverMode costs" in message for message in messages)
    assert "may cost 3," in judged.message("stack-budget")


def test_an_old_version_of_kubernetes_is_priced_as_of_today(judge: Callable) -> None:
    ended = judge(lambda: declared("aws:eks/cluster:Cluster", "old", version="1.28"), stack="dev-foundation")
    assert "which AWS supports no more" in ended.message("priced-resources")

"""A `dev` environment small enough to come up in seconds: what the capacity layer needs of the layers beside it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import boto3
import pulumi

from quantos.capacity.adapters.composition import ComposedResizer, EngineSetting
from quantos.capacity.adapters.dynamo_control import DynamoSwitches
from quantos.capacity.adapters.kms_signer import KmsSigner
from quantos.capacity.adapters.s3_plans import PlansBucket, S3PlanLedger
from quantos.capacity.adapters.stores import compose_groups
from quantos.capacity.resize.ports import GroupSize
from quantos.capacity.resize.transaction import Resizer
from quantos.clock import Clock
from quantos.contracts.plan import PoolCost, PoolSize, ScalingPlan
from quantos.deployment.adapters.layers import LayerRun, LayerStacks
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.operations.bring_up import bring_up
from quantos.policy.adapters.packs import render_packs
from stacks import capacity
from tests.support.environments import make_settings
from tests.support.plan_cases import make_plan

ROOT = Path(__file__).resolve().parents[2]
PACKS = ROOT / "policy_packs"
NODE_ROLE_POLICY = "{}"


@dataclass(frozen=True)
class SmallEnvironment:
    """A capacity stack that is up on a cluster made by hand, under the real packs."""

    settings: EnvironmentSettings
    stacks: LayerStacks

    @property
    def stack(self) -> str:
        return self.settings.names().stack("capacity")

    @property
    def ledger(self) -> S3PlanLedger:
        return S3PlanLedger(
            PlansBucket(boto3.client("s3"), self.settings.names().bucket("plans")), self.settings, self.stack
        )

    @property
    def switches(self) -> DynamoSwitches:
        return DynamoSwitches(boto3.client("dynamodb"), self.settings.names().switch_table)

    def resizer(self, *, clock: Clock, wall_clock: Clock) -> Resizer:
        setting = EngineSetting(
            program=capacity.resizing(self.settings),
            packs_root=PACKS,
            variables=dict(os.environ),
        )
        composed = ComposedResizer(self.settings, setting, clock=clock, wall_clock=wall_clock)
        return composed.resizer(time_left_seconds=840.0)

    def plan(
        self, floors: Mapping[str, int], *, ceilings: Mapping[str, int] | None = None, **changes: object
    ) -> ScalingPlan:
        """A signed plan with these floors for the environment's pools, the others as they stand.

        Ceilings that are not named are those of the environment.
        """
        most = {pool: settings.ceiling_nodes for pool, settings in self.settings.pools.items()} | dict(ceilings or {})
        current = self.ledger.current().document
        standing = {pool: size.floor for pool, size in current.sizes.items()}
        sizes = {pool: PoolSize(floor=floor, ceiling=most[pool]) for pool, floor in {**standing, **floors}.items()}
        costs = {
            pool: PoolCost(
                usd_per_node_hour=0.5, floor_usd_per_hour=0.5 * size.floor, ceiling_usd_per_hour=0.5 * size.ceiling
            )
            for pool, size in sizes.items()
        }
        plan = make_plan(sizes=sizes, previous=current.sizes, pool_costs=costs, urgent=True, **changes)
        signer = KmsSigner(boto3.client("kms"), self.settings.names().plan_signing_key)
        return plan.model_copy(update={"signature": signer.sign(plan.signed_bytes())})

    def groups(self) -> dict[str, GroupSize]:
        """Sizes by pool as the cloud reports them."""
        return compose_groups(self.settings).sizes()

    def set_desired(self, pool: str, nodes: int) -> None:
        """Move a pool's desired size behind the engine's back."""
        name = compose_groups(self.settings).names()[pool]
        cluster = self.settings.names().cluster
        boto3.client("eks").update_nodegroup_config(
            clusterName=cluster, nodegroupName=name, scalingConfig={"desiredSize": nodes}
        )

    def set_minimum(self, pool: str, nodes: int) -> None:
        """Move a pool's minimum, and a desired size below it, behind the engine's back."""
        name, group = compose_groups(self.settings).names()[pool], self.groups()[pool]
        boto3.client("eks").update_nodegroup_config(
            clusterName=self.settings.names().cluster,
            nodegroupName=name,
            scalingConfig={"minSize": nodes, "maxSize": group.maximum, "desiredSize": max(group.desired, nodes)},
        )

    def up(self) -> LayerRun:
        """A person's `quantos up` of the capacity layer."""
        return bring_up(self.settings, self.stacks, "capacity", progress=lambda _name, _done: None)

    def preview(self) -> LayerRun:
        """A person's preview of the capacity stack."""
        return self.stacks.preview(self.stack, progress=lambda _name, _done: None)


def make_small_environment(settings: EnvironmentSettings, *, project_dir: Path, folder: Path) -> SmallEnvironment:
    """Make the foundation by hand and bring the capacity stack up.

    The process's environment must target a sandbox. The real layers are tested elsewhere.
    """
    names = settings.names()
    boto3.client("s3").create_bucket(Bucket=names.bucket("plans"))
    key = boto3.client("kms").create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")["KeyMetadata"]["KeyId"]
    boto3.client("kms").create_alias(AliasName=names.plan_signing_key, TargetKeyId=key)
    for table in (names.coordination_table, names.switch_table):
        boto3.client("dynamodb").create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
    role = boto3.client("iam").create_role(RoleName=f"{names.prefix}-node", AssumeRolePolicyDocument=NODE_ROLE_POLICY)
    subnets = _subnets(settings)
    boto3.client("eks").create_cluster(
        name=names.cluster, roleArn=role["Role"]["Arn"], resourcesVpcConfig={"subnetIds": list(subnets.values())}
    )
    outputs: dict[str, object] = {
        "cluster_name": names.cluster,
        "node_role_arn": role["Role"]["Arn"],
        "private_subnet_ids": subnets,
        "launch_templates": _templates(settings),
    }
    environment = attach(settings, project_dir=project_dir, folder=folder)

    def export() -> None:
        for name, value in outputs.items():
            pulumi.export(name, value)

    stacks = replace(environment.stacks, program=lambda _stack: export(), packs=[])
    stacks.up(names.stack("foundation"), progress=lambda _name, _done: None)
    environment.up()
    return environment


def attach(settings: EnvironmentSettings | None = None, *, project_dir: Path, folder: Path) -> SmallEnvironment:
    """A small environment that was made before, `unhurried` when no settings are given."""
    settings = unhurried() if settings is None else settings
    packs = render_packs(settings, packs_root=PACKS, folder=folder)

    def declare(_stack: str) -> None:
        capacity.standing(settings)

    return SmallEnvironment(settings, LayerStacks(project_dir, dict(os.environ), packs, declare))


def unhurried() -> EnvironmentSettings:
    """`dev` that may be resized at any time."""
    settings = make_settings()
    return make_settings(actuator=settings.actuator.model_dump() | {"min_interval_seconds": 0})


def _subnets(settings: EnvironmentSettings) -> dict[str, str]:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock=str(settings.network.cidr))["Vpc"]["VpcId"]
    return {
        zone.name: ec2.create_subnet(VpcId=vpc, CidrBlock=str(zone.private_cidr), AvailabilityZone=zone.name)["Subnet"][
            "SubnetId"
        ]
        for zone in settings.network.zones
    }


def _templates(settings: EnvironmentSettings) -> dict[str, dict[str, str]]:
    ec2 = boto3.client("ec2")
    made = {
        pool: ec2.create_launch_template(LaunchTemplateName=pool, LaunchTemplateData={"EbsOptimized": True})
        for pool in settings.pools
    }
    return {
        pool: {"id": answer["LaunchTemplate"].get("LaunchTemplateId", ""), "version": "1"}
        for pool, answer in made.items()
    }

"""Node groups in the sandbox, by the real engine: the number that matters most is who owns the desired size."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3
import pulumi
import pulumi_aws as aws
import pytest
from pulumi import automation

if TYPE_CHECKING:
    from mypy_boto3_eks.type_defs import NodegroupScalingConfigTypeDef

pytestmark = pytest.mark.engine

Stacks = Callable[..., automation.Stack]
TRUST = '{"Version": "2012-10-17", "Statement": []}'


def network_and_cluster() -> tuple[list[aws.ec2.Subnet], aws.iam.Role, aws.eks.Cluster]:
    vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", enable_dns_hostnames=True)
    subnets = [
        aws.ec2.Subnet(f"net-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{n}.0/24", availability_zone=f"us-east-1{zone}")
        for n, zone in enumerate("ab")
    ]
    role = aws.iam.Role("nodes", assume_role_policy=TRUST)
    vpc_config = {"subnet_ids": [subnet.id for subnet in subnets], "endpoint_private_access": True}
    return subnets, role, aws.eks.Cluster("main", role_arn=role.arn, vpc_config=vpc_config)


def pool(scaling: dict[str, int], *, instance_type: str = "m6i.large", **options) -> aws.eks.NodeGroup:
    subnets, role, cluster = network_and_cluster()
    group = aws.eks.NodeGroup(
        "pool",
        cluster_name=cluster.name,
        node_role_arn=role.arn,
        subnet_ids=[subnet.id for subnet in subnets],
        instance_types=[instance_type],
        scaling_config=scaling,
        labels={"pool": "cpu"},
        taints=[{"key": "pool", "value": "cpu", "effect": "NO_SCHEDULE"}],
        update_config={"max_unavailable": 1},
        tags={"pool": "cpu"},
        opts=pulumi.ResourceOptions(**options),
    )
    pulumi.export("cluster", cluster.name)
    pulumi.export("group", group.node_group_name)
    pulumi.export("vpc", cluster.vpc_config.vpc_id)
    return group


def actual(stack: automation.Stack) -> "NodegroupScalingConfigTypeDef":
    outputs = stack.outputs()
    answer = boto3.client("eks").describe_nodegroup(
        clusterName=outputs["cluster"].value, nodegroupName=outputs["group"].value
    )
    return answer["nodegroup"]["scalingConfig"]


def set_desired(stack: automation.Stack, desired: int) -> None:
    outputs = stack.outputs()
    boto3.client("eks").update_nodegroup_config(
        clusterName=outputs["cluster"].value,
        nodegroupName=outputs["group"].value,
        scalingConfig={"desiredSize": desired},
    )


def test_an_update_after_refresh_sends_the_size_which_the_autoscaler_chose(stack: Stacks) -> None:
    scaling = {"min_size": 1, "desired_size": 1, "max_size": 8}
    made = stack(lambda: pool(scaling, ignore_changes=["scalingConfig.desiredSize"]) and None)
    made.up()
    set_desired(made, 6)
    assert made.preview(refresh=True).change_summary == {"same": 7}
    scaling["min_size"] = 3
    assert made.up(refresh=True).summary.resource_changes == {"same": 6, "update": 1}
    assert actual(made) == {"minSize": 3, "desiredSize": 6, "maxSize": 8}


def test_without_ignoring_it_the_program_takes_the_desired_size_back(stack: Stacks) -> None:
    scaling = {"min_size": 1, "desired_size": 1, "max_size": 8}
    made = stack(lambda: pool(scaling) and None)
    made.up()
    set_desired(made, 6)
    assert made.preview(refresh=True).change_summary == {"same": 6, "update": 1}
    made.up(refresh=True)
    assert actual(made)["desiredSize"] == 1


def test_sizes_that_eks_refuses_are_refused_and_change_nothing(stack: Stacks) -> None:
    scaling = {"min_size": 1, "desired_size": 1, "max_size": 2}
    made = stack(lambda: pool(scaling) and None)
    made.up()
    for sizes, message in (
        ((4, 3, 8), "InvalidParameterException: Minimum capacity 4 can't be greater than desired size 3"),
        ((1, 9, 8), "InvalidParameterException: desired capacity 9 can't be greater than max size 8"),
        ((0, 0, 0), "expected maxSize to be at least"),
    ):
        scaling.update(zip(scaling, sizes, strict=True))
        with pytest.raises(automation.CommandError, match=message):
            made.up()
    assert actual(made) == {"minSize": 1, "desiredSize": 1, "maxSize": 2}


def test_another_instance_type_replaces_the_group_under_a_new_name(stack: Stacks) -> None:
    kind = ["m6i.large"]
    made = stack(lambda: pool({"min_size": 1, "desired_size": 1, "max_size": 2}, instance_type=kind[0]) and None)
    before = made.up().outputs["group"].value
    kind[0] = "m6i.xlarge"
    result = made.up()
    assert result.summary.resource_changes == {"same": 6, "replace": 1}
    after = result.outputs["group"].value
    assert before != after
    assert after.startswith("pool-")
    assert len(after) == len("pool-") + 7


def test_a_deleted_group_is_gone_after_refresh_and_comes_back(stack: Stacks) -> None:
    made = stack(lambda: pool({"min_size": 1, "desired_size": 1, "max_size": 2}) and None)
    outputs = made.up().outputs
    boto3.client("eks").delete_nodegroup(clusterName=outputs["cluster"].value, nodegroupName=outputs["group"].value)
    assert made.preview(refresh=True).change_summary == {"create": 1, "same": 6}


def test_a_preview_knows_inputs_and_nothing_that_aws_decides(stack: Stacks) -> None:
    seen: dict[str, bool] = {}
    tasks: list[asyncio.Future[None]] = []

    async def known(name: str, output: pulumi.Output[object]) -> None:
        seen[name] = await output.is_known()

    def scheduled() -> None:
        group = pool({"min_size": 1, "desired_size": 1, "max_size": 2})
        outputs = {"arn": group.arn, "version": group.version, "types": group.instance_types, "id": group.id}
        outputs["name"] = group.node_group_name
        for name, output in outputs.items():
            tasks.append(asyncio.ensure_future(known(name, output)))

    stack(scheduled).preview()
    assert seen == {"arn": False, "version": False, "id": False, "types": True, "name": True}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"cidr_blok": "10.0.0.0/16"}, "cidrBlok is not a property.*did you mean cidrBlock", id="unknown"),
        pytest.param({"cidr_block": 7}, "expected a string, got int 7", id="kind"),
        pytest.param({"cidrBlock": "10.0.0.0/16", "tags": {"a": {"b": "c"}}}, "tags.a", id="nested"),
        pytest.param({"instanceTenancyy": "x"}, "did you mean instanceTenancy", id="near"),
    ],
)
def test_check_names_the_property_that_is_wrong(stack: Stacks, arguments: dict, message: str) -> None:
    names = {"cidr_blok": "cidrBlok", "cidr_block": "cidrBlock"}
    properties = {names.get(name, name): value for name, value in arguments.items()}
    made = stack(lambda: pulumi.CustomResource("aws:ec2/vpc:Vpc", "net", properties) and None)
    with pytest.raises(automation.CommandError, match=message):
        made.preview()


@pytest.mark.parametrize(
    ("token", "message"),
    [
        pytest.param("aws:rds/cluster:Cluster", "no row for aws:rds/cluster:Cluster.*rows/rds.py", id="no-row"),
        pytest.param("aws:eks/nodeGrup:NodeGrup", "not a type of the installed SDK", id="no-type"),
    ],
)
def test_an_unknown_type_fails_by_its_name(stack: Stacks, token: str, message: str) -> None:
    made = stack(lambda: pulumi.CustomResource(token, "thing", {}) and None)
    with pytest.raises(automation.CommandError, match=message):
        made.preview()

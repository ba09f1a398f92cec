import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from sandbox.autoscaler import GroupSize, Move, autoscale, desired_nodes
from sandbox.errors import SandboxError


@given(low=st.integers(0, 50), width=st.integers(0, 50), desired=st.integers(0, 99), needed=st.integers(0, 200))
def test_the_wanted_size_is_inside_the_limits_and_as_near_to_the_need_as_they_allow(
    low, width, desired, needed
) -> None:
    wanted = desired_nodes(GroupSize(low, desired, low + width), needed_nodes=needed)
    assert low <= wanted <= low + width
    assert wanted == needed or (needed < low and wanted == low) or (needed > low + width and wanted == low + width)


@pytest.mark.parametrize(("size", "needed"), [(GroupSize(1, 1, 3), -1), (GroupSize(4, 4, 3), 3)])
def test_impossible_sizes_are_refused(size: GroupSize, needed: int) -> None:
    with pytest.raises(SandboxError):
        desired_nodes(size, needed_nodes=needed)


@mock_aws
def test_only_the_desired_size_moves_and_only_where_it_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("eks", region_name="us-east-1")
    role = "arn:aws:iam::123456789012:role/nodes"
    client.create_cluster(name="dev", roleArn=role, resourcesVpcConfig={})
    for name in ("cpu", "gpu"):
        sizes = {"minSize": 1, "desiredSize": 2, "maxSize": 5}
        client.create_nodegroup(
            clusterName="dev", nodegroupName=name, nodeRole=role, subnets=["subnet-1"], scalingConfig=sizes
        )
    assert autoscale(client, "dev", needed_nodes={"cpu": 9, "gpu": 2}) == [Move("dev", "cpu", 2, 5)]
    after = client.describe_nodegroup(clusterName="dev", nodegroupName="cpu")["nodegroup"]["scalingConfig"]
    assert after == {"minSize": 1, "desiredSize": 5, "maxSize": 5}

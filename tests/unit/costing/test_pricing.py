"""What a stack costs a month: each figure against the arithmetic of AWS's price pages."""

import pytest

from quantos.catalog.catalog import load_catalog
from quantos.costing.cost import difference
from quantos.costing.pricing import priced
from quantos.costing.resource import Resource
from quantos.costing.usage import Usage
from tests.support.declared import component, resource

CATALOG = load_catalog()


def cost(*resources: Resource, region: str = "us-east-1", **figures: object):
    return priced(resources, CATALOG, usage=Usage(figures=figures), region=region)


def ceiling(*resources: Resource, **figures: object) -> float:
    found = cost(*resources, **figures)
    assert found.unpriced == ()
    return found.usd_per_month.ceiling


def node_group(name: str = "cpu", *, parent: str = "", **changes: object) -> Resource:
    """A group of 1 to 4 m7i.large of 0.1008 USD/hour with 20 GiB of gp2 each."""
    properties = {"instanceTypes": ["m7i.large"], "scalingConfig": {"minSize": 1, "maxSize": 4}, **changes}
    return resource("aws:eks/nodeGroup:NodeGroup", name, parent=parent, **properties)


def test_a_pool_costs_from_its_least_to_its_most_nodes_with_their_disks() -> None:
    found = cost(node_group())
    one = 730 * 0.1008 + 20 * 0.10
    assert found.usd_per_month.floor == pytest.approx(one)
    assert found.usd_per_month.ceiling == pytest.approx(4 * one)
    assert {line.basis for line in found.lines} == {"floor/ceiling"}


def test_a_pool_of_two_types_is_priced_at_the_dearer_one() -> None:
    dear = cost(node_group(instanceTypes=["m7i.large", "m7i.xlarge"]))
    assert dear.lines[0].usd_per_month == pytest.approx(4 * 730 * 0.2016)


def test_disks_of_nodes_are_those_of_the_launch_template() -> None:
    disk = {"ebs": {"volumeSize": 100, "volumeType": "gp3", "throughput": 250, "encrypted": "true"}}
    template = resource("aws:ec2/launchTemplate:LaunchTemplate", "cpu", blockDeviceMappings=[disk])
    group = node_group(launchTemplate={"id": "lt-1", "version": "1"}, references={"launchTemplate": [template.urn]})
    storage = [line.usd_per_month for line in cost(template, group).lines[1:]]
    assert storage == pytest.approx([4 * 100 * 0.08, 4 * 125 * 0.04])


def test_disks_of_a_launch_template_in_another_stack_are_the_pools_of_the_environment_file() -> None:
    elsewhere = node_group(launchTemplate={"id": "lt-1"}, tags={"pool": "cpu"})
    usage = Usage(figures={}, node_disks_gib={"cpu": 100})
    known = priced([elsewhere], CATALOG, usage=usage, region="us-east-1")
    assert known.lines[1].usd_per_month == pytest.approx(4 * 100 * 0.08)
    (missing,) = cost(elsewhere).unpriced
    assert "no pool of the environment file says which disk its nodes have" in missing.reason


def test_a_component_is_the_outermost_one_and_resources_stand_for_themselves() -> None:
    pool = component("quantos:capacity:NodePool", "cpu")
    inner = component("quantos:inner:Part", "part", parent=pool.urn)
    address = resource("aws:ec2/eip:Eip", "alone")
    found = cost(pool, inner, node_group(parent=inner.urn), address)
    assert list(found.by_component()) == ["NodePool cpu", "Eip alone"]


def test_a_difference_names_what_came_went_rose_and_stayed() -> None:
    before = cost(node_group("cpu"), node_group("gone"), resource("aws:ec2/eip:Eip", "kept"))
    after = cost(
        node_group("cpu", scalingConfig={"minSize": 1, "maxSize": 6}),
        node_group("new"),
        resource("aws:ec2/eip:Eip", "kept"),
    )
    changes = {change.component: change for change in difference(before, after)}
    assert changes["NodeGroup cpu"].rise == pytest.approx(0.5)
    assert changes["NodeGroup gone"].after.ceiling == 0
    assert changes["NodeGroup new"].rise is None
    assert changes["Eip kept"].usd_per_month == 0
    total = after.usd_per_month.ceiling - before.usd_per_month.ceiling
    assert sum(change.usd_per_month for change in changes.values()) == pytest.approx(total)


def test_what_is_priced_by_use_without_an_assumption_says_which_is_missing() -> None:
    found = cost(resource("aws:s3/bucket:Bucket", "lake"), s3_gib={"audit": 5}, s3_million_reads=1)
    assert [problem.reason.partition("usage.")[2].split()[0] for problem in found.unpriced] == [
        "s3_gib",
        "s3_million_writes",
    ]
    assert [line.what for line in found.lines] == ["s3 read requests"]


def test_a_type_that_nobody_priced_or_called_free_is_named() -> None:
    (problem,) = cost(resource("aws:redshift/cluster:Cluster", "dwh")).unpriced
    assert "aws:redshift/cluster:Cluster" in problem.reason
    assert cost(resource("aws:iam/role:Role", "r")).unpriced == ()


def test_a_resource_is_priced_where_it_stands() -> None:
    away = resource("aws:kms/key:Key", "copy", region="us-west-2")
    assert ceiling(away, kms_million_requests=0) == pytest.approx(1.0)
    (first, _) = cost(resource("aws:kms/key:Key", "copy", region="eu-west-9"), kms_million_requests=0).unpriced
    assert "no price is known for kms-key in eu-west-9" in first.reason

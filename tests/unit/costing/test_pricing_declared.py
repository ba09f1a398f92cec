"""What is declared and billed beside what a resource is: capacity, throughput, monitoring, addresses, age."""

from datetime import date

import pytest

from quantos.catalog.catalog import load_catalog
from quantos.costing.cost import StackCost
from quantos.costing.pricing import priced
from quantos.costing.resource import Resource
from quantos.costing.usage import Usage
from tests.support.declared import resource

HOURS = 730
USE = {"rds_backup_gib": 0, "log_gib_per_day": 0.1, "dynamodb_gib": 0, "load_balancer_units": 0, "endpoint_gib": 0}
S3_USE = {"s3_gib": 0, "s3_million_writes": 0, "s3_million_reads": 0, "s3_replicated_gib": 10}
STANDS = date(2026, 11, 30)


def cost(*declared: Resource, on: date | None = STANDS) -> StackCost:
    usage = Usage(figures={**USE, **S3_USE, "api_million_requests": 0})
    return priced(declared, load_catalog(), usage=usage, region="us-east-1", on=on)


def usd(*declared: Resource, on: date | None = STANDS) -> float:
    found = cost(*declared, on=on)
    assert found.unpriced == ()
    return found.usd_per_month.ceiling


def unpriced(*declared: Resource, on: date | None = STANDS) -> str:
    return " ".join(problem.reason for problem in cost(*declared, on=on).unpriced)


def database(**changes: object) -> Resource:
    usual = {"engine": "postgres", "instanceClass": "db.t4g.medium", "allocatedStorage": 600, "storageType": "gp3"}
    return resource("aws:rds/instance:Instance", "ticks", **{**usual, **changes})


PLAIN = usd(database())


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        pytest.param({"iops": 12_000, "storageThroughput": 500}, 0, id="included"),
        pytest.param({"iops": 15_000}, 3_000 * 0.02, id="iops"),
        pytest.param({"storageThroughput": 1_000}, 500 * 0.08, id="throughput"),
        pytest.param({"iops": 15_000, "storageThroughput": 1_000}, 100, id="both"),
        pytest.param({"iops": 15_000, "multiAz": True}, PLAIN + 2 * 60, id="two-zones"),
        pytest.param({"monitoringInterval": 60}, 0.1 * HOURS / 24 * 0.50, id="enhanced-monitoring"),
        pytest.param({"manageMasterUserPassword": True}, 0.40, id="a-secret-of-rds"),
        pytest.param({"publiclyAccessible": True}, HOURS * 0.005, id="public-address"),
    ],
)
def test_a_database_costs_what_it_declares_beyond_what_is_included(changes: dict, more: float) -> None:
    assert usd(database(**changes)) - PLAIN == pytest.approx(more)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        pytest.param({"allocatedStorage": 200, "iops": 12_000}, "iops", id="none-can-be-bought"),
        pytest.param({"allocatedStorage": 399, "iops": 3_001}, "iops", id="a-gib-short"),
        pytest.param({"allocatedStorage": 200, "storageThroughput": 500}, "storageThroughput", id="throughput"),
    ],
)
def test_a_small_volume_cannot_have_more_than_is_included(changes: dict, key: str) -> None:
    assert f"its {key} is" in unpriced(database(**changes))
    assert "from 400 GiB on" in unpriced(database(**changes))


def test_a_small_volume_has_what_is_included_and_at_400_gib_it_is_large() -> None:
    assert usd(database(allocatedStorage=200, iops=3_000, storageThroughput=125)) == usd(database(allocatedStorage=200))
    assert usd(database(allocatedStorage=400, iops=12_000)) == usd(database(allocatedStorage=400))


def test_iops_without_a_kind_of_storage_make_it_io1() -> None:
    provisioned = usd(database(storageType=None, iops=3_000))
    assert provisioned - usd(database(storageType="io1")) == pytest.approx(3_000 * 0.10)


def cluster(version: str | None, **changes: object) -> Resource:
    return resource("aws:eks/cluster:Cluster", "c", version=version, **changes)


@pytest.mark.parametrize(
    ("version", "on", "usd_per_hour"),
    [
        pytest.param("1.34", date(2026, 12, 1), 0.10, id="the-last-day"),
        pytest.param("1.34", date(2026, 12, 2), 0.60, id="the-first-day"),
        pytest.param("1.34", date(2027, 12, 1), 0.60, id="the-last-day-of-all"),
        pytest.param("1.35", date(2026, 12, 2), 0.10, id="a-newer-one"),
        pytest.param(None, date(2030, 1, 1), 0.10, id="the-newest-whatever-it-is"),
    ],
)
def test_an_old_version_of_kubernetes_costs_six_times_as_much(version: str, on: date, usd_per_hour: float) -> None:
    assert usd(cluster(version), on=on) == pytest.approx(HOURS * usd_per_hour)


def test_a_cluster_that_leaves_when_standard_support_ends_costs_no_more() -> None:
    assert usd(cluster("1.34", upgradePolicy={"supportType": "STANDARD"}), on=date(2027, 1, 1)) == pytest.approx(73)


@pytest.mark.parametrize(
    ("version", "on", "words"),
    [
        pytest.param("1.34", date(2027, 12, 2), "which AWS supports no more", id="ended"),
        pytest.param("1.99", STANDS, "until when AWS supports eks 1.99", id="unknown"),
    ],
)
def test_a_version_without_support_is_in_no_sum(version: str, on: date, words: str) -> None:
    assert words in unpriced(cluster(version), on=on)


def test_without_a_day_the_prices_are_of_their_own() -> None:
    stated = load_catalog().stated_on
    assert stated is not None
    assert usd(cluster("1.34"), on=None) == usd(cluster("1.34"), on=stated)


def test_an_old_postgres_is_in_no_sum_once_it_is_billed_by_the_vcpu() -> None:
    assert usd(database(engineVersion="13.20"), on=date(2026, 2, 27)) == PLAIN
    assert "extended support is billed by the vCPU" in unpriced(database(engineVersion="13.20"), on=date(2026, 2, 28))
    left = database(engineVersion="13.20", engineLifecycleSupport="open-source-rds-extended-support-disabled")
    assert usd(left, on=date(2026, 3, 1)) == PLAIN


def test_indexes_of_a_table_have_capacity_of_their_own() -> None:
    index = {"name": "i", "readCapacity": 10, "writeCapacity": 5}
    table = {"billingMode": "PROVISIONED", "readCapacity": 1, "writeCapacity": 1}
    kind = "aws:dynamodb/table:Table"
    more = usd(resource(kind, "t", **table, globalSecondaryIndexes=[index])) - usd(resource(kind, "t", **table))
    assert more == pytest.approx(HOURS * (10 * 0.00013 + 5 * 0.00065))
    bare = resource(kind, "t", **table, globalSecondaryIndexes=[{"name": "i"}])
    assert "its writeCapacity is None" in unpriced(bare)


def nodes(**template: object) -> tuple[Resource, Resource]:
    made = resource("aws:ec2/launchTemplate:LaunchTemplate", "bare", **template)
    group = resource(
        "aws:eks/nodeGroup:NodeGroup",
        "nodes",
        instanceTypes=["m7i.large"],
        scalingConfig={"minSize": 10, "maxSize": 10},
        launchTemplate={"id": "lt-1"},
        references={"launchTemplate": [made.urn]},
    )
    return made, group


DISK = {"ebs": {"volumeSize": 20, "volumeType": "gp2"}}


@pytest.mark.parametrize("disks", [[], [DISK]])
def test_nodes_that_are_watched_every_minute_cost_seven_metrics_each_with_disks_or_without(disks: list) -> None:
    watched = usd(*nodes(monitoring={"enabled": True}, blockDeviceMappings=disks))
    assert watched - usd(*nodes(blockDeviceMappings=disks)) == pytest.approx(10 * 2.10)


@pytest.mark.parametrize("flag", [True, "true"])
def test_public_addresses_of_nodes_are_billed(flag: object) -> None:
    public = usd(*nodes(networkInterfaces=[{"associatePublicIpAddress": flag}]))
    assert public - usd(*nodes()) == pytest.approx(10 * HOURS * 0.005)


def test_an_instance_pays_for_its_monitoring_and_its_address() -> None:
    kind = "aws:ec2/instance:Instance"
    plain = usd(resource(kind, "i", instanceType="m7i.large"))
    assert usd(resource(kind, "i", instanceType="m7i.large", monitoring=True)) - plain == pytest.approx(2.10)
    public = usd(resource(kind, "i", instanceType="m7i.large", associatePublicIpAddress=True))
    assert public - plain == pytest.approx(HOURS * 0.005)


@pytest.mark.parametrize("kind", ["aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer"])
@pytest.mark.parametrize(
    ("properties", "addresses"),
    [
        ({"internal": True, "subnets": ["a", "b"]}, 0),
        ({"subnets": ["a", "b"]}, 2),
        ({"subnetMappings": [{"subnetId": "a"}, {"subnetId": "b", "allocationId": "eip-1"}]}, 1),
    ],
)
def test_a_public_balancer_has_an_address_in_each_zone_by_each_of_its_names(
    kind: str, properties: dict, addresses: int
) -> None:
    assert usd(resource(kind, "front", **properties)) == pytest.approx(HOURS * (0.0225 + addresses * 0.005))


def test_zones_of_an_endpoint_are_counted_once_and_other_kinds_are_not_guessed() -> None:
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    zones = {"subnetIds": ["a", "b"], "subnetConfigurations": [{"subnetId": "b"}, {"subnetId": "c"}]}
    assert usd(resource(kind, "e", vpcEndpointType="Interface", **zones)) == pytest.approx(3 * HOURS * 0.01)
    away = resource(kind, "e", vpcEndpointType="Interface", serviceRegion="eu-west-1", **zones)
    assert "its serviceRegion is 'eu-west-1'" in unpriced(away)
    assert "its vpcEndpointType is 'Resource'" in unpriced(resource(kind, "e", vpcEndpointType="Resource", **zones))


def test_a_replication_inside_a_bucket_is_priced_once() -> None:
    rules = [{"destination": {"bucket": "arn:aws:s3:::copy"}}]
    bucket = resource("aws:s3/bucket:Bucket", "b", bucket="lake", replicationConfiguration={"rules": rules})
    beside = resource("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "r", bucket="lake", rules=rules)
    assert usd(bucket) == usd(bucket, beside) == pytest.approx(10 * 0.02)


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 1, "logGroupClass": "DELIVERY"}),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"metricQueries": [{"expression": "SELECT AVG(x) FROM y"}]}),
        (
            "aws:wafv2/webAcl:WebAcl",
            {"rules": [{"statement": {"managedRuleGroupStatement": {"name": "AWSManagedRulesBotControlRuleSet"}}}]},
        ),
        ("aws:wafv2/webAcl:WebAcl", {"rules": [{"statement": {"managedRuleGroupStatement": {"vendorName": "F5"}}}]}),
        ("aws:wafv2/webAcl:WebAcl", {"rules": [{"action": {"captcha": {}}}]}),
    ],
)
def test_what_is_billed_by_what_nobody_declares_is_in_no_sum(kind: str, properties: dict) -> None:
    assert "cannot be priced" in unpriced(resource(kind, "x", **properties))

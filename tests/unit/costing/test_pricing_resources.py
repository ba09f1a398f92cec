"""Each priced type: its figure by the arithmetic of AWS's price pages, and what it refuses to guess."""

from pathlib import Path

import pytest

from quantos.catalog.catalog import load_catalog
from quantos.costing.cost import StackCost
from quantos.costing.pricing import PRICERS, priced
from quantos.costing.resource import Resource
from quantos.costing.state import resources_in
from quantos.costing.usage import Usage
from tests.support.declared import resource

TESTS = sorted(Path(__file__).parent.glob("test_pricing*.py"))

CATALOG = load_catalog()
HOURS = 730
POLLERS = {"minimumPollers": 1, "maximumPollers": 6}


def cost(*declared: Resource, **figures: object) -> StackCost:
    return priced(declared, CATALOG, usage=Usage(figures=figures), region="us-east-1")


def mapping(name: str, **pollers: object) -> Resource:
    kind = "aws:lambda/eventSourceMapping:EventSourceMapping"
    return resource(kind, name, provisionedPollerConfig={**POLLERS, **pollers})


DATABASE = {
    "engine": "postgres",
    "instanceClass": "db.m7g.large",
    "allocatedStorage": 100,
    "storageType": "gp3",
    "backupRetentionPeriod": 7,
}
BUS = {
    "numberOfBrokerNodes": 3,
    "brokerNodeGroupInfo": {
        "instanceType": "kafka.t3.small",
        "storageInfo": {"ebsStorageInfo": {"volumeSize": 50}},
    },
}
FUNCTION = {"memorySize": 2048, "architectures": ["x86_64"]}
LAMBDA_USE = {"lambda_million_requests": 3, "lambda_gib_seconds": 600_000, "lambda_custom_metrics": 10}


@pytest.mark.parametrize(
    ("kind", "properties", "figures", "usd"),
    [
        ("aws:eks/cluster:Cluster", {}, {}, HOURS * 0.10),
        ("aws:ec2/eip:Eip", {}, {}, HOURS * 0.005),
        ("aws:ec2/natGateway:NatGateway", {}, {"nat_gib": 200}, HOURS * 0.045 + 200 * 0.045),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": "Gateway"}, {}, 0),
        (
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            {"vpcEndpointType": "Interface", "subnetIds": ["a", "b", "c"]},
            {"endpoint_gib": 10},
            3 * HOURS * 0.01 + 10 * 0.01,
        ),
        ("aws:ec2/vpc:Vpc", {}, {"cross_zone_gib": 100, "internet_gib": 10}, 100 * 0.02 + 10 * 0.09),
        ("aws:lb/loadBalancer:LoadBalancer", {}, {"load_balancer_units": 2}, HOURS * (0.0225 + 2 * 0.008)),
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": 100, "iops": 4000}, {}, 100 * 0.08 + 1000 * 0.005),
        ("aws:ec2/instance:Instance", {"instanceType": "m7i.large"}, {}, HOURS * 0.1008 + 8 * 0.10),
        ("aws:msk/cluster:Cluster", BUS, {}, 3 * HOURS * 0.0456 + 150 * 0.10),
        (
            "aws:msk/cluster:Cluster",
            {**BUS, "enhancedMonitoring": "PER_TOPIC_PER_BROKER"},
            {"msk_paid_metrics": 100},
            3 * HOURS * 0.0456 + 150 * 0.10 + 100 * 0.30,
        ),
        ("aws:rds/instance:Instance", DATABASE, {"rds_backup_gib": 0}, HOURS * 0.168 + 100 * 0.115),
        (
            "aws:rds/instance:Instance",
            {**DATABASE, "multiAz": True},
            {"rds_backup_gib": 40},
            2 * (HOURS * 0.168 + 100 * 0.115) + 40 * 0.095,
        ),
        (
            "aws:s3/bucket:Bucket",
            {},
            {"s3_gib": 1000, "s3_million_writes": 1, "s3_million_reads": 10},
            23.0 + 5.0 + 4.0,
        ),
        ("aws:s3/bucketReplicationConfig:BucketReplicationConfig", {}, {"s3_replicated_gib": 50}, 50 * 0.02),
        (
            "aws:dynamodb/table:Table",
            {"billingMode": "PAY_PER_REQUEST", "pointInTimeRecovery": {"enabled": True}},
            {"dynamodb_million_writes": 2, "dynamodb_million_reads": 4, "dynamodb_gib": 10},
            2 * 0.625 + 4 * 0.125 + 10 * (0.25 + 0.20),
        ),
        ("aws:lambda/function:Function", FUNCTION, LAMBDA_USE, 3 * 0.20 + 600_000 * 0.0000166667 + 10 * 0.30),
        (
            "aws:lambda/function:Function",
            {**FUNCTION, "architectures": ["arm64"], "tracingConfig": {"mode": "Active"}},
            LAMBDA_USE,
            3 * (0.20 + 5.0) + 600_000 * 0.0000133334 + 10 * 0.30,
        ),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            {"retentionInDays": 30},
            {"log_gib_per_day": 2},
            2 * HOURS / 24 * 0.50 + 60 * 0.03,
        ),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"period": 300}, {}, 0.10),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"period": 10}, {}, 0.30),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {"metricQueries": [{"metric": {"period": 60}}, {"metric": {"period": 60}}, {"expression": "a/b"}]},
            {},
            0.20,
        ),
        ("aws:kms/key:Key", {}, {"kms_million_requests": 2}, 1.0 + 2 * 3.0),
        ("aws:secretsmanager/secret:Secret", {"replicas": [{}]}, {"secret_million_reads": 1}, 2 * 0.40 + 5.0),
        ("aws:sqs/queue:Queue", {}, {"sqs_million_requests": 10}, 4.0),
        ("aws:sns/topic:Topic", {}, {"sns_million_notifications": 1}, 0.5),
        ("aws:apigatewayv2/api:Api", {"protocolType": "HTTP"}, {"api_million_requests": 5}, 5.0),
        ("aws:glue/crawler:Crawler", {}, {"glue_dpu_hours": 10}, 4.4),
        ("aws:athena/workgroup:Workgroup", {}, {"athena_tib_scanned": 2}, 10.0),
        ("aws:ecr/repository:Repository", {}, {"ecr_gib": 20}, 2.0),
        ("aws:glue/job:Job", {}, {"glue_dpu_hours": 10}, 4.4),
        ("aws:scheduler/schedule:Schedule", {}, {}, HOURS * 60 / 1e6 * 1.0),
        ("aws:route53/zone:Zone", {}, {}, 0.50),
        ("aws:cloudwatch/compositeAlarm:CompositeAlarm", {}, {}, 0.50),
        ("aws:cloudwatch/dashboard:Dashboard", {}, {}, 3.0),
        ("aws:cloudwatch/logMetricFilter:LogMetricFilter", {}, {}, 0.30),
        ("aws:kms/replicaKey:ReplicaKey", {}, {"kms_million_requests": 0}, 1.0),
    ],
)
def test_a_type_costs_what_aws_bills(kind: str, properties: dict, figures: dict, usd: float) -> None:
    found = cost(resource(kind, "x", **properties), **figures)
    assert found.unpriced == ()
    assert found.usd_per_month.ceiling == pytest.approx(usd)
    unstated = cost(resource(kind, "x", **properties))
    assert len(unstated.unpriced) >= bool(figures)


@pytest.mark.parametrize(
    ("kind", "properties", "key"),
    [
        ("aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": "Interface", "subnetIds": []}, "subnetIds"),
        ("aws:rds/instance:Instance", {**DATABASE, "engine": "oracle-ee"}, "engine"),
        ("aws:msk/cluster:Cluster", {**BUS, "storageMode": "TIERED"}, "storageMode"),
        ("aws:dynamodb/table:Table", {"replicas": [{"regionName": "us-west-2"}]}, "replicas"),
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 0}, "retentionInDays"),
        ("aws:eks/cluster:Cluster", {"computeConfig": {"enabled": True}}, "computeConfig"),
        ("aws:apigatewayv2/api:Api", {"protocolType": "WEBSOCKET"}, "protocolType"),
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": "ten"}, "size"),
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": -1}, "size"),
    ],
)
def test_what_is_billed_in_a_way_nobody_priced_is_refused(kind: str, properties: dict, key: str) -> None:
    assert any(f"its {key} is" in problem.reason for problem in cost(resource(kind, "x", **properties)).unpriced)


def test_storage_that_grows_by_itself_is_priced_up_to_its_most() -> None:
    growing = cost(resource("aws:rds/instance:Instance", "db", **DATABASE, maxAllocatedStorage=400), rds_backup_gib=0)
    money = growing.usd_per_month
    assert money.ceiling - money.floor == pytest.approx(300 * 0.115)


def test_pollers_are_billed_in_units_of_ten_which_a_group_shares() -> None:
    assert cost(mapping("a"), mapping("b")).usd_per_month.ceiling == pytest.approx(2 * HOURS * 0.185)
    grouped = [mapping(name, pollerGroupName="g") for name in ("a", "b")]
    money = cost(*grouped).usd_per_month
    assert (money.ceiling, money.floor) == pytest.approx((2 * HOURS * 0.185, HOURS * 0.185))
    uneven = cost(mapping("a", pollerGroupName="g"), mapping("b", pollerGroupName="g", maximumPollers=1))
    assert all(line.usd_per_month_floor <= line.usd_per_month for line in uneven.lines)
    assert uneven.usd_per_month.ceiling == pytest.approx(HOURS * 0.185)
    on_demand = resource("aws:lambda/eventSourceMapping:EventSourceMapping", "m")
    assert cost(on_demand) == StackCost(lines=(), unpriced=())


def test_warm_instances_cost_by_the_memory_of_their_function() -> None:
    function = resource("aws:lambda/function:Function", "f", **FUNCTION)
    warm = resource(
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        "f",
        provisionedConcurrentExecutions=2,
        references={"functionName": [function.urn]},
    )
    line = cost(function, warm, **LAMBDA_USE).lines[-1]
    assert line.usd_per_month == pytest.approx(2 * 2 * HOURS * 3600 * 0.0000041667)


def claim(namespace: str = "data", storage: str = "100Gi", storage_class: str = "gp3") -> Resource:
    spec = {"storageClassName": storage_class, "resources": {"requests": {"storage": storage}}}
    kind = "kubernetes:core/v1:PersistentVolumeClaim"
    return resource(kind, "claim", metadata={"namespace": namespace}, spec=spec)


def quota(namespace: str, **hard: str) -> Resource:
    bounds = {key.replace("_", "."): value for key, value in hard.items()}
    metadata = {"namespace": namespace}
    return resource("kubernetes:core/v1:ResourceQuota", f"{namespace}-quota", metadata=metadata, spec={"hard": bounds})


@pytest.mark.parametrize(("storage", "gib"), [("100Gi", 100), ("1Ti", 1024), ("512Mi", 0.5), ("1073741824", 1)])
def test_a_claim_costs_its_volume(storage: str, gib: float) -> None:
    assert cost(claim(storage=storage)).usd_per_month.ceiling == pytest.approx(gib * 0.08)


def test_a_claim_of_a_class_or_size_that_nobody_knows_is_refused() -> None:
    assert "storage class fast" in cost(claim(storage_class="fast")).unpriced[0].reason
    assert "is '1 bag'" in cost(claim(storage="1 bag")).unpriced[0].reason
    fast = resource(
        "kubernetes:storage.k8s.io/v1:StorageClass", "fast", metadata={"name": "fast"}, parameters={"type": "gp2"}
    )
    assert cost(fast, claim(storage_class="fast")).usd_per_month.ceiling == pytest.approx(10.0)


def test_replicas_of_a_stateful_set_have_a_volume_each() -> None:
    template = {"spec": {"storageClassName": "gp3", "resources": {"requests": {"storage": "10Gi"}}}}
    made = resource("kubernetes:apps/v1:StatefulSet", "s", spec={"replicas": 3, "volumeClaimTemplates": [template]})
    assert cost(made).usd_per_month.ceiling == pytest.approx(3 * 10 * 0.08)


def test_a_quota_bounds_what_charts_and_claims_of_its_namespace_may_cost() -> None:
    bounded = cost(quota("data", requests_storage="500Gi"), claim("data"), claim("elsewhere"))
    money = bounded.usd_per_month
    assert (money.ceiling, money.floor) == pytest.approx((500 * 0.08 + 100 * 0.08, 100 * 0.08))


def test_services_ask_for_load_balancers_and_quotas_bound_them() -> None:
    service = resource("kubernetes:core/v1:Service", "s", metadata={"namespace": "n"}, spec={"type": "LoadBalancer"})
    one = HOURS * (0.0225 + 0.006)
    assert cost(service, load_balancer_units=1).usd_per_month.ceiling == pytest.approx(one)
    held = cost(quota("n", services_loadbalancers="2"), service, load_balancer_units=1)
    assert held.usd_per_month.ceiling == pytest.approx(2 * one)
    inside = resource("kubernetes:core/v1:Service", "s", spec={"type": "ClusterIP"})
    assert cost(inside) == StackCost(lines=(), unpriced=())


def ingress(name: str, **annotations: str) -> Resource:
    kind = "kubernetes:networking.k8s.io/v1:Ingress"
    return resource(kind, name, metadata={"namespace": "n", "annotations": annotations})


def test_ingresses_of_one_group_share_a_load_balancer() -> None:
    one = HOURS * (0.0225 + 0.008)
    group = {"alb.ingress.kubernetes.io/group.name": "internal"}
    shared = cost(ingress("a", **group), ingress("b", **group), load_balancer_units=1)
    assert shared.usd_per_month.ceiling == pytest.approx(one)
    assert cost(ingress("a"), ingress("b"), load_balancer_units=1).usd_per_month.ceiling == pytest.approx(2 * one)


def test_a_state_is_read_with_its_components_and_references() -> None:
    urn = "urn:pulumi:dev-x::quantos::quantos:a:B$aws:ec2/eip:Eip::out"
    component = "urn:pulumi:dev-x::quantos::quantos:a:B::b"
    record = {
        "urn": urn,
        "type": "aws:ec2/eip:Eip",
        "parent": component,
        "inputs": {"domain": "vpc"},
        "outputs": {"domain": "vpc", "id": "eip-1"},
        "propertyDependencies": {"instance": [component]},
    }
    gone = {**record, "urn": f"{urn}2", "delete": True}
    deployment = {"resources": [{"urn": component, "type": "quantos:a:B"}, record, gone]}
    parent, address = resources_in(deployment)
    assert (parent.name, address.name, address.parent) == ("b", "out", component)
    assert address.properties == {"domain": "vpc", "id": "eip-1"}
    assert address.references == {"instance": (component,)}
    assert list(cost(*resources_in(deployment)).by_component()) == ["B b"]


def test_every_pricer_is_tried() -> None:
    tried = "".join(path.read_text(encoding="utf-8") for path in TESTS)
    assert [kind for kind in PRICERS if f'"{kind}"' not in tried] == [], "give each a figure in the table here"


def test_every_priced_type_is_a_token_of_a_provider() -> None:
    assert all(kind.split(":")[0] in {"aws", "kubernetes"} and len(kind.split(":")) == 3 for kind in PRICERS)

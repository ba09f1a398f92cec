"""Foundation and control by the real engine, in a sandbox of their own."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import pytest

from quantos.contracts import topics
from quantos.contracts.plan import DecisionRequest
from quantos.environment.functions import HTTP_ROUTES, function_table, topic_partitions
from quantos.observability.metric_names import (
    DEAD_LETTER_SHARE,
    DEAD_LETTERS,
    METRICS,
    OLDEST_SAMPLE_AGE,
    PLANS_NOT_APPLIED,
    SERVICE,
    TOPIC,
)
from stacks.control_alarms import WATCHED_OUTCOMES
from tests.support.layer_stacks import PROGRAMS, Layers, fresh_account, make_layers, only_same

pytestmark = pytest.mark.engine

REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
CRONS = {"forecast": "cron(0/5 * * * ? *)", "learn": "cron(30 0 * * ? *)", "anchor": "cron(0 * * * ? *)"}


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layers]:
    """`dev`, up."""
    layers = make_layers("dev")
    with fresh_account(tmp_path_factory.mktemp("dev")):
        for layer in PROGRAMS:
            layers.stack(layer).up()
        yield layers


@pytest.mark.parametrize("layer", PROGRAMS)
def test_a_second_up_changes_nothing_even_after_a_refresh(dev: Layers, layer: str) -> None:
    assert only_same(dev.stack(layer).up(refresh=True).summary.resource_changes)


@pytest.mark.parametrize("purpose", ["plans", "lake", "artifacts", "audit"])
def test_buckets_are_private_versioned_and_encrypted_with_the_data_key(dev: Layers, purpose: str) -> None:
    s3 = boto3.client("s3")
    outputs = dev.outputs("foundation")
    bucket = outputs[f"{purpose}_bucket"]
    assert bucket == dev.settings.names().bucket(purpose)
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == outputs["data_key_arn"]
    policies = {given["bucket"]: given["policy"] for given in dev.inputs("foundation", POLICY)}
    statement, *writers = json.loads(policies[bucket])["Statement"]
    others = {
        "lake": ["BillingExportsWrite"],
        "audit": ["WrittenByOneRole"],
        "artifacts": ["WrittenByOneRole"],
    }.get(purpose, [])
    assert [writer["Sid"] for writer in writers] == others
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_audit_bucket_alone_is_locked_for_as_long_as_the_environment_says(dev: Layers) -> None:
    s3 = boto3.client("s3")
    lock = s3.get_object_lock_configuration(Bucket=dev.settings.names().bucket("audit"))["ObjectLockConfiguration"]
    wanted = {"Mode": dev.settings.audit.lock_mode, "Days": dev.settings.audit.retention_days}
    assert lock["Rule"]["DefaultRetention"].items() >= wanted.items()
    assert len(dev.inputs("foundation", "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")) == 1


def test_plans_can_be_signed_and_checked_but_not_decrypted_with_their_key(dev: Layers) -> None:
    kms = boto3.client("kms")
    key = kms.describe_key(KeyId=dev.settings.names().plan_signing_key)["KeyMetadata"]
    assert (key["Arn"], key["KeySpec"]) == (dev.outputs("foundation")["plan_signing_key_arn"], "HMAC_256")
    mac = kms.generate_mac(KeyId=key["KeyId"], Message=b"plan", MacAlgorithm="HMAC_SHA_256")["Mac"]
    assert kms.verify_mac(KeyId=key["KeyId"], Message=b"plan", MacAlgorithm="HMAC_SHA_256", Mac=mac)["MacValid"]


def test_the_network_has_a_private_and_a_public_subnet_in_each_of_three_zones(dev: Layers) -> None:
    ec2 = boto3.client("ec2")
    vpc = dev.outputs("foundation")["vpc_id"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    private = dev.outputs("foundation")["private_subnet_ids"]
    assert sorted(private) == [zone.name for zone in dev.settings.network.zones]
    assert {subnet["SubnetId"] for subnet in subnets} > set(private.values())
    assert len(subnets) == 6
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets)


def test_one_nat_gateway_where_the_environment_does_not_ask_for_one_a_zone(dev: Layers) -> None:
    assert not dev.settings.network.nat_per_zone
    assert len(dev.inputs("foundation", "aws:ec2/natGateway:NatGateway")) == 1


def test_system_nodes_have_one_size_and_keep_their_credentials_from_pods(dev: Layers) -> None:
    group = boto3.client("eks").describe_nodegroup(clusterName="quantos-dev", nodegroupName="quantos-dev-system")
    nodes = dev.settings.cluster.system_nodes.nodes
    assert group["nodegroup"]["scalingConfig"] == {"minSize": nodes, "maxSize": nodes, "desiredSize": nodes}
    assert group["nodegroup"]["tags"]["pool"] == "system"


def test_every_pool_and_the_system_nodes_start_from_a_template_that_guards_credentials_and_disks(dev: Layers) -> None:
    templates = dev.inputs("foundation", "aws:ec2/launchTemplate:LaunchTemplate")
    assert {template["tags"]["pool"] for template in templates} == {"system", *dev.settings.pools}
    assert set(dev.outputs("foundation")["launch_templates"]) == set(dev.settings.pools)
    for template in templates:
        assert template["metadataOptions"] == {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        }
        (disk,) = template["blockDeviceMappings"]
        assert disk["ebs"]["encrypted"] == "true"
        assert disk["ebs"]["kmsKeyId"] == dev.outputs("foundation")["data_key_arn"]


def test_the_cluster_is_reached_by_api_entries_only_and_encrypts_its_secrets(dev: Layers) -> None:
    cluster = boto3.client("eks").describe_cluster(name=dev.outputs("foundation")["cluster_name"])["cluster"]
    assert cluster["resourcesVpcConfig"]["endpointPrivateAccess"]
    assert cluster["encryptionConfig"][0]["provider"]["keyArn"] == dev.outputs("foundation")["data_key_arn"]
    (inputs,) = dev.inputs("foundation", "aws:eks/cluster:Cluster")
    assert inputs["accessConfig"]["authenticationMode"] == "API"
    entries = dev.inputs("foundation", "aws:eks/accessEntry:AccessEntry")
    assert [entry["principalArn"] for entry in entries] == list(dev.settings.cluster.admins)


def test_every_add_on_is_managed_and_pinned_and_network_policies_are_enforced(dev: Layers) -> None:
    addons = {one["addonName"]: one for one in dev.inputs("foundation", "aws:eks/addon:Addon")}
    assert {name: one["addonVersion"] for name, one in addons.items()} == dev.settings.cluster.addons
    assert json.loads(addons["vpc-cni"]["configurationValues"])["enableNetworkPolicy"] == "true"
    (cluster,) = dev.inputs("foundation", "aws:eks/cluster:Cluster")
    assert cluster["bootstrapSelfManagedAddons"] is False


def test_the_bus_takes_iam_over_tls_only_and_has_every_topic(dev: Layers) -> None:
    (bus,) = dev.inputs("foundation", "aws:msk/cluster:Cluster")
    assert bus["clientAuthentication"] == {"sasl": {"iam": True}, "unauthenticated": False}
    assert bus["encryptionInfo"]["encryptionInTransit"] == {"clientBroker": "TLS", "inCluster": True}
    declared = dev.inputs("foundation", "aws:msk/topic:Topic")
    assert {topic["name"]: topic["partitionCount"] for topic in declared} == topic_partitions()


def test_aws_is_reached_from_the_private_subnets_by_endpoints_alone_where_pods_and_functions_call_it(
    dev: Layers,
) -> None:
    endpoints = dev.inputs("foundation", "aws:ec2/vpcEndpoint:VpcEndpoint")
    prefix = f"com.amazonaws.{dev.settings.region}."
    by_kind = {
        kind: {one["serviceName"].removeprefix(prefix): one for one in endpoints if one["vpcEndpointType"] == kind}
        for kind in ("Gateway", "Interface")
    }
    assert set(by_kind["Gateway"]) == {"s3", "dynamodb"}
    assert set(by_kind["Interface"]) == set(dev.settings.network.endpoint_services)
    assert by_kind["Interface"]["s3"]["dnsOptions"]["privateDnsOnlyForInboundResolverEndpoint"] is False


def test_every_image_of_the_project_has_a_repository(dev: Layers) -> None:
    names = dev.settings.names()
    repositories = {one["name"] for one in dev.inputs("foundation", "aws:ecr/repository:Repository")}
    assert repositories == {names.repository(name) for name in ("functions", *dev.settings.platform.images)}
    image = names.image("registry-api", dev.settings.platform.images["registry-api"])
    assert image.startswith(dev.outputs("foundation")["repository_urls"]["registry-api"])


def test_the_database_is_private_encrypted_and_takes_tls_only(dev: Layers) -> None:
    outputs = dev.outputs("foundation")
    (found,) = boto3.client("rds").describe_db_instances()["DBInstances"]
    assert (found["PubliclyAccessible"], found["StorageEncrypted"]) == (False, True)
    assert found["KmsKeyId"] == outputs["data_key_arn"]
    assert found["MasterUserSecret"]["SecretArn"] == outputs["database_master_secret_arn"]
    assert (found["Endpoint"]["Address"], outputs["database_port"]) == (outputs["database_endpoint"], 5432)
    (parameters,) = dev.inputs("foundation", "aws:rds/parameterGroup:ParameterGroup")
    assert {"name": "rds.force_ssl", "value": "1"} in parameters["parameters"]
    rules = dev.inputs("foundation", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    callers = {rule["referencedSecurityGroupId"] for rule in rules if rule["fromPort"] == outputs["database_port"]}
    assert callers == {outputs["cluster_security_group_id"], outputs["function_security_group_id"]}


def test_every_function_runs_one_image_by_digest_in_the_private_subnets(dev: Layers) -> None:
    outputs = dev.outputs("foundation")
    for spec in function_table(dev.settings):
        found = boto3.client("lambda").get_function(FunctionName=dev.settings.names().function(spec.name))
        made = found["Configuration"]
        image = f"{outputs['repository_url']}@{dev.settings.functions.image_digest}"
        assert found["Code"]["ImageUri"] == image
        assert made["ImageConfigResponse"]["ImageConfig"]["Command"] == [f"{spec.module}.handler"]
        assert made["Timeout"] == spec.timeout_seconds <= 840
        assert set(made["VpcConfig"]["SubnetIds"]) == set(outputs["private_subnet_ids"].values())
        assert made["Environment"]["Variables"]["QUANTOS_ENVIRONMENT"] == "dev"
        assert made["Environment"]["Variables"]["QUANTOS_BUS"].startswith("kafka+iam://")


def test_every_stream_has_finite_retries_and_a_failure_destination(dev: Layers) -> None:
    declared = dev.inputs("control", "aws:lambda/eventSourceMapping:EventSourceMapping")
    by_topic = {mapping["topics"][0]: mapping for mapping in declared}
    streams = {stream.topic: stream for spec in function_table(dev.settings) for stream in spec.streams}
    assert set(by_topic) == set(streams)
    for topic, stream in streams.items():
        assert by_topic[topic]["maximumRetryAttempts"] == stream.retries >= 0
        destination = by_topic[topic]["destinationConfig"]["onFailure"]["destinationArn"]
        assert destination == f"kafka://{stream.failure_topic}"
    assert by_topic[topics.CAPACITY_PLANS]["batchSize"] == by_topic[topics.CAPACITY_LEARNING]["batchSize"] == 1
    alias = by_topic[topics.CAPACITY_PLANS]["functionName"]
    assert alias == dev.outputs("control")["functions"]["resize"]
    assert alias.endswith(f":function:{dev.settings.names().function('resize')}:live")


@pytest.mark.parametrize(("function", "expression"), CRONS.items())
def test_a_decision_is_asked_for_at_the_end_of_every_bin_learning_once_a_day_and_an_anchor_every_hour(
    dev: Layers, function: str, expression: str
) -> None:
    name = dev.settings.names().function(function)
    (schedule,) = (
        one for one in dev.inputs("control", "aws:scheduler/schedule:Schedule") if one["name"] == f"{name}-dev-capacity"
    )
    assert schedule["scheduleExpression"] == expression
    now = datetime(2026, 11, 20, 14, 35, tzinfo=UTC)
    payload = schedule["target"]["input"].replace("<aws.scheduler.scheduled-time>", now.isoformat())
    assert DecisionRequest.model_validate_json(payload).stack == "dev-capacity"
    lost = schedule["target"]["deadLetterConfig"]["arn"]
    assert lost.rpartition(":")[2] in {queue["name"] for queue in dev.inputs("control", "aws:sqs/queue:Queue")}
    assert schedule["target"]["arn"] == dev.outputs("control")["functions"][function]
    (asynchronous,) = (
        one
        for one in dev.inputs("control", "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
        if one["functionName"] == name
    )
    assert asynchronous["qualifier"] == "live"
    assert asynchronous["maximumEventAgeInSeconds"] <= 21_600


def test_every_function_is_called_by_its_published_version_and_keeps_lost_calls_encrypted(dev: Layers) -> None:
    queues = {queue["name"]: queue for queue in dev.inputs("control", "aws:sqs/queue:Queue")}
    declared = {function["name"]: function for function in dev.inputs("control", "aws:lambda/function:Function")}
    for spec in function_table(dev.settings):
        name = dev.settings.names().function(spec.name)
        alias = boto3.client("lambda").get_alias(FunctionName=name, Name="live")
        assert alias["FunctionVersion"].isdigit()
        lost = declared[name]["deadLetterConfig"]["targetArn"].rpartition(":")[2]
        assert queues[lost]["kmsMasterKeyId"] == dev.outputs("foundation")["data_key_arn"]


def test_every_function_and_every_queue_has_an_alarm_that_tells_somebody(dev: Layers) -> None:
    alarms = boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
    topic = dev.outputs("control")["alarm_topic_arn"]
    assert all(alarm["AlarmActions"] == [topic] for alarm in alarms)
    watched = {(alarm["MetricName"], *(d["Value"] for d in alarm["Dimensions"])) for alarm in alarms}
    for spec in function_table(dev.settings):
        name = dev.settings.names().function(spec.name)
        assert {("Errors", name), ("Throttles", name)} <= watched
    for queue in dev.inputs("control", "aws:sqs/queue:Queue"):
        assert ("ApproximateNumberOfMessagesVisible", queue["name"]) in watched
    assert (PLANS_NOT_APPLIED.name, "resize") in watched
    (api,) = boto3.client("apigatewayv2").get_apis()["Items"]
    assert {("5xx", api["ApiId"]), ("Latency", api["ApiId"])} <= watched
    silent = next(alarm for alarm in alarms if alarm["AlarmName"] == "quantos-dev-resize-silent")
    assert (silent["TreatMissingData"], silent["ComparisonOperator"]) == ("breaching", "LessThanThreshold")


def test_an_alarm_on_what_functions_count_is_on_a_metric_that_is_listed(dev: Layers) -> None:
    declared, prefix = dev.inputs("control", "aws:cloudwatch/metricAlarm:MetricAlarm"), dev.settings.names().prefix
    alarms = [one for one in declared if one["namespace"] == prefix]
    listed = {(metric.name, frozenset({SERVICE, *metric.dimensions})) for metric in METRICS}
    assert {(one["metricName"], frozenset(one["dimensions"])) for one in alarms} <= listed
    for metric in (DEAD_LETTERS, DEAD_LETTER_SHARE):
        watched = {one["dimensions"][TOPIC] for one in alarms if one["metricName"] == metric.name}
        assert watched == {*topics.TELEMETRY, topics.AUDIT_RECORDS, topics.ORCH_JOBS, topics.ORCH_EVENTS}
    assert {one["metricName"] for one in alarms} >= {each.metric for each in WATCHED_OUTCOMES}
    silent = next(one for one in alarms if one["name"] == f"{dev.settings.names().function('forecast')}-silent")
    assert (silent["treatMissingData"], silent["metricName"]) == ("breaching", OLDEST_SAMPLE_AGE.name)


def test_every_consumer_group_has_an_alarm_on_its_lag(dev: Layers) -> None:
    mappings = dev.inputs("control", "aws:lambda/eventSourceMapping:EventSourceMapping")
    reading = {(one["amazonManagedKafkaEventSourceConfig"]["consumerGroupId"], *one["topics"]) for one in mappings}
    alarms = dev.inputs("control", "aws:cloudwatch/metricAlarm:MetricAlarm")
    lags = [one for one in alarms if one["metricName"] == "EstimatedMaxTimeLag"]
    assert {(one["dimensions"]["Consumer Group"], one["dimensions"]["Topic"]) for one in lags} == reading
    (bus,) = dev.inputs("foundation", "aws:msk/cluster:Cluster")
    assert {one["dimensions"]["Cluster Name"] for one in lags} == {bus["clusterName"]}


def test_no_route_of_the_api_is_open_and_each_leads_to_a_live_function(dev: Layers) -> None:
    api = boto3.client("apigatewayv2")
    (found,) = api.get_apis()["Items"]
    settings = dev.settings.api
    (declared_id,) = {route["authorizerId"] for route in dev.inputs("control", "aws:apigatewayv2/route:Route")}
    authorizer = api.get_authorizer(ApiId=found["ApiId"], AuthorizerId=declared_id)
    assert authorizer["JwtConfiguration"] == {"Audience": list(settings.audiences), "Issuer": settings.issuer}
    targets = {
        f"integrations/{one['IntegrationId']}": one["IntegrationUri"]
        for one in api.get_integrations(ApiId=found["ApiId"])["Items"]
    }
    routes = {route["RouteKey"]: route for route in api.get_routes(ApiId=found["ApiId"])["Items"]}
    assert set(routes) == {route.key for route in HTTP_ROUTES}
    for declared in HTTP_ROUTES:
        route = routes[declared.key]
        assert (route["AuthorizationType"], route["AuthorizerId"]) == ("JWT", authorizer["AuthorizerId"])
        assert route.get("AuthorizationScopes", []) == ([declared.scope] if declared.scope else [])
        assert f"{dev.outputs('control')['functions'][declared.function]}/" in targets[route["Target"]]


def test_requests_are_throttled_and_logged_encrypted(dev: Layers) -> None:
    (stage,) = dev.inputs("control", "aws:apigatewayv2/stage:Stage")
    settings = dev.settings.api
    assert stage["defaultRouteSettings"]["throttlingBurstLimit"] == settings.burst_requests
    assert stage["defaultRouteSettings"]["throttlingRateLimit"] == settings.requests_per_second
    logged = {log["name"]: log for log in dev.inputs("control", "aws:cloudwatch/logGroup:LogGroup")}
    log = logged[stage["accessLogSettings"]["destinationArn"].rpartition(":")[2]]
    assert log["kmsKeyId"] == dev.outputs("foundation")["data_key_arn"]
    assert log["retentionInDays"] == dev.settings.functions.log_retention_days
    permissions = dev.inputs("control", "aws:lambda/permission:Permission")
    assert {(one["principal"], one["qualifier"]) for one in permissions} == {("apigateway.amazonaws.com", "live")}


def test_the_month_has_a_budget_and_unusual_cost_is_told_of(dev: Layers) -> None:
    topic = dev.outputs("control")["alarm_topic_arn"]
    (budget,) = dev.inputs("control", "aws:budgets/budget:Budget")
    assert float(budget["limitAmount"]) == dev.settings.limits.budget_usd_per_month
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:environment$dev"]}]
    told = {(one["notificationType"], one["threshold"]) for one in budget["notifications"]}
    assert told == {("ACTUAL", 80), ("FORECASTED", 100)}
    (subscription,) = dev.inputs("control", "aws:costexplorer/anomalySubscription:AnomalySubscription")
    assert subscription["subscribers"] == [{"type": "SNS", "address": topic}]
    (policy,) = dev.inputs("control", "aws:sns/topicPolicy:TopicPolicy")
    (publish,) = json.loads(policy["policy"])["Statement"]
    assert {"budgets.amazonaws.com", "costalerts.amazonaws.com"} < set(publish["Principal"]["Service"])


def test_the_bill_is_exported_under_a_prefix_of_the_lake_and_can_be_queried_there_encrypted(dev: Layers) -> None:
    (export,) = dev.inputs("control", "aws:bcmdata/export:Export")
    (destination,) = export["export"]["destinationConfigurations"][0]["s3Destinations"]
    lake, prefix = dev.outputs("foundation")["lake_bucket"], dev.settings.names().billing_prefix
    assert (destination["s3Bucket"], destination["s3Prefix"]) == (lake, prefix)
    glue = boto3.client("glue")
    (table,) = glue.get_tables(DatabaseName="quantos_dev_billing")["TableList"]
    assert table["StorageDescriptor"]["Location"] == f"s3://{lake}/{prefix}/{export['export']['name']}/data"
    months = f"{table['StorageDescriptor']['Location']}/BILLING_PERIOD=${{billing_period}}"
    assert table["Parameters"]["storage.location.template"] == months
    (query,) = export["export"]["dataQueries"]
    columns = ", ".join(column["Name"] for column in table["StorageDescriptor"]["Columns"])
    assert query["queryStatement"] == f"SELECT {columns} FROM COST_AND_USAGE_REPORT"
    (workgroup,) = dev.inputs("control", "aws:athena/workgroup:Workgroup")
    assert workgroup["configuration"]["enforceWorkgroupConfiguration"]
    result = workgroup["configuration"]["resultConfiguration"]
    assert result["encryptionConfiguration"]["kmsKeyArn"] == dev.outputs("foundation")["data_key_arn"]


@pytest.mark.parametrize("table", ["coordination", "demand", "audit"])
def test_tables_are_billed_by_request_and_have_the_keys_that_their_adapters_use(dev: Layers, table: str) -> None:
    layer = "foundation" if table == "coordination" else "control"
    name = dev.outputs(layer)[f"{table}_table"]
    assert name == getattr(dev.settings.names(), f"{table}_table")
    found = boto3.client("dynamodb").describe_table(TableName=name)["Table"]
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    backups = boto3.client("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert [key["AttributeName"] for key in found["KeySchema"]] == ["pk", "sk"]


def test_destroying_the_layers_leaves_nothing(dev: Layers) -> None:
    for layer in reversed(PROGRAMS):
        dev.stack(layer).destroy()
        deployment = dev.stack(layer).export_stack().deployment
        assert deployment is not None
        assert deployment.get("resources", []) == []
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert boto3.client("lambda").list_functions()["Functions"] == []
    assert boto3.client("apigatewayv2").get_apis()["Items"] == []

"""What the control layer adds to the program of every resource type: cost, the API and the billing lake."""

import json
from typing import Protocol, TypeVar

import pulumi
import pulumi_aws as aws

T = TypeVar("T")


class Turn(Protocol):
    """Which of its two states the program describes."""

    def of(self, first: T, second: T) -> T: ...


def cost(turn: Turn, topic: aws.sns.Topic) -> None:
    aws.budgets.Budget(
        "month",
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=turn.of("100.00", "200.00"),
        limit_unit="USD",
        cost_filters=[{"name": "TagKeyValue", "values": ["user:environment$dev"]}],
        cost_types={"include_credit": turn.of(False, True)},
        notifications=[
            {
                "notification_type": "ACTUAL",
                "comparison_operator": "GREATER_THAN",
                "threshold": turn.of(80, 90),
                "threshold_type": "PERCENTAGE",
                "subscriber_sns_topic_arns": [topic.arn],
            }
        ],
        tags={"a": turn.of("1", "2")},
    )
    watched = {"Tags": {"Key": "environment", "Values": ["dev"]}}
    monitor = aws.costexplorer.AnomalyMonitor(
        "month", name=turn.of("one", "two"), monitor_type="CUSTOM", monitor_specification=json.dumps(watched)
    )
    aws.costexplorer.AnomalySubscription(
        "month",
        frequency="IMMEDIATE",
        monitor_arn_lists=[monitor.arn],
        subscribers=[{"type": "SNS", "address": topic.arn}],
        threshold_expression={
            "dimension": {
                "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                "match_options": ["GREATER_THAN_OR_EQUAL"],
                "values": [turn.of("100", "200")],
            }
        },
    )


def http_api(turn: Turn, alias: aws.lambda_.Alias, logs: aws.cloudwatch.LogGroup) -> None:
    api = aws.apigatewayv2.Api(
        "api",
        protocol_type="HTTP",
        description=turn.of("one", "two"),
        disable_execute_api_endpoint=turn.of(False, True),
        tags={"a": turn.of("1", "2")},
    )
    authorizer = aws.apigatewayv2.Authorizer(
        "api",
        api_id=api.id,
        authorizer_type="JWT",
        identity_sources=["$request.header.Authorization"],
        jwt_configuration={"issuer": "https://login.example.com", "audiences": [turn.of("a", "b")]},
    )
    integration = aws.apigatewayv2.Integration(
        "api",
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_method="POST",
        integration_uri=alias.invoke_arn,
        payload_format_version="2.0",
        timeout_milliseconds=turn.of(10_000, 20_000),
    )
    route = aws.apigatewayv2.Route(
        "api",
        api_id=api.id,
        route_key="GET /a",
        authorization_type="JWT",
        authorizer_id=authorizer.id,
        authorization_scopes=[turn.of("a", "b")],
        target=integration.id.apply("integrations/{}".format),
    )
    stage = aws.apigatewayv2.Stage(
        "api",
        name="$default",
        api_id=api.id,
        auto_deploy=True,
        access_log_settings={"destination_arn": logs.arn, "format": "{}"},
        default_route_settings={"throttling_burst_limit": turn.of(1, 2), "throttling_rate_limit": 2.5},
        route_settings=[{"route_key": "GET /a", "throttling_burst_limit": turn.of(3, 4), "throttling_rate_limit": 1}],
        tags={"a": turn.of("1", "2")},
        opts=pulumi.ResourceOptions(depends_on=[route]),
    )
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    domain = aws.apigatewayv2.DomainName(
        "api",
        domain_name="api.example.com",
        domain_name_configuration={
            "certificate_arn": certificate,
            "endpoint_type": "REGIONAL",
            "security_policy": "TLS_1_2",
        },
        mutual_tls_authentication={"truststore_uri": turn.of("s3://a/one.pem", "s3://a/two.pem")},
        tags={"a": turn.of("1", "2")},
    )
    aws.apigatewayv2.ApiMapping(
        "api", api_id=api.id, domain_name=domain.domain_name, stage=stage.name, api_mapping_key=turn.of("a", "b")
    )


def billing(turn: Turn) -> None:
    database = aws.glue.CatalogDatabase("bill", description=turn.of("one", "two"), tags={"a": turn.of("1", "2")})
    aws.glue.CatalogTable(
        "bill",
        database_name=database.name,
        description=turn.of("one", "two"),
        table_type="EXTERNAL_TABLE",
        parameters={"classification": turn.of("parquet", "csv")},
        partition_keys=[{"name": "billing_period", "type": "string"}],
        storage_descriptor={
            "location": "s3://bill/data",
            "input_format": "a",
            "output_format": "b",
            "ser_de_info": {"serialization_library": "c", "parameters": {"serialization.format": "1"}},
            "columns": [{"name": "cost", "type": turn.of("double", "string")}],
        },
    )
    aws.athena.Workgroup(
        "bill",
        force_destroy=True,
        configuration={
            "enforce_workgroup_configuration": True,
            "bytes_scanned_cutoff_per_query": turn.of(2**30, 2**31),
            "result_configuration": {"output_location": "s3://bill/athena/"},
        },
        tags={"a": turn.of("1", "2")},
    )
    bucket = aws.s3.Bucket("bill", force_destroy=True)
    delivered = {
        "Effect": "Allow",
        "Principal": {"Service": "bcm-data-exports.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [delivered]})
    granted = aws.s3.BucketPolicy("bill", bucket=bucket.bucket, policy=policy)
    output = {"overwrite": "OVERWRITE_REPORT", "format": "PARQUET", "compression": "PARQUET", "output_type": "CUSTOM"}
    destination = {
        "s3_bucket": bucket.bucket,
        "s3_prefix": "billing",
        "s3_region": "us-east-1",
        "s3_output_configurations": [output],
    }
    columns = turn.of("line_item_unblended_cost", "line_item_unblended_cost, line_item_product_code")
    aws.bcmdata.Export(
        "bill",
        export={
            "name": "bill",
            "data_queries": [{"query_statement": f"SELECT {columns} FROM COST_AND_USAGE_REPORT"}],
            "destination_configurations": [{"s3_destinations": [destination]}],
            "refresh_cadences": [{"frequency": "SYNCHRONOUS"}],
        },
        tags={"a": turn.of("1", "2")},
        opts=pulumi.ResourceOptions(depends_on=[granted]),
    )

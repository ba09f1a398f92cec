"""Spark, Flink and Trino work where jobs run, with no more rights than their work needs."""

from dataclasses import replace
from typing import Any

import yaml

from components.kubernetes.compute import flink_operator, spark_operator
from components.kubernetes.compute.flink_operator import FlinkOperatorArgs
from components.kubernetes.compute.spark_operator import SparkOperatorArgs, event_log_prefix, job_statements
from components.kubernetes.data import trino
from components.kubernetes.data.trino import TrinoArgs, access_rules, lake_statements

SPARK = SparkOperatorArgs(
    namespace="spark",
    job_namespaces=("jobs-a", "jobs-b"),
    cluster_name="c",
    role_prefix="quantos-test",
    lake_bucket="lake",
    artifacts_bucket="artifacts",
    kms_key_arn="arn:aws:kms:::key/k",
    replicas=2,
    tags={},
)
TRINO = TrinoArgs(
    namespace="trino",
    cluster_name="c",
    account_id="123456789012",
    region="eu-west-1",
    role_name="quantos-test-trino",
    lake_bucket="lake",
    lake_database="lake_test",
    kms_key_arn="arn:aws:kms:::key/k",
    registry_host="db",
    registry_port=5432,
    registry_database="registry",
    registry_secret="quantos-test/services/trino-registry",
    prometheus_url="http://prometheus:9090",
    workers=2,
    maximum_workers=6,
    worker_cpu=4,
    worker_memory_gib=16,
    tags={},
)


def test_spark_runs_in_job_namespaces_and_its_webhook_is_not_passed_by() -> None:
    given: Any = spark_operator.values(SPARK)
    assert given["spark"]["jobNamespaces"] == ["jobs-a", "jobs-b"]
    assert given["webhook"]["failurePolicy"] == "Fail"
    assert given["hook"]["upgradeCrd"] is False


def test_a_single_spark_operator_is_not_spread_which_its_chart_would_refuse() -> None:
    alone: Any = spark_operator.values(replace(SPARK, replicas=1))
    assert alone["controller"]["topologySpreadConstraints"] == []
    assert alone["controller"]["podDisruptionBudget"]["enable"] is False
    several: Any = spark_operator.values(SPARK)
    assert several["webhook"]["topologySpreadConstraints"]
    assert not any("labelSelector" in each for each in several["webhook"]["topologySpreadConstraints"])


def test_an_application_leaves_event_logs_where_its_namespace_alone_writes() -> None:
    assert event_log_prefix("jobs-a") == "spark-events/jobs-a"
    statements = job_statements(
        lake_bucket="lake", artifacts_bucket="artifacts", kms_key_arn="arn:aws:kms:::key/k", namespace="jobs-a"
    )
    written = [
        resource
        for statement in statements
        if "s3:PutObject" in statement.actions
        for resource in statement.resources
        if ":artifacts/" in resource
    ]
    assert written == [f"arn:aws:s3:::artifacts/{event_log_prefix('jobs-a')}/*"]


def test_flink_watches_job_namespaces_with_a_keystore_password_that_nobody_knows() -> None:
    given: Any = flink_operator.values(FlinkOperatorArgs(namespace="flink", job_namespaces=("jobs-a",), replicas=2))
    assert given["watchNamespaces"] == ["jobs-a"]
    assert given["webhook"]["keystore"]["useDefaultPassword"] is False
    assert yaml.safe_load(given["defaultConfiguration"]["flink-conf.yaml"])[
        "kubernetes.operator.leader-election.enabled"
    ]


def test_trino_s_nodes_trust_each_other_by_a_secret_over_tls() -> None:
    given: Any = trino.values(TRINO)
    properties = dict(line.split("=", 1) for line in given["additionalConfigProperties"])
    assert properties["internal-communication.shared-secret"] == "${ENV:TRINO_SHARED_SECRET}"
    assert properties["internal-communication.https.required"] == "true"
    assert {"secretRef": {"name": "trino-internal"}} in given["envFrom"]


def test_trino_grows_by_one_scaler_between_its_bounds() -> None:
    given: Any = trino.values(TRINO)
    keda = given["server"]["keda"]
    assert given["server"]["autoscaling"]["enabled"] is False
    assert (keda["minReplicaCount"], keda["maxReplicaCount"]) == (2, 6)
    assert "workers" not in given["server"]
    assert keda["triggers"][0]["metadata"]["threshold"] == "2.4"


def test_trino_has_no_catalog_but_ours() -> None:
    given: Any = trino.values(TRINO)["catalogs"]
    assert {name for name, properties in given.items() if properties is not None} == {"lake", "registry"}
    assert {name for name, properties in given.items() if properties is None} == {"tpch", "tpcds"}


def test_trino_writes_the_lake_and_only_reads_the_registry() -> None:
    rules: Any = access_rules()
    assert {rule["catalog"]: rule["allow"] for rule in rules["catalogs"]} == {
        "lake": "all", "registry": "read-only", "system": "read-only"
    }  # fmt: skip
    glue = [
        resource
        for statement in lake_statements(TRINO, bucket="lake", kms_key_arn="arn:aws:kms:::key/k")
        for resource in statement.resources
        if ":database/" in resource or ":table/" in resource
    ]
    assert glue
    assert all("lake_test" in resource for resource in glue)

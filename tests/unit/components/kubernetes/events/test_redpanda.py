"""Redpanda takes nobody without a login, KEDA asks for offsets alone, and topics are as agreed."""

from typing import Any

from components.kubernetes.events import argo_events
from components.kubernetes.events.argo_events import ArgoEventsArgs
from components.kubernetes.events.redpanda import RedpandaArgs, topic_script, values
from components.kubernetes.scaling.kafka_scaler import KafkaScalerArgs, lag_statements, scaled_object

ARGS = RedpandaArgs(
    namespace="bus",
    users_secret="quantos-test/services/redpanda",
    brokers=3,
    cores=1,
    memory_gib=3,
    storage_class="gp3",
    volume_gib=50,
    topic_partitions={"telemetry.market": 6, "audit.records": 1},
    retention_hours=168,
    client_image="r/redpanda@sha256:0",
    labels={},
)
GIVEN: Any = values(ARGS)
CLUSTER = "arn:aws:kafka:eu-west-1:1:cluster/quantos-test/u-1"


def test_brokers_take_tls_and_logins_alone_and_no_topic_makes_itself() -> None:
    assert GIVEN["tls"]["enabled"] is True
    assert GIVEN["auth"]["sasl"]["enabled"] is True
    assert GIVEN["auth"]["sasl"]["users"] == []
    assert GIVEN["external"]["enabled"] is False
    assert GIVEN["config"]["cluster"]["kafka_enable_authorization"] is True
    assert GIVEN["config"]["cluster"]["auto_create_topics_enabled"] is False


def test_no_container_of_redpanda_is_privileged() -> None:
    assert GIVEN["tuning"]["tune_aio_events"] is False
    pod = GIVEN["statefulset"]["podTemplate"]["spec"]
    for container in (*pod["containers"], *pod["initContainers"]):
        assert container["securityContext"]["privileged"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_every_topic_has_its_partitions_and_keeps_records_a_week() -> None:
    script = topic_script(ARGS)
    assert "rpk topic create telemetry.market --partitions 6 --replicas 3" in script
    assert "rpk topic create audit.records --partitions 1 --replicas 3" in script
    assert script.count("retention.ms=604800000") == 2


def test_a_consumer_grows_by_lag_and_stays_as_it_is_while_brokers_are_silent() -> None:
    spec: Any = scaled_object(
        KafkaScalerArgs(
            namespace="jobs-a",
            target="reader",
            consumer_group="reader",
            topics=("telemetry.market", "telemetry.system"),
            brokers="b-1:9098",
            region="eu-west-1",
            lag=500,
            minimum=1,
            maximum=6,
        )
    )
    assert spec["fallback"]["behavior"] == "currentReplicasIfHigher"
    assert [trigger["metadata"]["topic"] for trigger in spec["triggers"]] == ["telemetry.market", "telemetry.system"]
    for trigger in spec["triggers"]:
        assert (trigger["metadata"]["sasl"], trigger["metadata"]["tls"]) == ("aws_msk_iam", "enable")
        assert trigger["metadata"]["allowIdleConsumers"] == "false"


def test_keda_may_tell_lags_and_read_no_record() -> None:
    statements = lag_statements(CLUSTER, groups={"reader": ["telemetry.market"]})
    assert {action for statement in statements for action in statement.actions} == {
        "kafka-cluster:Connect", "kafka-cluster:DescribeTopic", "kafka-cluster:DescribeGroup"
    }  # fmt: skip
    assert "arn:aws:kafka:eu-west-1:1:topic/quantos-test/u-1/telemetry.market" in statements[1].resources
    assert lag_statements(CLUSTER, groups={}) == []


def test_the_event_bus_runs_the_version_that_the_controller_knows() -> None:
    args = ArgoEventsArgs(namespace="argo-events", storage_class="gp3", storage_gib=10, replicas=2)
    given: Any = argo_events.values(args)
    bus: Any = argo_events.bus(args)
    known = [version["version"] for version in given["configs"]["jetstream"]["versions"]]
    assert bus["jetstream"]["version"] in known
    assert bus["jetstream"]["replicas"] == 3

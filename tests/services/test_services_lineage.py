"""Events of lineage arrive on a real broker, in order and under the key of their run."""

import json

import pytest
from openlineage.client.serde import Serde

from quantos.messaging.adapters.kafka import KafkaCluster, create_topics
from quantos.orchestration.adapters.lineage_transports import transport_from_url
from quantos.orchestration.spec.reading import read_dag
from sandbox.events.bus import KafkaEventBus
from tests.support.dags import EXAMPLE
from tests.support.lineage_runs import events_of, facts_of


@pytest.mark.services
def test_a_topic_has_every_event_in_order(broker: str, unique: str) -> None:
    topic, cluster = f"lineage.{unique}", KafkaCluster(brokers=broker)
    create_topics(cluster, {topic: 3}, replicas=1, timeout_seconds=20)
    transport = transport_from_url(f"kafka://{broker}/{topic}")
    events = [event for _, event in events_of(facts_of(read_dag(EXAMPLE.encode(), shown="dag.yaml")))]
    for event in events:
        transport.send(event)
    log = KafkaEventBus(cluster)
    stream = log.open("reader", topic)
    log.refresh()
    records = stream.read(stream.pending())
    log.close()
    assert [json.loads(record.value) for record in records] == [json.loads(Serde.to_json(event)) for event in events]
    assert {record.key for record in records} == {b"run:quantos.dev/bt_xs_bilstm_v1"}

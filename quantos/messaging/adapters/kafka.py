"""Kafka: records that every in-sync replica has taken, once each and in order per key."""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage
from confluent_kafka.admin import AdminClient, NewTopic

from quantos.errors import BusError
from quantos.messaging.ports import Message
from quantos.translation import Vendor, translated

ClientSettings: TypeAlias = dict[str, Any]

_NOT_REACHED: Final = "Check that the brokers run and can be reached, and that the topics exist; then publish again."
_POLL_SECONDS: Final = 0.1
KAFKA: Final = Vendor(raises=(KafkaException, BufferError, TimeoutError))
"""What librdkafka's clients raise; a full queue is a BufferError."""


@dataclass(frozen=True, kw_only=True)
class KafkaCluster:
    """Where a cluster is and how to get in.

    `brokers` is `host:port,host:port`. With `iam_region` the clients sign in as the process's AWS identity over TLS, as
    MSK wants it; without, they use plain TCP.
    """

    brokers: str
    iam_region: str | None = None

    def client_settings(self) -> ClientSettings:
        """What every librdkafka client of this cluster is given."""
        settings: ClientSettings = {"bootstrap.servers": self.brokers, "log_level": 2}
        if self.iam_region is not None:
            settings |= {
                "security.protocol": "SASL_SSL",
                "sasl.mechanisms": "OAUTHBEARER",
                "oauth_cb": partial(_signed_token, self.iam_region),
            }
        return settings


class KafkaPublisher:
    """A Publisher on a Kafka cluster: idempotent, acknowledged by all in-sync replicas. Safe to share between threads.

    Args:
        cluster: where to publish.
        timeout_seconds: how long one `publish` may take before it fails.
    """

    def __init__(self, cluster: KafkaCluster, *, timeout_seconds: float = 30.0) -> None:
        self._cluster = cluster
        self._timeout_seconds = timeout_seconds
        self._producer: Producer | None = None
        self._trouble: str | None = None
        self._guard = threading.Lock()

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish all in order and return when the cluster has acknowledged every one.

        Raises:
            BusError: a record was refused or not acknowledged in time; records before and after it may be out.
        """
        with self._guard, _asking(self._cluster, "took no record"):
            producer = self._connected()
            deliveries = _Deliveries(expected=len(messages))
            self._trouble = None
            deadline = time.monotonic() + self._timeout_seconds
            try:
                for message in messages:
                    _enqueue(producer, message, deliveries=deliveries, deadline=deadline)
                producer.flush(max(deadline - time.monotonic(), 0))
            except KAFKA.raises:
                self._give_up(producer)
                raise
            if problem := deliveries.problem():
                self._give_up(producer)
                reason = f"{problem}; {self._trouble}" if self._trouble else problem
                raise BusError(f"Kafka at {self._cluster.brokers}: {reason}", remedy=_NOT_REACHED)

    def _connected(self) -> Producer:
        if self._producer is None:
            self._producer = Producer(
                {
                    **self._cluster.client_settings(),
                    "error_cb": self._note_trouble,
                    "enable.idempotence": True,
                    "acks": "all",
                    "partitioner": "consistent",
                    "compression.type": "lz4",
                    "linger.ms": 5,
                    "topic.metadata.propagation.max.ms": 2000,
                    "delivery.timeout.ms": int(self._timeout_seconds * 1000),
                    "request.timeout.ms": int(min(self._timeout_seconds, 10.0) * 1000),
                }
            )
        return self._producer

    def _note_trouble(self, error: KafkaError) -> None:
        if error.code() != KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 (librdkafka's own codes start so)
            self._trouble = error.str()

    def _give_up(self, producer: Producer) -> None:
        """Drop what is still queued, so that nothing of a failed call goes out later, and start afresh next time."""
        self._producer = None
        producer.purge()
        producer.flush(_POLL_SECONDS)


class _Deliveries:
    """The delivery reports of one `publish`."""

    def __init__(self, *, expected: int) -> None:
        self._expected = expected
        self._acknowledged = 0
        self._first_error: str | None = None

    def report(self, error: KafkaError | None, message: KafkaMessage) -> None:
        if error is None:
            self._acknowledged += 1
        elif self._first_error is None:
            self._first_error = f"topic {message.topic()}: {error.str()}"

    def problem(self) -> str | None:
        if self._acknowledged == self._expected:
            return None
        reason = self._first_error or "no acknowledgement in time"
        return f"{self._acknowledged} of {self._expected} records acknowledged; {reason}"


def create_topics(
    cluster: KafkaCluster, partitions: Mapping[str, int], *, replicas: int, timeout_seconds: float
) -> None:
    """Create the topics that do not exist yet; those that do are left as they are.

    Args:
        cluster: where.
        partitions: number of partitions by topic.
        replicas: copies of each partition.
        timeout_seconds: how long the cluster may take.

    Raises:
        BusError: the cluster cannot be reached or refuses.
    """
    with _asking(cluster, "created no topics"):
        admin = AdminClient(cluster.client_settings())
        existing = set(admin.list_topics(timeout=timeout_seconds).topics)
        missing = [
            NewTopic(topic, num_partitions=count, replication_factor=replicas)
            for topic, count in partitions.items()
            if topic not in existing
        ]
        if missing:
            created = admin.create_topics(missing, operation_timeout=timeout_seconds)
            for future in as_completed(created.values(), timeout=timeout_seconds):
                _accept_creation(future.exception())


def _asking(cluster: KafkaCluster, refused: str) -> AbstractContextManager[None]:
    return translated(KAFKA, into=BusError, what=f"Kafka at {cluster.brokers} {refused}", remedy=_NOT_REACHED)


def _accept_creation(error: BaseException | None) -> None:
    if error is None:
        return
    reason = error.args[0] if isinstance(error, KafkaException) and error.args else None
    if isinstance(reason, KafkaError) and reason.code() == KafkaError.TOPIC_ALREADY_EXISTS:
        return
    raise error


def _enqueue(producer: Producer, message: Message, *, deliveries: _Deliveries, deadline: float) -> None:
    while True:
        try:
            producer.produce(
                message.topic, key=message.key.encode(), value=message.value, on_delivery=deliveries.report
            )
        except BufferError:
            if time.monotonic() >= deadline:
                raise
            producer.poll(_POLL_SECONDS)
        else:
            producer.poll(0)
            return


def _signed_token(region: str, _config: str) -> tuple[str, float]:
    token, expires_at_ms = MSKAuthTokenProvider.generate_auth_token(region)
    return token, expires_at_ms / 1000

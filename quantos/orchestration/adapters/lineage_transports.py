"""OpenLineage's own transports, named by a URL: a file, a topic of Kafka, or HTTP as Marquez takes it."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from confluent_kafka import KafkaException
from openlineage.client.client import Event
from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde
from openlineage.client.transport.file import FileConfig, FileTransport
from openlineage.client.transport.http import HttpConfig, HttpTransport
from openlineage.client.transport.kafka import KafkaConfig, KafkaTransport
from openlineage.client.transport.transport import Transport

from quantos.errors import OrchestrationError, SettingsError
from quantos.messaging.adapters.url import kafka_cluster
from quantos.translation import Vendor, translated

TIMEOUT_SECONDS: Final = 5.0
_NO_RETRY: Final[dict[str, Any]] = {"total": 0}
_REMEDY: Final = "Use file:///FOLDER/FILE, kafka://HOST:PORT/TOPIC, or http://HOST[:PORT] of a Marquez, no password."
_SENDING: Final = Vendor(raises=(OSError, RuntimeError, ValueError, KafkaException, BufferError))
"""requests raises OSErrors; what a file cannot take is a RuntimeError."""


@dataclass(frozen=True)
class OpenLineageTransport:
    """A LineageTransport."""

    name: str
    transport: Transport

    def send(self, event: RunEvent) -> None:
        """Send an event, and return once it was taken. Raises OrchestrationError."""
        what = f"{self.name} did not take an event of lineage"
        with translated(_SENDING, into=OrchestrationError, what=what, remedy="See that it runs; the event is kept."):
            self.transport.emit(event)


def transport_from_url(url: str) -> OpenLineageTransport:
    """The transport that a URL names; nobody is contacted before the first event.

    Raises:
        SettingsError: it names none.
    """
    with translated(Vendor(raises=(ValueError,)), into=SettingsError, what=f"{url!r} is no URL", remedy=_REMEDY):
        parts = urlsplit(url)
    match parts.scheme:
        case "file" if parts.path.strip("/") and not parts.netloc:
            return OpenLineageTransport(url, FileTransport(FileConfig(log_file_path=parts.path, append=True)))
        case "http" | "https" if parts.hostname and "@" not in parts.netloc:
            config = HttpConfig(url=url, timeout=TIMEOUT_SECONDS, retry=_NO_RETRY)
            return OpenLineageTransport(url, HttpTransport(config))
        case "kafka" | "kafka+iam" if parts.path.strip("/"):
            return _kafka(url, topic=parts.path.strip("/"))
    raise SettingsError(f"{url!r} names no transport of lineage", remedy=_REMEDY)


def _kafka(url: str, *, topic: str) -> OpenLineageTransport:
    cluster = kafka_cluster(urlsplit(url)._replace(path="").geturl())
    settings = {**cluster.client_settings(), "message.timeout.ms": str(int(TIMEOUT_SECONDS * 1000))}
    return OpenLineageTransport(f"kafka topic {topic}", _ReportingKafka(KafkaConfig(config=settings, topic=topic)))


class _ReportingKafka(KafkaTransport):
    """Raises what the broker did not take, which OpenLineage's own transport only logs."""

    def emit(self, event: Event) -> None:
        failures: list[str] = []
        if self.producer is None:
            raise RuntimeError("it was closed")
        self.producer.produce(
            self.topic,
            Serde.to_json(event).encode(),
            key=self._get_message_key(event),
            on_delivery=lambda error, _message: failures.append(str(error)) if error else None,
        )
        self.producer.flush()
        if failures:
            raise RuntimeError(failures[0])

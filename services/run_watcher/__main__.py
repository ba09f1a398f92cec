"""Watches the runs of a cluster: `python -m services.run_watcher`, until it is asked to end.

Key: the attempt. The topic is committed behind what is done; another that comes in its place goes on from there.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from kubernetes.client import ApiClient, Configuration
from kubernetes.config import load_incluster_config
from pydantic import TypeAdapter, ValidationError

from quantos.catalog.catalog import load_catalog
from quantos.contracts import topics
from quantos.environment.load import load_environment
from quantos.errors import OrchestrationError, SettingsError
from quantos.messaging.adapters.kafka_consumer import KafkaConsumer
from quantos.messaging.adapters.record import StoredRecord
from quantos.messaging.adapters.url import kafka_cluster, publisher_from_url
from quantos.orchestration.adapters.messages import decode
from quantos.orchestration.adapters.topics import TopicSender
from quantos.orchestration.cluster.intake import Intake
from quantos.orchestration.cluster.watching import Watcher
from quantos.orchestration.protocol.effects import Acknowledge, Create, Stop
from quantos.orchestration.protocol.rows import AttemptKey
from services.run_watcher.composition import PodTerms, watching

ENVIRONMENTS: Final = Path(__file__).resolve().parents[2] / "stacks" / "environments"
GROUP: Final = "run-watcher"
RECORDS: Final = 500
WAIT_SECONDS: Final = 0.2
_MAPPING: Final = TypeAdapter(dict[str, str])
_LOGGER: Final = logging.getLogger(__name__)


class Records(Protocol):
    """A topic as one of a group reads it. Each call raises BusError."""

    def read(self, limit: int, *, timeout_seconds: float) -> Sequence[StoredRecord]:
        """The next records, at most so many, of those that come in time."""
        ...

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Keep from which offset on each partition is to be read again."""
        ...


def main() -> None:
    """Watch until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    environ = os.environ
    bus = _required(environ, "QUANTOS_BUS")
    settings = load_environment(_required(environ, "QUANTOS_ENVIRONMENT"), root=ENVIRONMENTS, catalog=load_catalog())
    configuration = Configuration()
    load_incluster_config(client_configuration=configuration)
    intake = Intake()
    consumer = KafkaConsumer(kafka_cluster(bus), group=GROUP, topic=topics.ORCH_ATTEMPTS, lost=intake.lost)
    with (
        contextlib.closing(consumer),
        ApiClient(configuration) as client,
        watching(settings, read_terms(environ), client=client, sender=TopicSender(publisher_from_url(bus))) as watcher,
    ):
        watch(watcher, consumer, intake, ended=ended)


def watch(watcher: Watcher, consumer: Records, intake: Intake, *, ended: threading.Event) -> None:
    """Take what comes, do what can be done, and forget what is done, until it is to end. Raises BusError."""
    while not ended.is_set():
        for record in consumer.read(RECORDS, timeout_seconds=WAIT_SECONDS):
            intake.took(record.partition, record.offset, take(watcher, record))
        watcher.step(now_ms=time.time_ns() // 1_000_000)
        consumer.commit(intake.settled(watcher.waits))


def take(watcher: Watcher, record: StoredRecord) -> AttemptKey | None:
    """Have the watcher take a record; None for one that asks nothing of a cluster, which is told and passed over."""
    try:
        message = decode(record.value)
    except OrchestrationError as error:
        _LOGGER.error("record %s/%s: %s", record.partition, record.offset, error.what)  # noqa: TRY400
        return None
    if not isinstance(message, Create | Stop | Acknowledge):
        _LOGGER.error("record %s/%s: %s is no order", record.partition, record.offset, type(message).__name__)
        return None
    return watcher.take(message)


def read_terms(environ: Mapping[str, str]) -> PodTerms:
    """What pods are, by the process environment. Raises SettingsError where something is missing or wrong."""
    try:
        return PodTerms(
            service_account=_required(environ, "QUANTOS_RUNS_ACCOUNT"),
            runner=_required(environ, "QUANTOS_RUNNER_IMAGE"),
            images=_MAPPING.validate_json(environ.get("QUANTOS_IMAGES", "{}")),
            variables=_MAPPING.validate_json(environ.get("QUANTOS_POD_VARIABLES", "{}")),
        )
    except ValidationError as exc:
        raise SettingsError(
            f"what pods are told is no mapping of texts: {exc.errors()[0]['msg']}", remedy="see the watcher's variables"
        ) from exc


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set", remedy="see the watcher's variables")
    return value


if __name__ == "__main__":
    main()

"""A real Kafka broker: one KRaft node on loopback with throw-away data, which ends with the process that started it."""

import contextlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from sandbox.errors import SandboxError
from sandbox.events.kafka_jars import KafkaInstallation, find_kafka, user_environment
from sandbox.tether import let_go, start_tethered

HEAP_MIB: Final = 256
START_TIMEOUT_SECONDS: Final = 90.0
STARTS: Final = 3
_LOOPBACK: Final = "127.0.0.1"
_POLL_SECONDS: Final = 0.1
_CLUSTER_ID: Final = "cXVhbnRvcy1zYW5kYm94LQ"

_CONFIGURATION: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=2097152
num.network.threads=2
num.io.threads=4
background.threads=2
"""


def _silent(_stage: str) -> None: ...


@contextlib.contextmanager
def start_broker(
    *,
    environment: Mapping[str, str] | None = None,
    report: Callable[[str], None] = _silent,
    timeout_seconds: float = START_TIMEOUT_SECONDS,
) -> Generator[str, None, None]:
    """A broker for as long as the block runs; no topic is created by itself.

    Args:
        environment: where Java, Maven and the cache are looked for; of this process by default.
        report: told what is going on, as it starts.
        timeout_seconds: how long the broker may take to be ready, fetching of the jars not counted.

    Yields:
        `host:port` of the broker, ready.

    Raises:
        SandboxError: Java or Maven is missing, the jars cannot be fetched, or the broker did not start.
    """
    kafka = find_kafka(user_environment() if environment is None else environment, report=report)
    report("Starting Kafka")
    with tempfile.TemporaryDirectory(prefix="quantos-kafka-", ignore_cleanup_errors=True) as name:
        process, bootstrap = _start(kafka, Path(name), deadline=time.monotonic() + timeout_seconds)
        try:
            yield bootstrap
        finally:
            let_go(process)


def _start(kafka: KafkaInstallation, folder: Path, *, deadline: float) -> tuple[subprocess.Popen[bytes], str]:
    log = folder / "broker.log"
    for attempt in range(STARTS):
        data = folder / f"data-{attempt}"
        port, controller_port = _free_ports()
        configuration = folder / "server.properties"
        configuration.write_text(
            _CONFIGURATION.format(host=_LOOPBACK, port=port, controller_port=controller_port, data=data)
        )
        _format(kafka, configuration, log=log, deadline=deadline)
        process = start_tethered(kafka.command("kafka.Kafka", str(configuration), heap_mib=HEAP_MIB), log=log)
        try:
            ready = _wait_until_ready(process, f"{_LOOPBACK}:{port}", deadline=deadline)
        except BaseException:
            let_go(process)
            raise
        if ready:
            return process, f"{_LOOPBACK}:{port}"
        let_go(process)
        if b"BindException" not in log.read_bytes():
            break
    raise _start_error(log)


def _format(kafka: KafkaInstallation, configuration: Path, *, log: Path, deadline: float) -> None:
    arguments = ("format", "--cluster-id", _CLUSTER_ID, "--config", str(configuration))
    process = start_tethered(kafka.command("kafka.tools.StorageTool", *arguments, heap_mib=HEAP_MIB), log=log)
    try:
        code = process.wait(timeout=max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        code = None
    finally:
        let_go(process)
    if code != 0:
        raise _start_error(log)


def _wait_until_ready(process: subprocess.Popen[bytes], bootstrap: str, *, deadline: float) -> bool:
    """Whether the broker answered with itself in the cluster's metadata, which it does once it can be used."""
    admin = AdminClient(
        {
            "bootstrap.servers": bootstrap,
            "log_level": 0,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 200,
        }
    )
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(KafkaException):
            if admin.list_topics(timeout=1.0).brokers:
                return process.poll() is None
        time.sleep(_POLL_SECONDS)
    return False


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for listener in (first, second):
            listener.bind((_LOOPBACK, 0))
        return first.getsockname()[1], second.getsockname()[1]


def _start_error(log: Path) -> SandboxError:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-12:]
    return SandboxError(
        "the Kafka broker did not start:\n" + "\n".join(lines),
        remedy="See the last lines of its log above; or run without --kafka.",
    )

"""A real Trino over a lake of its own: one node on loopback, which ends with the process that started it.

Its catalog is in a Postgres beside it, in the tables that pyiceberg's `SqlCatalog` keeps: both see the same tables and
the same ids of snapshots. Ready in half a minute once its files are in the user's cache; holds 1 GiB of memory.
"""

import contextlib
import json
import os
import socket
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from quantos.lake.adapters.composition import CATALOG_NAME, open_embedded_lake
from quantos.lake.place import EmbeddedLake
from sandbox.errors import SandboxError
from sandbox.lake.postgres import USER, Postgres, start_postgres
from sandbox.lake.trino_files import TrinoFiles, find_trino
from sandbox.tether import let_go, start_tethered

HEAP_MIB: Final = 1536
START_TIMEOUT_SECONDS: Final = 180.0
_LOOPBACK: Final = "127.0.0.1"
_POLL_SECONDS: Final = 0.25
_BRIEF: Final = "-XX:+UseSerialGC\n-XX:TieredStopAtLevel=1\n"
"""For a life of minutes and small statements: it starts in two thirds of the time, and runs the first ones as fast."""
_NODE: Final = "node.environment=sandbox\nnode.id=sandbox\nnode.data-dir={folder}/data\n"
_CONFIGURATION: Final = """\
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
node.internal-address=127.0.0.1
discovery.uri=http://127.0.0.1:{port}
catalog.management=static
"""
_TRACING: Final = """\
tracing.enabled=true
tracing.exporter.endpoint={endpoint}
tracing.exporter.protocol={protocol}
"""
_CATALOG: Final = """\
connector.name=iceberg
iceberg.catalog.type=jdbc
iceberg.jdbc-catalog.catalog-name={name}
iceberg.jdbc-catalog.driver-class=org.postgresql.Driver
iceberg.jdbc-catalog.connection-url={catalog}
iceberg.jdbc-catalog.connection-user={user}
iceberg.jdbc-catalog.connection-password=x
iceberg.jdbc-catalog.default-warehouse-dir={lake.warehouse}
fs.native-s3.enabled=true
s3.endpoint={lake.s3_endpoint}
s3.region={lake.region}
s3.path-style-access=true
s3.aws-access-key={lake.access_key}
s3.aws-secret-key={lake.secret_key}
"""


@dataclass(frozen=True)
class TrinoLake:
    """A Trino that runs, and its lake as others open it."""

    host: str
    port: int
    lake: EmbeddedLake


@dataclass(frozen=True)
class TraceReceiver:
    """Where spans go by OTLP: `http://host:4317` by gRPC, or `http://host:4318/v1/traces` by HTTP."""

    endpoint: str
    protocol: Literal["grpc", "http/protobuf"] = "grpc"


def _silent(_stage: str) -> None: ...


@contextlib.contextmanager
def start_trino(
    place: EmbeddedLake,
    *,
    environment: Mapping[str, str] | None = None,
    report: Callable[[str], None] = _silent,
    traces: TraceReceiver | None = None,
) -> Generator[TrinoLake, None, None]:
    """A Trino for as long as the block runs.

    Args:
        place: warehouse and S3 of the lake, whose bucket is there; its catalog will be the Postgres beside Trino.
        environment: where Java, Maven, Postgres and the cache are looked for; of this process by default.
        report: told what is going on, as it starts.
        traces: where Trino sends its spans; nowhere by default.

    Raises:
        SandboxError: Java, Maven or Postgres is missing, Trino cannot be fetched, or one of them did not start.
    """
    environment = dict(os.environ) if environment is None else environment
    files = find_trino(environment, report=report)
    with tempfile.TemporaryDirectory(prefix="quantos-trino-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        ports = _free_ports()
        report("Starting Postgres for Trino's catalog")
        with start_postgres(folder, environment=environment, port=ports[0], database=CATALOG_NAME) as postgres:
            lake = _catalogued(place, postgres)
            _configure(folder / "etc", lake, postgres=postgres, port=ports[1], traces=traces)
            report("Starting Trino")
            with _running(files, folder, environment=environment, port=ports[1]):
                yield TrinoLake(_LOOPBACK, ports[1], lake)


def _catalogued(place: EmbeddedLake, postgres: Postgres) -> EmbeddedLake:
    """The lake with its catalog in Postgres, whose tables pyiceberg makes: Trino expects them."""
    lake = replace(place, catalog=postgres.url(CATALOG_NAME))
    open_embedded_lake(lake)
    return lake


def _configure(
    folder: Path, lake: EmbeddedLake, *, postgres: Postgres, port: int, traces: TraceReceiver | None
) -> None:
    (folder / "catalog").mkdir(parents=True)
    tracing = "" if traces is None else _TRACING.format(endpoint=traces.endpoint, protocol=traces.protocol)
    catalog = _CATALOG.format(name=CATALOG_NAME, catalog=postgres.jdbc_url(CATALOG_NAME), user=USER, lake=lake)
    contents = {
        "node.properties": _NODE.format(folder=folder.parent),
        "jvm.config": f"-Xmx{HEAP_MIB}M\n{_BRIEF}",
        "config.properties": _CONFIGURATION.format(port=port) + tracing,
        "log.properties": "io.trino=WARN\n",
        f"catalog/{CATALOG_NAME}.properties": catalog,
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")


@contextlib.contextmanager
def _running(
    files: TrinoFiles, folder: Path, *, environment: Mapping[str, str], port: int
) -> Generator[None, None, None]:
    log = folder / "trino.log"
    command = [str(files.home / "bin" / "launcher"), "run", "--etc-dir", str(folder / "etc")]
    path = os.pathsep.join([str(files.java_home / "bin"), environment.get("PATH", os.defpath)])
    process = start_tethered(
        [*command, "--data-dir", str(folder / "data")],
        log=log,
        environment={**environment, "JAVA_HOME": str(files.java_home), "PATH": path},
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-20:]
                raise SandboxError("Trino did not start:\n" + "\n".join(lines), remedy="See its log above.")
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        let_go(process)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError, ValueError):
        url = f"http://{_LOOPBACK}:{port}/v1/info"
        with urllib.request.urlopen(url, timeout=2.0) as answer:
            return not json.loads(answer.read())["starting"]
    return False


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for listener in (first, second):
            listener.bind((_LOOPBACK, 0))
        return first.getsockname()[1], second.getsockname()[1]

"""What orchestration in the sandbox stands on, which takes longest to start: a lake with its SQL engine, and Ray."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from quantos.errors import OrchestrationError
from quantos.lake.adapters.composition import open_embedded_lake
from quantos.lake.place import EmbeddedLake
from quantos.orchestration.attempt.ray_head import RayHeads
from sandbox.execution.images import Images
from sandbox.execution.machine import Room
from sandbox.lake.embedded import embedded_lake, make_buckets
from sandbox.lake.seeding import seed
from sandbox.lake.trino import TraceReceiver, start_trino
from sandbox.tracing.receiver import PATH, TraceFile, receiving

VIRTUAL: Final = Room(milli_cores=64_000, memory_bytes=256 * 2**30, gpus=4)
"""What attempts may ask for together, whatever this machine has."""
TRACES: Final = "traces.jsonl"
EXECUTOR: Final = "executor"
"""The executor's folder in that of the sandbox."""
Report: TypeAlias = Callable[[str], None]
Opened = TypeVar("Opened")


@dataclass(frozen=True)
class Engines:
    """What runs beside the functions: a lake with its data, a receiver of spans, and perhaps a Trino.

    Attributes:
        traces: the file of spans.
        endpoint: where spans are taken.
        trino: `host:port`, or "" where DuckDB takes its place.
    """

    traces: Path
    endpoint: str
    lake: EmbeddedLake
    trino: str


@contextmanager
def beside(opening: AbstractContextManager[Opened]) -> Iterator[Callable[[], Opened]]:
    """Open something on a thread of its own while the block goes on, which waits for it by the call it is given."""
    with ExitStack() as closing, ThreadPoolExecutor(1) as pool:
        yield pool.submit(closing.enter_context, opening).result


@contextmanager
def running_engines(state_dir: Path, *, environ: Mapping[str, str], trino: bool, report: Report) -> Iterator[Engines]:
    """Engines of a sandbox that has started, for as long as the block runs. With `trino`, a real one is among them.

    Raises:
        SandboxError: one of them cannot be started.
    """
    traces = state_dir / TRACES
    with ExitStack() as closing:
        endpoint = closing.enter_context(receiving(TraceFile(traces)))
        lake, address = embedded_lake(state_dir, environ=environ), ""
        client = make_buckets(lake)
        if trino:
            receiver = TraceReceiver(f"{endpoint}{PATH}", "http/protobuf")
            started = closing.enter_context(start_trino(lake, report=report, traces=receiver))
            lake, address = started.lake, f"{started.host}:{started.port}"
        seed(open_embedded_lake(lake), client)
        yield Engines(traces, endpoint, lake, address)


@contextmanager
def running_ray(state_dir: Path, image: str) -> Iterator[None]:
    """The executor's Ray from an image's environment, so that its first job finds it.

    Where it cannot be started the job that needs it is told so.
    """
    heads = RayHeads(state_dir / EXECUTOR)
    (state_dir / EXECUTOR).mkdir(parents=True, exist_ok=True)
    try:
        with suppress(OrchestrationError):
            heads.ensure(Images(os.environ).environment(image), gpus=VIRTUAL.gpus)
        yield
    finally:
        heads.stop()

"""Runs the attempt of a pod: what its annotation asks, in its folder, until its container's last message says how it
ended. Key: the attempt; a pod runs one, once.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from quantos.contracts.dag.spec import Requests
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.contracts.dag.values import cores, memory_bytes
from quantos.deployment.adapters.processes import mark
from quantos.errors import OrchestrationError
from quantos.lake.place import EmbeddedLake
from quantos.orchestration.adapters.messages import encode
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.attempt.composition import engines_of
from quantos.orchestration.attempt.folder import AttemptFolder, Claim
from quantos.orchestration.attempt.image_environment import PROGRAM, ImageEnvironment
from quantos.orchestration.attempt.lake import AttemptLake
from quantos.orchestration.attempt.processes import ProcessEngine
from quantos.orchestration.attempt.ray_jobs import RayEngine
from quantos.orchestration.attempt.worker import Worker
from quantos.orchestration.cluster.ends import AttemptReport
from quantos.orchestration.execution.local import Given
from quantos.orchestration.protocol.effects import Create
from quantos.orchestration.protocol.rows import Order

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from quantos.lake.ports import Lake

_LAKE: Final = TypeAdapter(EmbeddedLake)


@dataclass(frozen=True, kw_only=True)
class PodPlace:
    """What a pod is told of where it is.

    Attributes:
        bucket: the environment's artifacts.
        image: the image that it runs, by digest.
        pod: its name, which no other has.
        work: the folder that it may write.
        program: where its image has its program.
        otlp_endpoint: where programs send their spans; "" for nowhere.
        lake: where tables lie; None where there is no lake.
        results: namespace of the lake, in which statements make their tables.
        trino: `host:port`; "" where there is none.
    """

    bucket: str
    image: str
    pod: str
    work: Path
    program: Path = PROGRAM
    otlp_endpoint: str = ""
    lake: EmbeddedLake | None = None
    results: str = ""
    trino: str = ""


def read_pod_place(environ: Mapping[str, str], *, work: Path) -> PodPlace:
    """The place that variables tell of. Raises OrchestrationError where one is missing or wrong."""
    try:
        lake = environ.get("QUANTOS_LAKE", "")
        return PodPlace(
            bucket=environ["QUANTOS_BUCKET"],
            image=environ["QUANTOS_IMAGE"],
            pod=environ["QUANTOS_POD"],
            work=work,
            program=Path(environ.get("QUANTOS_PROGRAM", PROGRAM)),
            otlp_endpoint=environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
            lake=_LAKE.validate_json(lake) if lake else None,
            results=environ.get("QUANTOS_RESULTS", ""),
            trino=environ.get("QUANTOS_TRINO", ""),
        )
    except (KeyError, ValidationError) as exc:
        raise OrchestrationError(
            f"the pod is not told where it is: {exc}", remedy="see the variables of the run's Workflow"
        ) from exc


def run_in_pod(order: Order, place: PodPlace, client: "S3Client") -> AttemptReport:
    """Run the attempt of a pod, and return what its container says last."""
    folder = AttemptFolder(place.work / "attempt")
    folder.prepare(encode(Create(order)).value)
    if not folder.claim(Claim(process=mark(os.getpid()), at_ms=_clock_ms())):
        raise OrchestrationError("this pod has run its attempt already", remedy="let Argo make another pod")
    archive = WorkspaceArchive(client, place.bucket)
    if not archive.begin(str(order.node.last_attempt), place.pod):
        raise OrchestrationError("another pod runs this attempt, or ran it", remedy="see its log; let this one go")
    folder.log.touch()
    signal.signal(signal.SIGTERM, lambda *_: folder.ask_to_stop(now_ms=_clock_ms()))
    _worker(order, place, folder=folder, archive=archive).run()
    ended = folder.exited()
    if ended is None:
        raise OrchestrationError("the attempt left no word of its end", remedy="see the container's log")
    archive.finish_log(str(order.node.last_attempt), log=folder.log, end=ended.end)
    return AttemptReport(
        end=ended.end,
        detail=ended.detail,
        evidence=ended.evidence,
        io_bytes=ended.io_bytes,
        started_ms=ended.started_ms,
        ended_ms=ended.ended_ms,
    )


def _worker(order: Order, place: PodPlace, *, folder: AttemptFolder, archive: WorkspaceArchive) -> Worker:
    lake = AttemptLake(
        opened=_lake_of(place),
        order=order,
        archive=archive,
        results=place.results,
        trino=place.trino,
        scratch=folder.path / "lake",
    )
    images, requests = ImageEnvironment(place.image, place.program), order.node.requests
    ray = RayEngine(images=images, folder=folder, state=place.work / "ray", gpus=requests.gpu or 0)
    return Worker(
        order=order,
        folder=folder,
        archive=archive,
        engines=engines_of(lake, processes=ProcessEngine(images=images, folder=folder), ray=ray),
        given=_given(requests, time_ms=order.node.limit_ms),
        give_secrets=_no_secrets,
        otlp_endpoint=place.otlp_endpoint,
        clock_ms=_clock_ms,
    )


def _given(requests: Requests, *, time_ms: int) -> Given:
    """All that was asked for; what stands behind GPUs is the pod's own, and none is simulated."""
    return Given(
        cores=max(1, int(cores(requests.cpu or "0"))),
        memory_bytes=round(memory_bytes(requests.mem or "0")),
        gpus=0,
        time_ms=time_ms,
    )


def _no_secrets(request: SubmissionRequest, target: Path) -> None:
    scope = request.params.secrets_scope
    if scope is not None:
        raise OrchestrationError(
            f"no secrets of scope {scope} are in this pod", remedy=f"leave the scope out: {target.name} stay empty"
        )


def _lake_of(place: PodPlace) -> "Callable[[], Lake]":
    def opened() -> "Lake":
        from quantos.lake.adapters.composition import open_embedded_lake  # noqa: PLC0415  seconds to import

        if place.lake is None:
            raise OrchestrationError("this pod is told of no lake", remedy="set QUANTOS_LAKE in the run's Workflow")
        return open_embedded_lake(place.lake)

    return opened


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000

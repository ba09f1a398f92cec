"""The worker of one attempt: `python -m sandbox.execution.attempt FOLDER`. Key: the attempt, claimed by its folder."""

import os
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from quantos.contracts.dag.submission import SubmissionRequest
from quantos.deployment.adapters.processes import mark
from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.messages import decode
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.attempt.composition import engines_of
from quantos.orchestration.attempt.folder import AttemptFolder, Claim
from quantos.orchestration.attempt.lake import AttemptLake
from quantos.orchestration.attempt.processes import ProcessEngine
from quantos.orchestration.attempt.ray_jobs import RayEngine
from quantos.orchestration.attempt.worker import Worker
from quantos.orchestration.protocol.effects import Create
from quantos.orchestration.protocol.rows import Order
from sandbox.execution.images import Images
from sandbox.execution.place import Place, read_place

if TYPE_CHECKING:
    from quantos.lake.ports import Lake


def worker_of(place: Place, folder: AttemptFolder, order: Order) -> Worker:
    """The worker of an attempt of this machine's executor."""
    archive = WorkspaceArchive(boto3.client("s3"), place.bucket)
    lake = AttemptLake(
        opened=partial(_open_lake, place),
        order=order,
        archive=archive,
        results=place.results,
        trino=place.trino,
        scratch=folder.path / "lake",
    )
    images = Images(os.environ, place.images)
    ray = RayEngine(images=images, folder=folder, state=place.state, gpus=place.machine.room.gpus)
    return Worker(
        order=order,
        folder=folder,
        archive=archive,
        engines=engines_of(lake, processes=ProcessEngine(images=images, folder=folder), ray=ray),
        given=place.machine.given(order.node.requests, time_ms=order.node.limit_ms),
        give_secrets=partial(_copy_secrets, place.state / "secrets" / order.node.run.team),
        otlp_endpoint=place.otlp_endpoint,
        clock_ms=_clock_ms,
    )


def _open_lake(place: Place) -> "Lake":
    from quantos.lake.adapters.composition import open_embedded_lake  # noqa: PLC0415  seconds to import

    if place.lake is None:
        raise OrchestrationError(
            "this machine has no lake, and no node can run on one", remedy="start the executor with a lake"
        )
    return open_embedded_lake(place.lake)


def _copy_secrets(of_team: Path, request: SubmissionRequest, target: Path) -> None:
    """Give it the secrets of its scope, which is one of its team's own, and no others."""
    scope = request.params.secrets_scope
    if scope is None:
        return
    root = of_team.resolve()
    folder = (root / scope).resolve()
    if not folder.is_dir() or not folder.is_relative_to(root) or folder == root:
        raise OrchestrationError(f"there are no secrets of scope {scope}", remedy=f"put files into {root / scope}")
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        copied = target / file.name
        copied.touch(mode=0o600)
        shutil.copyfile(file, copied)


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000


def main(path: str) -> None:
    """Run the attempt of a folder, unless another worker has it."""
    folder = AttemptFolder(Path(path))
    if not folder.claim(Claim(process=mark(os.getpid()), at_ms=_clock_ms())):
        return
    created = decode(folder.order.read_bytes())
    if not isinstance(created, Create):
        raise OrchestrationError(f"{folder.order} is no order", remedy="remove the sandbox and start it again")
    worker_of(read_place(folder.path.parents[1]), folder, created.order).run()


if __name__ == "__main__":
    main(sys.argv[1])

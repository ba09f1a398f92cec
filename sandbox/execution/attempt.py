"""The worker of one attempt: `python -m sandbox.execution.attempt FOLDER`. Key: the attempt, claimed by its folder."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import boto3

from quantos.contracts.dag.outputs import Output
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.deployment.adapters.processes import mark
from quantos.errors import OrchestrationError, QuantosError
from quantos.orchestration.adapters.messages import decode
from quantos.orchestration.execution.classify import End, ExitFacts, classify
from quantos.orchestration.execution.local import Engines, LocalAttempt, Ran
from quantos.orchestration.kinds.kind import kinds
from quantos.orchestration.protocol.effects import Create
from quantos.orchestration.protocol.rows import AttemptKey, Order
from quantos.orchestration.tracing.identity import traceparent
from sandbox.execution.archive import WorkspaceArchive
from sandbox.execution.engines import MachineEngines
from sandbox.execution.folder import AttemptFolder, Claim, Exit
from sandbox.execution.images import Images
from sandbox.execution.lake import AttemptLake
from sandbox.execution.log_shipping import LogShipper
from sandbox.execution.place import Place, read_place
from sandbox.execution.processes import ProcessEngine
from sandbox.execution.ray_jobs import RayEngine


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Runs one attempt: keeps its log meanwhile, then what it gave, then how it ended."""

    order: Order
    place: Place
    folder: AttemptFolder
    archive: WorkspaceArchive
    engines: Engines
    clock_ms: Callable[[], int]

    @property
    def key(self) -> AttemptKey:
        """Of the attempt."""
        return self.order.node.last_attempt

    def run(self) -> None:
        """Run it. However it goes, its folder says in the end how it ended."""
        started_ms = self.clock_ms()
        shipper = LogShipper(self.archive, self.folder, str(self.key))
        with shipper.shipping(self.folder.beat):
            end, detail, ran = self._outcome()
        times = {"started_ms": started_ms, "ended_ms": self.clock_ms()}
        evidence, io_bytes = ("", 0) if ran is None else (str(ran.evidence), ran.io_bytes)
        self.folder.exit(Exit(end=end, detail=detail, evidence=evidence, io_bytes=io_bytes, **times))

    def _outcome(self) -> tuple[End, str, Ran | None]:
        try:
            ran = self._ran()
        except QuantosError as error:
            stopped = self.folder.stop_asked_ms() is not None
            return *classify(ExitFacts(not_started=error.what, stopped=stopped)), None
        end, detail = classify(ran.facts)
        if end == "succeeded":
            try:
                self._keep(ran)
            except QuantosError as error:
                end, detail = classify(ExitFacts(lost=f"what it gave cannot be kept: {error.what}"))
        return end, detail, ran

    def _ran(self) -> Ran:
        if self.folder.stop_asked_ms() is not None:
            raise OrchestrationError("stopped before it began", remedy="submit it again")
        request = self.archive.request(self.key.run.team, self.order.node.digest)
        node = next(node for node in request.dag.nodes if node.id == self.key.node)
        _copy_secrets(self.place, request, self.key.run.team, target=self.folder.secrets)
        attempt = LocalAttempt(
            name=str(self.key),
            team=self.key.run.team,
            submission_id=self.key.run.submission_id,
            node=node,
            workspace=self.folder.workspace,
            inputs=self._inputs(node.ins),
            variables={**node.env, **_variables(self.key, self.place)},
            secrets=self.folder.secrets,
            given=self.place.machine.given(self.order.node.requests, time_ms=self.order.node.limit_ms),
            engines=self.engines,
        )
        ran = kinds()[node.kind].run_locally(attempt)
        of_inputs = sum(output.size_bytes for output in attempt.inputs.values() if output.type == "table")
        return replace(ran, io_bytes=ran.io_bytes + of_inputs)

    def _inputs(self, names: tuple[str, ...]) -> dict[str, Output]:
        """What it takes of what the attempts before it gave."""
        given = {
            name: output
            for attempt in self.order.inputs
            for name, output in self.archive.outputs(str(attempt)).outputs.items()
        }
        if lacking := [name for name in names if name not in given]:
            raise OrchestrationError(f"no attempt gave {', '.join(lacking)}", remedy="run the nodes before it again")
        return {name: given[name] for name in names}

    def _keep(self, ran: Ran) -> None:
        outputs = {
            name: output if isinstance(output, Output) else self.archive.put_output(str(self.key), name, file=output)
            for name, output in ran.outputs.items()
        }
        self.archive.put_outputs(str(self.key), outputs)


def _variables(key: AttemptKey, place: Place) -> dict[str, str]:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": place.otlp_endpoint} if place.otlp_endpoint else {}
    return {
        "QUANTOS_SUBMISSION_ID": key.run.submission_id,
        "QUANTOS_TEAM": key.run.team,
        "QUANTOS_NODE": key.node,
        "QUANTOS_ATTEMPT": str(key.attempt),
        "TRACEPARENT": traceparent(key),
        **endpoint,
    }


def _copy_secrets(place: Place, request: SubmissionRequest, team: str, *, target: Path) -> None:
    """Give it the secrets of its scope, which is one of its team's own, and no others."""
    target.mkdir(mode=0o700, exist_ok=True)
    scope = request.params.secrets_scope
    if scope is None:
        return
    root = (place.state / "secrets" / team).resolve()
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
    place = read_place(folder.path.parents[1])
    client = boto3.client("s3")
    archive = WorkspaceArchive(client, place.bucket)
    lake = AttemptLake(place, created.order, client, folder.path / "lake")
    images = Images(os.environ, place.images)
    engines = MachineEngines(
        archive=archive,
        tables=lake,
        programs=ProcessEngine(images=images, folder=folder).run,
        ray_jobs=RayEngine(images=images, folder=folder, place=place).run,
        statements=lake.run,
    )
    worker = Worker(
        order=created.order, place=place, folder=folder, archive=archive, engines=engines, clock_ms=_clock_ms
    )
    worker.run()


if __name__ == "__main__":
    main(sys.argv[1])

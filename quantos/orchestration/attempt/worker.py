"""Runs one attempt in a folder of its own, on whichever executor."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from quantos.contracts.dag.outputs import Output
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.errors import OrchestrationError, QuantosError
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.attempt.folder import AttemptFolder, Exit
from quantos.orchestration.attempt.log_shipping import LogShipper
from quantos.orchestration.execution.classify import End, ExitFacts, classify
from quantos.orchestration.execution.local import Engines, Given, LocalAttempt, Ran
from quantos.orchestration.kinds.kind import kinds
from quantos.orchestration.protocol.rows import AttemptKey, Order
from quantos.orchestration.tracing.identity import traceparent


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Runs one attempt: keeps its log meanwhile, then what it gave, then how it ended.

    Attributes:
        given: what it is really given.
        give_secrets: puts the secrets of a submission into a folder, which is there. Raises OrchestrationError.
        otlp_endpoint: where its program sends spans; "" for nowhere.
        clock_ms: epoch milliseconds.
    """

    order: Order
    folder: AttemptFolder
    archive: WorkspaceArchive
    engines: Engines
    given: Given
    give_secrets: Callable[[SubmissionRequest, Path], None]
    otlp_endpoint: str
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
        self.folder.secrets.mkdir(mode=0o700, exist_ok=True)
        self.give_secrets(request, self.folder.secrets)
        attempt = LocalAttempt(
            name=str(self.key),
            team=self.key.run.team,
            submission_id=self.key.run.submission_id,
            node=node,
            workspace=self.folder.workspace,
            inputs=self._inputs(node.ins),
            variables={**node.env, **_variables(self.key, self.otlp_endpoint)},
            secrets=self.folder.secrets,
            given=self.given,
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


def _variables(key: AttemptKey, otlp_endpoint: str) -> dict[str, str]:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp_endpoint} if otlp_endpoint else {}
    return {
        "QUANTOS_SUBMISSION_ID": key.run.submission_id,
        "QUANTOS_TEAM": key.run.team,
        "QUANTOS_NODE": key.node,
        "QUANTOS_ATTEMPT": str(key.attempt),
        "TRACEPARENT": traceparent(key),
        **endpoint,
    }

"""Makes known what became of attempts: publishes what they gave, and tells lineage."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from quantos.contracts.dag.outputs import Output, Outputs
from quantos.contracts.dag.spec import DagSpec
from quantos.errors import OrchestrationError
from quantos.lake.tables import SCHEME
from quantos.orchestration.lineage import events
from quantos.orchestration.lineage.delivery import Delivery, Undelivered
from quantos.orchestration.lineage.names import Naming
from quantos.orchestration.protocol.ports import RowStore, Sender
from quantos.orchestration.protocol.rows import (
    AttemptKey,
    Closing,
    Finished,
    Node,
    Recorded,
    RunKey,
    Started,
    Submission,
)
from quantos.orchestration.publication.publishing import ObjectStore, publications, publish, published
from quantos.orchestration.submission.pins import AdmissionStore
from quantos.orchestration.submission.ports import SpecStore
from quantos.orchestration.tracing.ports import SpanExporter
from quantos.orchestration.tracing.spans import Span, attempt_span, submission_span


@dataclass(frozen=True, kw_only=True)
class RunWitness:
    """A Witness of an environment. Key of what is published: its name; of lineage: attempt and type of event; of spans:
    their ids. Without an exporter nothing is traced.
    """

    rows: RowStore
    specs: SpecStore
    admissions: AdmissionStore
    objects: ObjectStore
    bus: Sender
    lineage: Delivery
    spans: SpanExporter | None
    naming: Naming
    chain: str
    clock: Callable[[], datetime]

    def tell(self, message: Started | Finished | Closing, submission: Submission) -> None:
        """Publish what an attempt gave that succeeded, and tell lineage and traces of it; of a run, traces.

        Nothing once the run's ttl is over: a message that comes so late was told long ago, and what it is
        about is gone.

        Raises:
            OrchestrationError: what it gave or took is not there, or cannot be put.
            BusError: the record of a publication cannot be sent. Telling it again is safe, and finishes it.
        """
        if submission.ttl_is_over(round(self.clock().timestamp() * 1000)):
            return
        if isinstance(message, Closing):
            self._trace(submission_span(submission), submission.run)
            return
        dag = self.specs.get(submission.run.team, submission.digest).dag
        nodes = {node.id: node for node in self.rows.load_nodes(submission.run, submission.digest)}
        attempt = message.attempt
        succeeded = isinstance(message, Finished) and message.end == "succeeded"
        attempts = [*self._taken(dag, nodes, attempt), *([attempt] if succeeded else [])]
        outputs = {each: self._outputs(each) for each in attempts}
        facts = events.RunFacts(
            submission=submission,
            nodes=nodes,
            dag=dag,
            outputs=outputs,
            reads=self._reads(submission, dag),
            naming=self.naming,
        )
        if isinstance(message, Started):
            self.lineage.deliver(attempt, events.starts(facts, message))
            return
        if succeeded:
            self._publish(submission, attempt, outputs[attempt])
        for event in events.ends(facts, message):
            self.lineage.deliver(attempt, event)
        self._trace(attempt_span(submission, nodes[attempt.node], message), attempt)

    def _trace(self, span: Span | None, about: AttemptKey | RunKey) -> None:
        """Export a span; a collector that does not take it holds nothing up, and is reported."""
        if span is None or self.spans is None:
            return
        try:
            self.spans.export([span])
        except OrchestrationError as error:
            self.lineage.report(Undelivered("otlp", about, error))

    def _publish(self, submission: Submission, attempt: AttemptKey, outputs: Outputs) -> None:
        for publication in publications(submission, outputs):
            publish(publication, attempt, self.objects)
            record = published(publication, attempt, digest=submission.digest, at=self.clock(), chain=self.chain)
            self.bus.send(Recorded(record))

    def _taken(self, dag: DagSpec, nodes: dict[str, Node], attempt: AttemptKey) -> list[AttemptKey]:
        givers = set(events.givers(dag, attempt.node).values())
        return [nodes[giver].last_attempt for giver in sorted(givers)]

    def _reads(self, submission: Submission, dag: DagSpec) -> dict[str, list[Output]]:
        """Tables that statements read, by node, each as it was pinned."""
        admission = self.admissions.find(submission.run.team, submission.digest)
        if admission is None:
            return {}
        uris = {node.id: str(node.params.get("sql_uri")) for node in dag.nodes}
        return {
            node: [_table(table, admission.snapshots[table]) for table in admission.reads[uri]]
            for node, uri in uris.items()
            if uri in admission.reads
        }

    def _outputs(self, attempt: AttemptKey) -> Outputs:
        content = self.objects.read(f"workspaces/{attempt}/outputs.json")
        if content is None:
            raise OrchestrationError(
                f"{attempt} succeeded, and its outputs.json is not there",
                remedy="the executor writes it before it says so: see its log",
            )
        return Outputs.model_validate_json(content)


def _table(name: str, snapshot_id: str) -> Output:
    return Output(type="table", uri=f"{SCHEME}{name.replace('.', '/', 1)}", snapshot_id=snapshot_id, size_bytes=0)

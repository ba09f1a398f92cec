"""What a function tells of its work: log lines, metrics and traces, joined by one correlation id a decision.

Powertools' logger, tracer and embedded metrics under one service name. Metrics go to the log's stream when a call ends,
a document for each set of dimensions, also when the call fails.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from logging import StreamHandler
from typing import Any, Final, TypeAlias, TypeVar

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import runtime
from quantos.environment.settings.functions import FunctionName
from quantos.messaging.ports import TopicRecord
from quantos.observability.correlation import decision_id
from quantos.observability.metric_names import (
    DEAD_LETTER_SHARE,
    DEAD_LETTERS,
    SERVICE,
    TOPIC,
    UNDELIVERED_LINEAGE,
    Metric,
)
from quantos.orchestration.lineage.delivery import Undelivered

A = TypeVar("A")
Handler: TypeAlias = Callable[[dict[str, Any], LambdaContext], A]
_Dimensions: TypeAlias = tuple[tuple[str, str], ...]
MOST_VALUES: Final = 99
"""In one document: at a hundred, the most of the format, powertools writes it by itself and begins another."""


class Instruments:
    """Those of one function. `logger` writes lines; what is said of one decision goes inside `about`.

    `correlation_path` says where an event names what caused it, for calls that are of no decision.
    """

    def __init__(self, service: FunctionName, *, correlation_path: str | None = None) -> None:
        self._correlation_path = correlation_path
        self.logger = Logger(service=service)
        self._tracer = Tracer(service=service)
        self._service = service
        self._counted: defaultdict[_Dimensions, list[tuple[Metric, float]]] = defaultdict(list)

    def __call__(self, handler: Handler[A]) -> Handler[A]:
        """The handler with its log context, its trace, and its metrics written when it ends."""

        @wraps(handler)
        def measured(event: dict[str, Any], context: LambdaContext) -> A:
            try:
                return handler(event, context)
            finally:
                self._write()

        traced = self._tracer.capture_lambda_handler(measured, capture_response=False)
        return self.logger.inject_lambda_context(traced, correlation_id_path=self._correlation_path, clear_state=True)

    @contextmanager
    def about(self, stack: str, sequence: int, **more: str | int) -> Iterator[None]:
        """Lines and the trace within are about the decision on a stack at the end of a bin, epoch seconds."""
        correlation_id = decision_id(stack, sequence)
        with (
            self.logger.append_context_keys(correlation_id=correlation_id, stack=stack, sequence=sequence, **more),
            self._tracer.provider.in_subsegment(name="decision") as segment,
        ):
            segment.put_annotation(key="correlation_id", value=correlation_id)
            yield

    @contextmanager
    def of_run(self, run: str, **more: str | int) -> Iterator[None]:
        """Lines and the trace within are about a run, `team/submission/run`."""
        submission_id = run.split("/")[1]
        with (
            self.logger.append_context_keys(correlation_id=run, run=run, submission_id=submission_id, **more),
            self._tracer.provider.in_subsegment(name="run") as segment,
        ):
            segment.put_annotation(key="correlation_id", value=run)
            yield

    def undelivered(self, undelivered: Undelivered) -> None:
        """Log and count a transport of lineage that did not take an event."""
        extra = {"transport": undelivered.transport, "about": str(undelivered.about)}
        self.logger.error("undelivered: %s", undelivered.error, extra=extra)
        self.count(UNDELIVERED_LINEAGE, 1)

    def count(self, metric: Metric, value: float, **dimensions: str) -> None:
        """Add a value, with the dimensions that the metric has beside `service`."""
        if set(dimensions) != set(metric.dimensions):
            raise ValueError(f"{metric.name} has the dimensions {metric.dimensions}, not {tuple(dimensions)}")
        self._counted[tuple(sorted(dimensions.items()))].append((metric, value))

    def count_batch(self, records: Sequence[TopicRecord], *, rejected: int, counts: Mapping[str, int]) -> None:
        """Log what became of a batch, which never mixes topics, and count its dead letters."""
        self.logger.info("batch taken", extra={**counts, "rejected": rejected, "records": positions(records)})
        if records:
            topic = topic_of(records)
            self.count(DEAD_LETTERS, rejected, **{TOPIC: topic})
            self.count(DEAD_LETTER_SHARE, 100 * rejected / len(records), **{TOPIC: topic})

    def _write(self) -> None:
        counted, self._counted = self._counted, defaultdict(list)
        namespace = runtime.current().settings.names().prefix if counted else ""
        for dimensions, values in counted.items():
            for start in range(0, len(values), MOST_VALUES):
                self._write_document(namespace, dimensions, values[start : start + MOST_VALUES])

    def _write_document(self, namespace: str, dimensions: _Dimensions, values: Sequence[tuple[Metric, float]]) -> None:
        document = AmazonCloudWatchEMFProvider(
            metric_set={}, dimension_set={}, metadata_set={}, namespace=namespace, service=self._service
        )
        for name, value in ((SERVICE, self._service), *dimensions):
            document.add_dimension(name=name, value=value)
        for metric, number in values:
            document.add_metric(name=metric.name, unit=metric.unit, value=number)
        line = json.dumps(document.serialize_metric_set(), separators=(",", ":"))
        handler = self.logger.registered_handler
        print(line, file=handler.stream if isinstance(handler, StreamHandler) else sys.stdout)


def topic_of(records: Sequence[TopicRecord]) -> str:
    """The topic of a batch; a word in its place where the event does not name it."""
    return next((record.topic for record in records if record.topic), "unnamed")


def positions(records: Sequence[TopicRecord]) -> list[str]:
    """Where records stand, `topic/partition@first-last` in order, by which one is found again in the log."""
    offsets: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for record in records:
        offsets[record.topic, record.partition].append(record.offset)
    return [f"{topic}/{partition}@{min(at)}-{max(at)}" for (topic, partition), at in sorted(offsets.items())]

"""Takes telemetry. Trigger: the telemetry topics. Idempotency key of a record: (series, time, source, known_at)."""

from collections import defaultdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import records, runtime
from lambdas.instruments import Instruments, positions, topic_of
from quantos.messaging.ports import TopicRecord
from quantos.observability.metric_names import SAMPLES
from quantos.telemetry.adapters.composition import compose_intake
from quantos.telemetry.bins import floor_to_bin
from quantos.telemetry.intake import BatchResult, Intake

instruments = Instruments("ingest")


def _compose(current: runtime.Runtime) -> Intake:
    return compose_intake(current.settings, publisher=current.publisher, clock=current.clock)


service = runtime.PerRuntime(_compose)


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Take the good records of the batch and set the others aside; when a store fails the batch comes again whole."""
    del context
    batch = tuple(records.decoded(event))
    taken = service().take(batch)
    instruments.count_batch(batch, rejected=taken.rejected, counts={"samples": taken.samples})
    if batch:
        instruments.count(SAMPLES, taken.samples, Topic=topic_of(batch))
    _tell_decisions(taken)
    return {"samples": taken.samples, "rejected": taken.rejected}


def _tell_decisions(taken: BatchResult) -> None:
    """Log by the first decision that sees them which records became samples."""
    settings = runtime.current().settings
    bin_seconds, stack = settings.decisions.bin_seconds, settings.names().stack("capacity")
    by_sequence: defaultdict[int, list[TopicRecord]] = defaultdict(list)
    for record, moment in taken.taken:
        by_sequence[floor_to_bin(moment, bin_seconds=bin_seconds) + bin_seconds].append(record)
    for sequence, seen in sorted(by_sequence.items()):
        with instruments.about(stack, sequence):
            instruments.logger.info("samples stored", extra={"samples": len(seen), "records": positions(seen)})

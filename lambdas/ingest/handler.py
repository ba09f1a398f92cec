"""Takes telemetry. Trigger: the telemetry topics. Idempotency key of a record: (series, time, source, known_at)."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import records, runtime
from lambdas.instruments import Instruments
from lambdas.telling.samples import by_sequence, tell_samples
from quantos.telemetry.adapters.composition import compose_intake
from quantos.telemetry.intake import Intake

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
    settings = runtime.current().settings
    with_samples = by_sequence(taken, bin_seconds=settings.decisions.bin_seconds)
    tell_samples(instruments, with_samples, stack=settings.names().stack("capacity"))
    return {"samples": taken.samples, "rejected": taken.rejected}

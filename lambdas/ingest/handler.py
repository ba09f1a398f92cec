"""Takes telemetry. Trigger: the telemetry topics. Idempotency key of a record: (series, time, source, known_at)."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import records, runtime
from lambdas.measures import log_batch
from quantos.telemetry.adapters.composition import compose_intake
from quantos.telemetry.intake import Intake

logger = Logger(service="ingest")


def _compose(current: runtime.Runtime) -> Intake:
    return compose_intake(current.settings, publisher=current.publisher, clock=current.clock)


service = runtime.PerRuntime(_compose)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Take the good records of the batch and set the others aside; when a store fails the batch comes again whole."""
    del context
    batch = tuple(records.decoded(event))
    taken = service().take(batch)
    log_batch(logger, batch, rejected=taken.rejected, counts={"samples": taken.samples})
    return {"samples": taken.samples, "rejected": taken.rejected}

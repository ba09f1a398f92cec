"""Writes the audit chain. Trigger: topic `audit.records`. Idempotency key of a record: `record_id`."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import records, runtime
from lambdas.instruments import Instruments
from lambdas.telling.links import tell_links
from quantos.audit.adapters.composition import compose_intake
from quantos.audit.intake import AuditIntake

instruments = Instruments("audit")


def _compose(current: runtime.Runtime) -> AuditIntake:
    return compose_intake(current.settings, publisher=current.publisher)


service = runtime.PerRuntime(_compose)


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Append what the chain lacks and set aside what it cannot take; when a store fails the batch comes again whole."""
    del context
    batch = tuple(records.decoded(event))
    taken = service().take(batch)
    counts = {"appended": taken.appended, "known": taken.known}
    instruments.count_batch(batch, rejected=taken.rejected, counts=counts)
    tell_links(instruments, taken.links)
    return {**counts, "rejected": taken.rejected}

"""Anchors the audit chain. Trigger: an hourly schedule. Idempotency key of an anchor: (chain, hour)."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import runtime
from lambdas.instruments import Instruments
from quantos.audit.adapters.composition import compose_anchoring
from quantos.audit.anchoring import AnchoringService
from quantos.contracts.plan import DecisionRequest

instruments = Instruments("anchor")


def _compose(current: runtime.Runtime) -> AnchoringService:
    return compose_anchoring(current.settings)


service = runtime.PerRuntime(_compose)


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str | None]:
    """Keep the chain's end for the hour and answer it; where it is another than an hour ago the call fails."""
    del context
    anchor = service().anchor(DecisionRequest.model_validate(event).scheduled_time)
    text = None if anchor is None else anchor.text
    instruments.logger.info("chain anchored", extra={"anchor": text})
    return {"anchor": text}

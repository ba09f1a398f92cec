"""Decides one stack. Trigger: EventBridge Scheduler. Idempotency key: (stack, bin end)."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import runtime
from lambdas.instruments import Instruments
from lambdas.telling.plans import tell_ages, tell_plan
from quantos.capacity.adapters.decisions import compose_decisions
from quantos.capacity.decision.service import DecisionService
from quantos.contracts.plan import DecisionRequest

instruments = Instruments("forecast")


def _compose(current: runtime.Runtime) -> DecisionService:
    return compose_decisions(current.settings, catalog=current.catalog, publisher=current.publisher)


service = runtime.PerRuntime(_compose)


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str | None]:
    """Publish the plan of the bin that ended last and answer its id; None when that bin is already applied."""
    del context
    request = DecisionRequest.model_validate(event)
    with instruments.about(request.stack, service().bin_end(request)):
        plan = service().decide(request)
        if plan is None:
            instruments.logger.info("nothing left to decide")
            return {"plan_id": None}
        tell_ages(instruments, service().newest_sample_ages)
        tell_plan(instruments, plan)
    return {"plan_id": plan.plan_id}

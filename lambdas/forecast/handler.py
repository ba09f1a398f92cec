"""Decides one stack. Trigger: EventBridge Scheduler. Idempotency key: (stack, bin end)."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import runtime
from lambdas.measures import log_ages
from quantos.capacity.adapters.decisions import compose_decisions
from quantos.capacity.decision.service import DecisionService
from quantos.contracts.plan import DecisionRequest
from quantos.environment.measures import RETIRED_SOURCES, SILENT_SOURCES

logger = Logger(service="forecast")


def _compose(current: runtime.Runtime) -> DecisionService:
    return compose_decisions(current.settings, catalog=current.catalog, publisher=current.publisher)


service = runtime.PerRuntime(_compose)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str | None]:
    """Publish the plan of the bin that ended last and answer its id; None when that bin is already applied."""
    del context
    plan = service().decide(DecisionRequest.model_validate(event))
    if plan is None:
        logger.info("nothing left to decide")
        return {"plan_id": None}
    log_ages(logger, service().newest_sample_ages)
    silences = plan.explanation.silences
    logger.info(
        plan.explanation.sentence,
        extra={
            "plan_id": plan.plan_id,
            "sequence": plan.sequence,
            SILENT_SOURCES.field: sum(not item.retired for item in silences),
            RETIRED_SOURCES.field: sum(item.retired for item in silences),
            "held_by_silence_usd_per_hour": round(sum(item.usd_per_hour for item in silences), 4),
        },
    )
    return {"plan_id": plan.plan_id}

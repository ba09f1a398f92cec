"""Decides one stack. Trigger: EventBridge Scheduler. Idempotency key: (stack, bin end)."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import runtime
from lambdas.instruments import Instruments
from quantos.capacity.adapters.decisions import compose_decisions
from quantos.capacity.decision.service import DecisionService
from quantos.contracts.plan import DecisionRequest, ScalingPlan
from quantos.observability.metric_names import OLDEST_SAMPLE_AGE, RETIRED_SOURCES, SAMPLE_AGE, SILENT_SOURCES
from quantos.telemetry.bins import floor_to_bin

instruments = Instruments("forecast")


def _compose(current: runtime.Runtime) -> DecisionService:
    return compose_decisions(current.settings, catalog=current.catalog, publisher=current.publisher)


service = runtime.PerRuntime(_compose)


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str | None]:
    """Publish the plan of the bin that ended last and answer its id; None when that bin is already applied."""
    del context
    request = DecisionRequest.model_validate(event)
    bin_seconds = runtime.current().settings.decisions.bin_seconds
    with instruments.about(request.stack, floor_to_bin(request.scheduled_time, bin_seconds=bin_seconds)):
        plan = service().decide(request)
        if plan is None:
            instruments.logger.info("nothing left to decide")
            return {"plan_id": None}
        _tell_ages(service().newest_sample_ages)
        _tell(plan)
    return {"plan_id": plan.plan_id}


def _tell_ages(ages_seconds: Mapping[str, int]) -> None:
    """How old the newest sample of each series is, and the greatest age of all."""
    for series, age in sorted(ages_seconds.items()):
        instruments.count(SAMPLE_AGE, age, Series=series)
    oldest = max(ages_seconds.values(), default=0)
    instruments.count(OLDEST_SAMPLE_AGE, oldest)
    instruments.logger.info("samples read", extra={"ages_seconds": dict(ages_seconds), "oldest_age_seconds": oldest})


def _tell(plan: ScalingPlan) -> None:
    silences = plan.explanation.silences
    silent, retired = sum(not item.retired for item in silences), sum(item.retired for item in silences)
    instruments.count(SILENT_SOURCES, silent)
    instruments.count(RETIRED_SOURCES, retired)
    instruments.logger.info(
        plan.explanation.sentence,
        extra={
            "plan_id": plan.plan_id,
            "silent": silent,
            "retired_sources": retired,
            "held_by_silence_usd_per_hour": round(sum(item.usd_per_hour for item in silences), 4),
        },
    )

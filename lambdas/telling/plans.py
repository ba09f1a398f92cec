"""What is said and counted of plans and what became of them."""

from collections.abc import Mapping

from lambdas.instruments import Instruments
from quantos.contracts.plan import ResizeOutcome, ScalingPlan
from quantos.observability.metric_names import (
    FAULTS,
    OLDEST_SAMPLE_AGE,
    PLANS,
    RETIRED_SOURCES,
    SAMPLE_AGE,
    SILENT_SOURCES,
)


def tell_ages(instruments: Instruments, ages_seconds: Mapping[str, int]) -> None:
    """How old the newest sample of each series is, and the greatest age of all."""
    for series, age in sorted(ages_seconds.items()):
        instruments.count(SAMPLE_AGE, age, Series=series)
    oldest = max(ages_seconds.values(), default=0)
    instruments.count(OLDEST_SAMPLE_AGE, oldest)
    instruments.logger.info("samples read", extra={"ages_seconds": dict(ages_seconds), "oldest_age_seconds": oldest})


def tell_plan(instruments: Instruments, plan: ScalingPlan) -> None:
    """A plan that is published."""
    silences = plan.explanation.silences
    silent, retired = sum(not item.retired for item in silences), sum(item.retired for item in silences)
    instruments.count(SILENT_SOURCES, silent)
    instruments.count(RETIRED_SOURCES, retired)
    held = round(sum(item.usd_per_hour for item in silences), 4)
    counts = {"silent": silent, "retired_sources": retired, "held_by_silence_usd_per_hour": held}
    instruments.logger.info(plan.explanation.sentence, extra={"plan_id": plan.plan_id, **counts})


def tell_outcome(instruments: Instruments, outcome: ResizeOutcome) -> None:
    """What became of a plan."""
    instruments.logger.info("plan %s", outcome.status, extra={"status": outcome.status, "reason": outcome.reason})
    instruments.count(PLANS, 1, Status=outcome.status)
    if fault := FAULTS.get(outcome.status):
        instruments.count(fault, 1)

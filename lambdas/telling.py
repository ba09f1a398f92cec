"""What functions say and count of samples, plans and outcomes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from lambdas.instruments import Instruments, positions, topic_of
from quantos.contracts.audit import ChainLink
from quantos.contracts.plan import ResizeOutcome, ScalingPlan
from quantos.messaging.ports import TopicRecord
from quantos.observability.metric_names import (
    AUDIT_LINKS,
    FAULTS,
    OLDEST_SAMPLE_AGE,
    PLANS,
    RETIRED_SOURCES,
    SAMPLE_AGE,
    SAMPLES,
    SILENT_SOURCES,
)
from quantos.telemetry.bins import floor_to_bin
from quantos.telemetry.intake import BatchResult


def by_sequence(taken: BatchResult, *, bin_seconds: int) -> dict[int, list[TopicRecord]]:
    """Records that became samples, by the sequence of the first decision that sees them: the end of their bin."""
    seen: defaultdict[int, list[TopicRecord]] = defaultdict(list)
    for record, moment in taken.taken:
        seen[floor_to_bin(moment, bin_seconds=bin_seconds) + bin_seconds].append(record)
    return dict(sorted(seen.items()))


def tell_samples(instruments: Instruments, seen: Mapping[int, Sequence[TopicRecord]], *, stack: str) -> None:
    """Which records each decision on `stack` sees first."""
    for sequence, records in seen.items():
        instruments.count(SAMPLES, len(records), Topic=topic_of(records))
        with instruments.about(stack, sequence):
            instruments.logger.info("samples stored", extra={"samples": len(records), "records": positions(records)})


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


def tell_links(instruments: Instruments, links: Sequence[ChainLink]) -> None:
    """New links of the audit chain; those of plans and outcomes are about their decisions."""
    instruments.count(AUDIT_LINKS, len(links))
    for link in links:
        record = link.record
        extra = {"link": link.sequence, "chain": link.chain, "record_id": record.record_id, "kind": record.kind}
        sequence = record.body.get("sequence")
        if isinstance(sequence, int):
            with instruments.about(record.subject, sequence):
                instruments.logger.info("link appended", extra=extra)
        else:
            instruments.logger.info("link appended", extra=extra)

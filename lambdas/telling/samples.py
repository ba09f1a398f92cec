"""What is said and counted of samples."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from lambdas.instruments import Instruments, positions, topic_of
from quantos.messaging.ports import TopicRecord
from quantos.observability.metric_names import SAMPLES
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
    if every := [record for records in seen.values() for record in records]:
        instruments.count(SAMPLES, len(every), Topic=topic_of(every))
    for sequence, records in seen.items():
        with instruments.about(stack, sequence):
            instruments.logger.info("samples stored", extra={"samples": len(records), "records": positions(records)})

"""Logs what alarms count, in the fields that `quantos.environment.measures` names."""

from collections.abc import Mapping, Sequence

from aws_lambda_powertools import Logger

from quantos.environment.measures import DEAD_LETTER_SHARE, DEAD_LETTERS, OLDEST_SAMPLE_AGE, SAMPLE_AGE, TOPIC
from quantos.messaging.ports import TopicRecord


def log_batch(logger: Logger, records: Sequence[TopicRecord], *, rejected: int, counts: Mapping[str, int]) -> None:
    """Log what became of a batch, which never mixes topics."""
    share = 100 * rejected / len(records) if records else 0.0
    measured = {DEAD_LETTERS.field: rejected, DEAD_LETTER_SHARE.field: share}
    topic = {DEAD_LETTERS.dimensions[TOPIC]: records[0].topic} if records else {}
    logger.info("batch taken", extra={**counts, **measured, **topic})


def log_ages(logger: Logger, ages_seconds: Mapping[str, int]) -> None:
    """Log how old the newest sample of each series is, and the greatest age of all."""
    (series,) = SAMPLE_AGE.dimensions.values()
    for name, age in sorted(ages_seconds.items()):
        logger.info("newest sample", extra={series: name, SAMPLE_AGE.field: age})
    logger.info("samples read", extra={OLDEST_SAMPLE_AGE.field: max(ages_seconds.values(), default=0)})

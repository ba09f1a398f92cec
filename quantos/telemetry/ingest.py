"""From bytes on a telemetry topic to a sample, or to the reason why not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import ValidationError

from quantos.contracts import topics
from quantos.contracts.demand import DemandSample

RejectionReason = Literal["not-json", "schema", "wrong-topic", "not-a-number", "negative", "absurd", "future"]

MAX_VALUE: Final = 1e15
"""Largest believable value, units per bin."""

MIN_POSITIVE_VALUE: Final = 1e-12
"""Smallest believable value above zero, units per bin."""

MAX_AHEAD: Final = timedelta(hours=1)
"""How far a producer's clock may run ahead of ours."""

_SERIES_PREFIX: Final = {
    topics.TELEMETRY_MARKET: "market/",
    topics.TELEMETRY_SYSTEM: "system/",
    topics.TELEMETRY_WORKLOAD: "workload/",
}


@dataclass(frozen=True)
class Rejection:
    """Why a record is no sample: a stable reason to count by, and one sentence to read."""

    reason: RejectionReason
    detail: str


def parse_sample(payload: bytes, *, topic: str, now: datetime) -> DemandSample | Rejection:
    """Read one record of a telemetry topic.

    Args:
        payload: the record's value as it arrived.
        topic: the topic it arrived on, which fixes the prefix of its series.
        now: the present, aware; a sample more than `MAX_AHEAD` later is refused. Late samples are welcome.
    """
    try:
        sample = DemandSample.model_validate_json(payload)
    except ValidationError as exc:
        return _named(exc)
    prefix = _SERIES_PREFIX.get(topic)
    if prefix is None or not sample.series.startswith(prefix):
        return Rejection("wrong-topic", f"series {sample.series} does not belong on topic {topic}")
    if sample.value > MAX_VALUE or 0 < sample.value < MIN_POSITIVE_VALUE:
        return Rejection("absurd", f"value {sample.value:g} is not believable as units per bin")
    if sample.time > now + MAX_AHEAD:
        return Rejection("future", f"time {sample.time.isoformat()} is ahead of {now.isoformat()}")
    return sample


def _named(error: ValidationError) -> Rejection:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    detail = f"{field}: {first['msg']}" if field else first["msg"]
    if first["type"] == "json_invalid":
        return Rejection("not-json", detail)
    if field == "value" and first["type"] == "finite_number":
        return Rejection("not-a-number", detail)
    if field == "value" and first["type"] == "greater_than_equal":
        return Rejection("negative", detail)
    return Rejection("schema", detail)

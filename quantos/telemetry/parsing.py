"""From bytes on a telemetry topic to a sample, or to the reason why not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import ValidationError

from quantos.contracts import topics
from quantos.contracts.demand import DemandSample, SignalSample
from quantos.contracts.reading import read_strictly

RejectionReason = Literal[
    "damaged",
    "not-json",
    "schema",
    "wrong-topic",
    "not-a-number",
    "negative",
    "absurd",
    "future",
    "past",
    "hour-full",
]

MAX_VALUE: Final = 1e15
"""Largest believable value, units per bin; of a signal, its size in its own unit."""

MIN_POSITIVE_VALUE: Final = 1e-12
"""Smallest believable value above zero, likewise."""

MAX_AHEAD: Final = timedelta(hours=1)
"""How far a producer's clock may run ahead of ours."""

MAX_BEHIND: Final = timedelta(days=20 * 365)
"""How late a record may be. Clocks that were never set stand at 1970, 1980 or 2000."""


@dataclass(frozen=True)
class Rejection:
    """Why a record is no sample: a stable reason to count by, and one sentence to read."""

    reason: RejectionReason
    detail: str


def parse_record(payload: bytes, *, topic: str, now: datetime) -> DemandSample | SignalSample | Rejection:
    """Read one record of a telemetry topic.

    Args:
        payload: the record's value as it arrived.
        topic: the topic it arrived on, which fixes the prefix of its series, and whether it is a signal.
        now: the present, aware; what is stamped more than `MAX_AHEAD` later is refused, a signal's value by when it was
            known. Late records are welcome, up to `MAX_BEHIND`.
    """
    try:
        if topic == topics.TELEMETRY_SIGNAL:
            return _checked_signal(read_strictly(SignalSample, payload), now=now)
        return _checked_sample(read_strictly(DemandSample, payload), topic=topic, now=now)
    except ValidationError as exc:
        return _named(exc)


def _checked_sample(sample: DemandSample, *, topic: str, now: datetime) -> DemandSample | Rejection:
    if topics.SAMPLED[sample.series.partition("/")[0]] != topic:
        return Rejection("wrong-topic", f"series {sample.series} does not belong on topic {topic}")
    if _absurd(sample.value):
        return Rejection("absurd", f"value {sample.value:g} is not believable as units per bin")
    if sample.time > now + MAX_AHEAD:
        return Rejection("future", f"time {sample.time.isoformat()} is ahead of {now.isoformat()}")
    if sample.known_at is not None and sample.known_at > now + MAX_AHEAD:
        return Rejection("future", f"known_at {sample.known_at.isoformat()} is ahead of {now.isoformat()}")
    return _not_past(sample.time, now=now) or sample


def _checked_signal(sample: SignalSample, *, now: datetime) -> SignalSample | Rejection:
    if _absurd(sample.value):
        return Rejection("absurd", f"value {sample.value:g} is not believable")
    if sample.known_at > now + MAX_AHEAD:
        return Rejection(
            "future", f"known_at {sample.known_at.isoformat()} is ahead of {now.isoformat()}: nobody knows it yet"
        )
    return _not_past(min(sample.time, sample.known_at), now=now) or sample


def _not_past(moment: datetime, *, now: datetime) -> Rejection | None:
    if now - moment > MAX_BEHIND:
        return Rejection("past", f"{moment.isoformat()} is too long ago to be meant: was the producer's clock set?")
    return None


def _absurd(value: float) -> bool:
    return abs(value) > MAX_VALUE or 0 < abs(value) < MIN_POSITIVE_VALUE


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

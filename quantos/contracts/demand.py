"""Telemetry as it arrives, and a forecast of it."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, StrictBool, model_validator

from quantos.contracts import topics
from quantos.contracts.base import Contract, NonNegativeFinite, WholeSecond

SeriesName = Annotated[str, Field(pattern=rf"^({'|'.join(topics.SAMPLED)})/[A-Za-z0-9_.-]+$", max_length=120)]
SignalName = Annotated[str, Field(pattern=r"^signal/[A-Za-z0-9_.-]+$", max_length=120)]
SourceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,80}$")]

LONGEST_AHEAD: Final = timedelta(days=7)
"""How long before its time a signal's value may be told; what is further ahead is told again when it is nearer."""

LONGEST_HOLD: Final = timedelta(days=7)
"""How long a signal's value may stand."""


def runs_series(pool: str) -> str:
    """The demand series of the runs that orchestration has on a pool: vCPU that they use or wait for."""
    return f"workload/orch-{pool}"


def runs_signal(pool: str) -> str:
    """The signal that says what those runs are known to need of the pool in bins to come, vCPU."""
    return f"signal/orch-{pool}"


class DemandSample(Contract):
    """One measurement, a correction of one, or a goodbye. Key: (series, time, source, revision, known_at, goodbye).

    A redelivery carries the same value. A correction, up or down, has the same series, time and source, a greater
    `revision`, and says from when it was known; both are kept, so that what was known before it can still be told.

    Attributes:
        value: units in the bin that `time` starts (or the level at `time` for system series); of a goodbye 0.
        revision: 0 of what is told first.
        known_at: from when a decision could have known the value; None is as soon as it was measured.
        goodbye: nothing more is to come from the source, such as a pod that ends; it counts nothing, and a later
            sample takes it back.
    """

    series: SeriesName
    time: WholeSecond
    source: SourceName
    value: NonNegativeFinite
    revision: int = Field(default=0, ge=0, le=1_000_000, exclude_if=lambda value: value == 0)
    known_at: WholeSecond | None = Field(default=None, exclude_if=lambda value: value is None)
    goodbye: StrictBool = Field(default=False, exclude_if=lambda value: not value)

    @property
    def order(self) -> tuple[int, datetime, float, bool]:
        """Of samples of one series, time and source the greatest by this counts; no two are equal in it."""
        return self.revision, self.known_at or self.time, self.value, self.known_at is not None

    def was_known(self, by: datetime | None) -> bool:
        """Whether a decision of that moment could have known it; of any moment where that is None."""
        return by is None or self.known_at is None or self.known_at <= by

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.revision and self.known_at is None:
            raise ValueError("a correction says from when it was known: give known_at")
        if self.known_at is not None and self.known_at < self.time:
            raise ValueError("known_at is before time: nothing is known before it is measured")
        if self.goodbye and self.value:
            raise ValueError("a goodbye counts nothing: send what was measured before it, and the goodbye with value 0")
        return self


class SignalSample(Contract):
    """What became known of something beside demand. Key: (series, time, source, known_at).

    A redelivery carries the same value. A revision is a sample with the same time and a later `known_at`: both are
    kept, so that what was known before it can still be told.

    Attributes:
        time: what the value is about; of something scheduled, up to `LONGEST_AHEAD` after `known_at`.
        known_at: from when a decision could have known the value.
        holds_seconds: how long after `time` the value stands for the present while nothing newer is known.
    """

    series: SignalName
    time: WholeSecond
    known_at: WholeSecond
    source: SourceName
    value: FiniteFloat
    holds_seconds: int = Field(default=86_400, ge=60, le=int(LONGEST_HOLD.total_seconds()))

    @model_validator(mode="after")
    def _not_too_far_ahead(self) -> Self:
        if self.time - self.known_at > LONGEST_AHEAD:
            raise ValueError(f"time is more than {LONGEST_AHEAD.days} days after known_at: tell it again nearer to it")
        return self


class RejectedModel(BaseModel):
    """A candidate that did not serve, with its held-out score and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    score: FiniteFloat | None
    reason: str


class Forecast(Contract):
    """Demand of one series over the next steps, as quantiles.

    `values[q][h]` is the `levels[q]` quantile of demand in step `h`, units per bin; step 0 starts at `start`.
    `score` is the held-out pinball loss at the top level, lower is better.
    """

    series: str
    made_at: AwareDatetime
    start: AwareDatetime
    bin_seconds: int = Field(ge=60, le=3600)
    levels: tuple[float, ...] = Field(min_length=1)
    values: tuple[tuple[NonNegativeFinite, ...], ...] = Field(min_length=1)
    model: str
    score: FiniteFloat | None
    rejected: tuple[RejectedModel, ...] = ()
    degraded: str | None = None

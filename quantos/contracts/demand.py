"""Telemetry as it arrives, and a forecast of it."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat

from quantos.contracts.base import Contract, NonNegativeFinite, WholeSecond

SeriesName = Annotated[str, Field(pattern=r"^(market|system|workload)/[A-Za-z0-9_.-]+$", max_length=120)]


class DemandSample(Contract):
    """One measurement. Key: (series, time, source); a redelivery carries the same value.

    `value` counts units in the bin that `time` starts (or the level at `time` for system series).
    """

    series: SeriesName
    time: WholeSecond
    source: str = Field(pattern=r"^[A-Za-z0-9_.:-]{1,80}$")
    value: NonNegativeFinite


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

"""What a trader states: what a strategy needs, and what it may cost."""

from datetime import datetime, time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from quantos.contracts.base import Contract, NonNegativeFinite, PositiveFinite, Slug
from quantos.contracts.demand import SignalName, SourceName

Share = Annotated[float, Field(ge=0, le=1)]


class Session(BaseModel):
    """The hours in which a strategy has demand; outside them its demand is known to be zero.

    `opens` and `closes` are wall-clock times in `time_zone`; `weekdays` count from Monday = 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_zone: str = "UTC"
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    opens: time
    closes: time

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ValueError(f"{value!r} is not an IANA time zone") from exc
        return value

    def is_open(self, start: datetime, *, bin_seconds: int) -> bool:
        """Whether any part of the bin that starts at `start` (aware) lies in the session."""
        zone = ZoneInfo(self.time_zone)
        first = start.astimezone(zone)
        last = (start + timedelta(seconds=bin_seconds - 1)).astimezone(zone)
        return any(
            moment.weekday() in self.weekdays and self.opens <= moment.time() < self.closes for moment in (first, last)
        )


class ExchangeSession(BaseModel):
    """The hours of an exchange, with its holidays and half days; outside them demand is known to be zero.

    `calendar` is a name of exchange-calendars, such as `XNYS`. The hours may begin earlier and end later by whole
    minutes, for what runs before the opening and after the close.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    calendar: str
    opens_early_minutes: int = Field(default=0, ge=0, le=720)
    closes_late_minutes: int = Field(default=0, ge=0, le=720)

    @field_validator("calendar")
    @classmethod
    def _known_calendar(cls, value: str) -> str:
        from exchange_calendars import get_calendar_names  # noqa: PLC0415  brings pandas, half a second

        if value not in get_calendar_names():
            raise ValueError(f"{value!r} is no exchange calendar; name one such as XNYS, XLON or XTKS")
        return value


class ServiceLevel(BaseModel):
    """Latency at a percentile, and a throughput the strategy must always be given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_latency_ms: PositiveFinite
    percentile: float = Field(default=99.0, gt=0, lt=100)
    min_throughput_units: NonNegativeFinite = 0.0


class ServerNeeds(BaseModel):
    """What one server (a pod) of a strategy asks of its node."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vcpu: PositiveFinite
    memory_gib: NonNegativeFinite = 0.0
    network_mbps: NonNegativeFinite = 0.0


class ServiceProfile(BaseModel):
    """How long one server takes for one unit of demand, as measured, waiting excluded.

    `cs2` is the variance over the squared mean. `percentiles_ms` maps measured percentiles above 50 to milliseconds;
    best the service level's own and a higher one. `peak_factor` is the rate of the busiest moments of a bin over its
    mean, `arrival_ca2` how irregular arrivals are within them (1 for Poisson).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean_ms: PositiveFinite
    cs2: NonNegativeFinite = 1.0
    percentiles_ms: dict[float, PositiveFinite] = {}
    peak_factor: float = Field(default=1.0, ge=1, allow_inf_nan=False)
    arrival_ca2: NonNegativeFinite = 1.0
    server: ServerNeeds

    @field_validator("percentiles_ms")
    @classmethod
    def _ascending(cls, value: dict[float, float]) -> dict[float, float]:
        if wrong := sorted(percentile for percentile in value if not 50 < percentile < 100):
            raise ValueError(f"percentiles must lie between 50 and 100, not at {wrong[0]:g}")
        times = [value[percentile] for percentile in sorted(value)]
        if times != sorted(times):
            raise ValueError("a higher percentile cannot take less time than a lower one")
        return value


class CostLimits(BaseModel):
    """What a strategy may cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ceiling_usd_per_hour: PositiveFinite
    budget_usd_per_day: PositiveFinite


class Placement(BaseModel):
    """Where a strategy may run, beyond the pools it names; shares are of what it needs, in [0, 1].

    Attributes:
        min_spot_share: of what it is given, the least that must be spot (batch work). `max_spot_share`: the most.
        max_pool_share, max_zone_share: the most that one pool, or one zone, may hold.
        interruptible_share: what it can lose at once; no single spot pool holds more.
        zones: the ones it must stay in; empty allows all. A pool is allowed when all its zones are.
        preferred_zones: empty prefers none; `remote_usd_per_vcpu_hour` is what a vCPU outside them costs it more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_spot_share: Share = 0.0
    max_spot_share: Share = 1.0
    max_pool_share: Share = 1.0
    max_zone_share: Share = 1.0
    interruptible_share: Share = 1.0
    zones: tuple[str, ...] = ()
    preferred_zones: tuple[str, ...] = ()
    remote_usd_per_vcpu_hour: NonNegativeFinite = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_spot_share > self.max_spot_share:
            raise ValueError(f"min_spot_share {self.min_spot_share:g} is above max_spot_share {self.max_spot_share:g}")
        return self


class Strategy(Contract):
    """One strategy's needs and limits. Key: `name`.

    `pools` are those it may run on, in no order of preference: cost, limits and `placement` decide. `series` is the
    demand series that drives it, in units per bin; `units_per_vcpu` is the measured number of those units that one
    vCPU serves within the service level. With `service`, one unit is one request, and the strategy is also given the
    servers that queueing says the latency needs. `signals` are series that tell something about that demand before it
    comes, such as a count of news; `sources` are those of the series that are missed for as long as they tell nothing,
    where others are taken to have gone after a time. The document of a strategy without any is that of earlier
    releases.
    """

    name: Slug
    owner: str = Field(min_length=1)
    desk: str = Field(min_length=1)
    cost_centre: str = Field(min_length=1)
    pools: tuple[Slug, ...] = Field(min_length=1)
    placement: Placement = Placement()
    series: str = Field(pattern=r"^[a-z]+/[A-Za-z0-9_.-]+$")
    units_per_vcpu: PositiveFinite
    service_level: ServiceLevel
    cost: CostLimits
    miss_cost_usd_per_unit_hour: PositiveFinite
    priority: int = Field(ge=0, le=100)
    session: Session | ExchangeSession | None = None
    service: ServiceProfile | None = None
    signals: tuple[SignalName, ...] = Field(default=(), exclude_if=lambda value: not value)
    sources: tuple[SourceName, ...] = Field(default=(), exclude_if=lambda value: not value)

    @field_validator("pools", "signals", "sources")
    @classmethod
    def _named_once(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"one of {info.field_name} is named twice")
        return tuple(sorted(value))

    @property
    def miss_usd_per_vcpu_hour(self) -> float:
        """What an hour of one missing vCPU costs."""
        return self.miss_cost_usd_per_unit_hour * self.units_per_vcpu

    @property
    def stated_vcpu(self) -> float:
        """The vCPU of the throughput that it must always be given."""
        return self.service_level.min_throughput_units / self.units_per_vcpu


class StrategyBook(Contract):
    """Every strategy of an environment, names unique."""

    strategies: tuple[Strategy, ...] = ()

    @field_validator("strategies")
    @classmethod
    def _unique(cls, value: tuple[Strategy, ...]) -> tuple[Strategy, ...]:
        names = [strategy.name for strategy in value]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"strategies named twice: {', '.join(repeated)}")
        return value

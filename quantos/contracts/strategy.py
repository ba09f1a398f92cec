"""What a trader states: what a strategy needs, and what it may cost."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    PrivateAttr,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from quantos.contracts.base import Contract, Slug
from quantos.contracts.demand import SignalName, SourceName
from quantos.documents.cross_field import refuse_all

_TIME_OF_DAY: Final = re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)


def _time_of_day(value: object) -> object:
    """The wall-clock time in a text; one with a zone of its own, or a number, is refused."""
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if not isinstance(value, str) or not _TIME_OF_DAY.fullmatch(value):
        raise ValueError('must be a time of day in quotes and without a zone, such as "09:30"; "00:00" is midnight')
    return time.fromisoformat(value)


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=1e-9, le=1e12, allow_inf_nan=False)]
"""What somebody may mean: far from where arithmetic with floats ends."""

MOST_MISS_USD: Final = 1e9
NO_PLACES: Final = frozenset({"Factory", "localtime", "posixrules"})
"""Files among the time zones that are no zone, or the machine's own."""
"""What an hour of one missing vCPU may cost at most."""

AmountOrZero = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class Session(BaseModel):
    """The hours in which a strategy has demand; outside them its demand is known to be zero.

    `opens` and `closes` are wall-clock times in `time_zone`. A session that does not close after it opens closes the
    day after: 17:00 to 16:00 lasts 23 hours, 09:30 to 00:00 ends at midnight, 00:00 to 00:00 is the whole day.
    `weekdays` are the days it opens on, counted from Monday = 0: one that opens on Friday evening runs into Saturday.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_zone: str = "UTC"
    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = Field(default=(0, 1, 2, 3, 4), min_length=1)
    opens: TimeOfDay
    closes: TimeOfDay

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ValueError(f"{value!r} is not an IANA time zone") from exc
        if value in NO_PLACES:
            raise ValueError(f"{value!r} is another time on every machine, or none: name an IANA time zone")
        return value

    @field_validator("weekdays")
    @classmethod
    def _each_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a day is named twice")
        return value

    def is_open(self, start: datetime, *, bin_seconds: int) -> bool:
        """Whether any part of the bin that starts at `start` (aware) lies in the session."""
        zone = ZoneInfo(self.time_zone)
        ends = (start, start + timedelta(seconds=bin_seconds - 1))
        first, last = sorted(moment.astimezone(zone).replace(tzinfo=None) for moment in ends)
        day = first.date() - timedelta(days=1)
        while day <= last.date():
            opens = datetime.combine(day, self.opens)
            if day.weekday() in self.weekdays and opens <= last and first < opens + self.length:
                return True
            day += timedelta(days=1)
        return False

    @property
    def length(self) -> timedelta:
        """From the opening to the close, by the wall clock; more than nothing, a day at most."""
        opens, closes = (
            timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)
            for moment in (self.opens, self.closes)
        )
        return closes - opens if closes > opens else closes - opens + timedelta(days=1)


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


def _kind_of_session(value: object) -> str:
    """Which of both a document states, so that it is held to that one's fields only."""
    exchange = "calendar" in value if isinstance(value, dict) else isinstance(value, ExchangeSession)
    return "exchange" if exchange else "hours"


AnySession = Annotated[
    Annotated[Session, Tag("hours")] | Annotated[ExchangeSession, Tag("exchange")], Discriminator(_kind_of_session)
]


class ServiceLevel(BaseModel):
    """Latency at a percentile, and a throughput the strategy must always be given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_latency_ms: Amount
    percentile: float = Field(default=99.0, gt=0, lt=100)
    min_throughput_units: AmountOrZero = 0.0


class ServerNeeds(BaseModel):
    """What one server (a pod) of a strategy asks of its node, all at once; network beyond what comes in bursts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vcpu: Amount
    memory_gib: AmountOrZero = 0.0
    network_mbps: AmountOrZero = 0.0
    gpus: int = Field(default=0, ge=0, le=64, exclude_if=lambda value: not value)


class ServiceProfile(BaseModel):
    """How long one server takes for one unit of demand, as measured, waiting excluded.

    `cs2` is the variance over the squared mean. `percentiles_ms` maps measured percentiles above 50 to milliseconds;
    best the service level's own and a higher one. `peak_factor` is the rate of the busiest moments of a bin over its
    mean, `arrival_ca2` how irregular arrivals are within them (1 for Poisson).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean_ms: Amount
    cs2: AmountOrZero = 1.0
    percentiles_ms: dict[float, Amount] = {}
    peak_factor: float = Field(default=1.0, ge=1, le=1e6, allow_inf_nan=False)
    arrival_ca2: AmountOrZero = 1.0
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

    ceiling_usd_per_hour: Amount
    budget_usd_per_day: Amount


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
    remote_usd_per_vcpu_hour: AmountOrZero = 0.0

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
    where others are taken to have gone after a time. `resources` is what one of its pods asks of a node, where that is
    more than vCPU: it serves `units_per_vcpu` for each of its vCPU, and nodes are counted by what they run out of
    first. With `service`, its `server` says so. The document of a strategy without any of these is that of earlier
    releases.
    """

    name: Slug
    owner: str = Field(min_length=1)
    desk: str = Field(min_length=1)
    cost_centre: str = Field(min_length=1)
    pools: tuple[Slug, ...] = Field(min_length=1)
    placement: Placement = Placement()
    series: str = Field(pattern=r"^[a-z]+/[A-Za-z0-9_.-]+$")
    units_per_vcpu: Amount
    service_level: ServiceLevel
    cost: CostLimits
    miss_cost_usd_per_unit_hour: Amount
    priority: int = Field(ge=0, le=100)
    session: AnySession | None = None
    service: ServiceProfile | None = None
    signals: tuple[SignalName, ...] = Field(default=(), exclude_if=lambda value: not value)
    sources: tuple[SourceName, ...] = Field(default=(), exclude_if=lambda value: not value)
    resources: ServerNeeds | None = Field(default=None, exclude_if=lambda value: value is None)

    @field_validator("pools", "signals", "sources")
    @classmethod
    def _named_once(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"one of {info.field_name} is named twice")
        return tuple(sorted(value))

    @model_validator(mode="after")
    def _reckonable(self) -> Self:
        if not self.miss_usd_per_vcpu_hour <= MOST_MISS_USD:
            raise ValueError(
                f"miss_cost_usd_per_unit_hour times units_per_vcpu is {self.miss_usd_per_vcpu_hour:.3g} USD for an "
                f"hour of one vCPU, more than {MOST_MISS_USD:.0e}"
            )
        return self

    @model_validator(mode="after")
    def _one_pod(self) -> Self:
        message = "says what a pod asks for, and so does service.server: state service.server alone"
        refuse_all([(("resources",), message)] if self.resources is not None and self.service is not None else ())
        return self

    @property
    def counted_pod(self) -> ServerNeeds | None:
        """The pod in which its demand is counted, whole; None where its vCPU alone is."""
        server = None if self.service is None else self.service.server
        return server if server is not None and server.gpus else self.resources

    @property
    def gpus_per_vcpu(self) -> float:
        """GPUs that its demand asks for beside each vCPU; 0 where it asks for none."""
        pod = self.counted_pod
        return 0.0 if pod is None else pod.gpus / pod.vcpu

    @property
    def miss_usd_per_vcpu_hour(self) -> float:
        """What an hour of one missing vCPU costs."""
        return self.miss_cost_usd_per_unit_hour * self.units_per_vcpu

    @property
    def stated_vcpu(self) -> float:
        """The vCPU of the throughput that it must always be given."""
        return self.service_level.min_throughput_units / self.units_per_vcpu


@dataclass(frozen=True, kw_only=True)
class UnreadStrategy:
    """A stored strategy that this release cannot read: its name and pools as far as they are told, and why not."""

    name: str
    pools: tuple[str, ...]
    reason: str


class StrategyBook(Contract):
    """Every strategy of an environment, names unique; `unread` are those that `from_stored` could not read."""

    strategies: tuple[Strategy, ...] = ()
    _unread: tuple[UnreadStrategy, ...] = PrivateAttr(default=())

    @property
    def unread(self) -> tuple[UnreadStrategy, ...]:
        """What a stored book holds beside `strategies`."""
        return self._unread

    @classmethod
    def from_stored(cls, content: bytes) -> Self:
        """A stored book, in which one strategy that cannot be read does not take the others with it.

        Raises:
            ValidationError: it is no book at all.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            stated = _Listed.model_validate_json(content).strategies
        read: dict[str, Strategy] = {}
        unread: list[UnreadStrategy] = []
        for number, document in enumerate(stated, 1):
            try:
                strategy = Strategy.model_validate_json(json.dumps(document))
            except ValidationError as exc:
                unread.append(_unread(document, number=number, error=exc))
            else:
                read.setdefault(strategy.name, strategy)
        book = cls(strategies=tuple(read.values()))
        book._unread = tuple(unread)
        return book

    @model_validator(mode="after")
    def _unique(self) -> Self:
        first: dict[str, int] = {}
        repeated = [
            (index, strategy.name)
            for index, strategy in enumerate(self.strategies)
            if first.setdefault(strategy.name, index) != index
        ]
        refuse_all(
            (("strategies", index, "name"), f"{name} is also the name of strategy {first[name] + 1} of the file")
            for index, name in repeated
        )
        return self


class _Listed(BaseModel):
    """A book of which nothing is known but that it lists strategies."""

    strategies: tuple[JsonValue, ...]


def _unread(document: JsonValue, *, number: int, error: ValidationError) -> UnreadStrategy:
    fields = document if isinstance(document, dict) else {}
    name, pools = fields.get("name"), fields.get("pools")
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return UnreadStrategy(
        name=name if isinstance(name, str) else f"strategy {number}",
        pools=tuple(pool for pool in pools if isinstance(pool, str)) if isinstance(pools, list) else (),
        reason=f"it cannot be read: {'.'.join(map(str, first['loc']))}: {first['msg']}",
    )

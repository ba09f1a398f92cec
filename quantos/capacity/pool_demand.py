"""The demand on a set of pools as a decision sees it: its strategies' series in vCPU, summed, forecast, how fresh."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np

from quantos.capacity.coverage import recent_coverage
from quantos.capacity.pool_fit import PoolFit, dumped, loaded
from quantos.capacity.ports import FitStore
from quantos.contracts.base import canonical_digest
from quantos.contracts.plan import Coverage
from quantos.contracts.strategy import Strategy
from quantos.environment.settings import DecisionSettings
from quantos.errors import ForecastError
from quantos.forecasting.decision_loss import Terms
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.features import DAY_SECONDS
from quantos.forecasting.peak_model import PeakForecast, fit, predict
from quantos.telemetry.bins import BoolArray, FloatArray, Grid, demand_in_session, open_bins
from quantos.telemetry.windows import DemandWindows

LOWER_LEVELS: Final = (0.5, 0.75, 0.9)
UPPER_LEVEL_BOUNDS: Final = (0.9, 0.995)


@dataclass(frozen=True, kw_only=True)
class StrategyDemand:
    """One strategy's part in a demand.

    Attributes:
        weight_vcpu: the greater of what it needed lately and what it needed in the same hours a week ago.
        stale: its session is open, and telemetry has been silent for `stale_after_seconds` of it.
    """

    strategy: Strategy
    weight_vcpu: float
    stale: bool


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a demand was made from, so that it can be made again, or what has changed since be named.

    Attributes:
        fit: key of the stored fit that served.
        series: by series, the digest of its bins as they were read.
    """

    fit: str
    series: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PoolDemand:
    """What all strategies that may run on the same pools need together, vCPU.

    Attributes:
        pools: those, sorted.
        level_reason: why the forecast's upper value has the level it has, in words that follow "since".
        now_vcpu: in the last bin; where that is unknown, in the last known one within `stale_after_seconds`.
        recent_vcpu: the greatest such figure within the lead time.
        history_peak_vcpu: the greatest known total of the whole history.
        coverage: how often the upper value has held lately, up to the UTC day of the decision.
    """

    pools: tuple[str, ...]
    strategies: tuple[StrategyDemand, ...]
    level_reason: str
    now_vcpu: float
    recent_vcpu: float
    history_peak_vcpu: float
    forecast: PeakForecast
    coverage: Coverage
    evidence: Evidence

    @property
    def stale(self) -> tuple[str, ...]:
        """Names of the strategies whose telemetry is silent."""
        return tuple(part.strategy.name for part in self.strategies if part.stale)


@dataclass(frozen=True)
class UpperLevel:
    """A quantile to hold, and why, in words that follow "since"."""

    level: float
    reason: str


def upper_level(strategies: Collection[Strategy], *, usd_per_vcpu_hour: float) -> UpperLevel:
    """The quantile at which one more vCPU costs what it saves: miss / (miss + price), bounded.

    The strictest of the strategies counts: all of them run on the same nodes, and none knows whose request will wait.

    Args:
        strategies: all that share the pools, at least one.
        usd_per_vcpu_hour: of the cheapest of the pools.

    Source: the newsvendor's critical ratio. Three decimals.
    """
    strictest = min(strategies, key=lambda item: (-item.miss_usd_per_vcpu_hour, item.name))
    miss_usd = strictest.miss_usd_per_vcpu_hour
    ratio = miss_usd / (miss_usd + usd_per_vcpu_hour)
    lowest, highest = UPPER_LEVEL_BOUNDS
    bounded = "" if lowest <= ratio <= highest else f", and {lowest:.0%} to {highest:.1%} is planned for"
    return UpperLevel(
        level=round(float(np.clip(ratio, lowest, highest)), 3),
        reason=f"a vCPU that {strictest.name} misses for an hour costs {miss_usd:.2f} USD, "
        f"{miss_usd / usd_per_vcpu_hour:.3g} times one that is there{bounded}",
    )


@dataclass
class PoolDemands:
    """Reads and forecasts demand; keeps binned demand and the day's fitted models while warm.

    A model is fitted on what lies before the UTC day of the decision, once for all processes that decide on that day:
    the first stores it, and every one serves what is stored. A stored fit that this release cannot read is made anew.
    Errors of the history (TelemetryError) and of the store (CapacityError) pass through.
    """

    windows: DemandWindows
    settings: DecisionSettings
    fits: FitStore
    _fitted: dict[str, tuple[str, PoolFit]] = field(default_factory=dict)

    def read(
        self,
        pools: tuple[str, ...],
        strategies: Sequence[Strategy],
        *,
        bin_end: int,
        upper: UpperLevel,
        node_vcpu: float,
        keep: bool,
    ) -> PoolDemand:
        """Demand on `pools` up to `bin_end` (epoch seconds), forecast over the horizon up to the quantile `upper`.

        `strategies` are all that may run on just these pools, at least one; `node_vcpu` is the size of the pools'
        smallest node; `keep` lets what was learnt be stored.
        """
        grid = self._grid(bin_end)
        sums = self.windows.read({strategy.series for strategy in strategies}, grid)
        series = [self._series(strategy, grid, sums=sums[strategy.series]) for strategy in strategies]
        total = _total(series)
        opened = np.logical_or.reduce([part.opened for part in series])
        levels = (*(level for level in LOWER_LEVELS if level < upper.level), upper.level)
        midnight = (bin_end // DAY_SECONDS * DAY_SECONDS - grid.start) // grid.bin_seconds
        learning = _Learning(
            day=bin_end // DAY_SECONDS,
            levels=levels,
            terms=self._terms(upper.level, node_vcpu=node_vcpu),
            strategies=tuple(strategies),
            settings=self.settings,
            window=self._window(total[:midnight], opened[: midnight + self._horizon_bins], grid=grid),
        )
        learnt = self._learnt("+".join(pools), learning, keep=keep)
        latest = np.sum([self._carried(part.values) for part in series], axis=0)
        return PoolDemand(
            pools=pools,
            strategies=tuple(self._part(part) for part in series),
            level_reason=upper.reason,
            now_vcpu=float(latest[-1]),
            recent_vcpu=float(latest.max()),
            history_peak_vcpu=float(np.nanmax(total, initial=0.0)),
            forecast=predict(learnt.model, self._window(total, opened, grid=grid)),
            coverage=learnt.coverage,
            evidence=Evidence(
                fit=learning.key(), series={name: _digest(values) for name, values in sorted(sums.items())}
            ),
        )

    def _learnt(self, pool: str, learning: "_Learning", *, keep: bool) -> PoolFit:
        """The day's fit: the one in hand, else the stored one, else a new one."""
        key = learning.key()
        known_key, known = self._fitted.get(pool, ("", None))
        if known is not None and known_key == key:
            return known
        found = self._stored(pool, key)
        if found is None:
            content = dumped(learning.fit())
            if keep:
                self.fits.put(pool, key, content)
            found = loaded(content)
        self._fitted[pool] = (key, found)
        return found

    def _stored(self, pool: str, key: str) -> PoolFit | None:
        content = self.fits.get(pool, key)
        if content is None:
            return None
        try:
            return loaded(content)
        except ForecastError:
            return None

    @property
    def _horizon_bins(self) -> int:
        return -(-self.settings.horizon_seconds // self.settings.bin_seconds)

    @property
    def _lead_bins(self) -> int:
        return -(-self.settings.lead_seconds // self.settings.bin_seconds)

    def _grid(self, bin_end: int) -> Grid:
        bin_seconds = self.settings.bin_seconds
        start = (bin_end // DAY_SECONDS - self.settings.history_days) * DAY_SECONDS
        return Grid(start, bin_seconds, (bin_end - start) // bin_seconds)

    def _terms(self, upper: float, *, node_vcpu: float) -> Terms:
        """Capacity must be ordered a horizon ahead; holding is the actuator's and not counted on."""
        return Terms(lead_bins=self._horizon_bins - 1, hold_bins=0, node_size=node_vcpu, miss_cost=upper / (1 - upper))

    def _window(self, values: FloatArray, opened: BoolArray, *, grid: Grid) -> DemandWindow:
        return DemandWindow(values=values, opened=opened, bin_seconds=self.settings.bin_seconds, start=grid.start)

    def _series(self, strategy: Strategy, grid: Grid, *, sums: FloatArray) -> "_Series":
        ahead = Grid(grid.start, grid.bin_seconds, grid.count + self._horizon_bins)
        opened = open_bins(strategy.session, ahead)
        values = demand_in_session(sums, opened=opened[: grid.count]) / strategy.units_per_vcpu
        measured = np.flatnonzero(np.isfinite(sums))
        return _Series(strategy, values, opened, int(measured[0]) if len(measured) else grid.count)

    def _part(self, series: "_Series") -> StrategyDemand:
        week = 7 * DAY_SECONDS // self.settings.bin_seconds
        start = len(series.values) - week
        last_week = series.values[max(start, 0) : max(start + self._horizon_bins, 0)]
        lately = self._carried(series.values)
        needed = float(np.nanmax(np.concatenate([last_week, lately]), initial=0.0))
        return StrategyDemand(strategy=series.strategy, weight_vcpu=needed, stale=self._stale(series))

    def _stale(self, series: "_Series") -> bool:
        count = len(series.values)
        if not series.opened[count - 1]:
            return False
        known = np.isfinite(series.values[series.opened[:count]])
        silent_bins = int(np.argmax(known[::-1])) if known.any() else len(known)
        return silent_bins * self.settings.bin_seconds >= self.settings.stale_after_seconds

    def _carried(self, values: FloatArray) -> FloatArray:
        """The last `lead` bins, an unknown one taking the last known value not yet stale; else zero."""
        stale_bins = -(-self.settings.stale_after_seconds // self.settings.bin_seconds)
        tail = values[-(self._lead_bins + stale_bins) :]
        known = np.isfinite(tail)
        last_known = np.maximum.accumulate(np.where(known, np.arange(len(tail)), -1))
        carried = np.where(last_known >= 0, tail[np.maximum(last_known, 0)], 0.0)
        return carried[-self._lead_bins :]


@dataclass(frozen=True, kw_only=True)
class _Learning:
    """All that a day's fit of a pool depends on; of the window, which grows no more, the key holds the day."""

    day: int
    levels: tuple[float, ...]
    terms: Terms
    strategies: tuple[Strategy, ...]
    settings: DecisionSettings
    window: DemandWindow

    def key(self) -> str:
        """A digest, the same in every process."""
        return canonical_digest(
            {
                "day": self.day,
                "levels": self.levels,
                "terms": asdict(self.terms),
                "strategies": [strategy.model_dump(mode="json") for strategy in self.strategies],
                "settings": self.settings.model_dump(mode="json"),
            }
        )

    def fit(self) -> PoolFit:
        """Learn, and look how it would have done lately; seconds."""
        model = fit(self.window, levels=self.levels, terms=self.terms)
        return PoolFit(model, recent_coverage(model, self.window))


@dataclass(frozen=True)
class _Series:
    """`values` in vCPU; `first` is the index of the first bin ever measured, the length of `values` when none was."""

    strategy: Strategy
    values: FloatArray
    opened: BoolArray
    first: int


def _digest(values: FloatArray) -> str:
    """Of bins, to the last bit; every unknown value is the same one."""
    known = np.where(np.isfinite(values), values, np.nan)
    return hashlib.sha256(known.astype("<f8").tobytes()).hexdigest()


def _total(series: Sequence[_Series]) -> FloatArray:
    """The pool's demand by bin, unknown where any strategy's is.

    A strategy younger than the pool's history needed nothing before its first sample.
    """
    beginning = min(part.first for part in series)
    total = np.zeros(len(series[0].values))
    for part in series:
        values = part.values.copy()
        values[beginning : part.first] = 0.0
        total += values
    return total

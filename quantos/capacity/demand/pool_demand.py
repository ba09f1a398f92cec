"""The demand on a set of pools as a decision sees it: its strategies' series in vCPU, summed, forecast, how fresh."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Final

import numpy as np

from quantos.arrays import FloatArray
from quantos.capacity.demand.fit_repository import DailyFits, Question, ServingFit
from quantos.capacity.demand.ports import FitKey
from quantos.capacity.demand.strategy_series import StrategySeries, by_clock, strategy_series, total_demand
from quantos.capacity.pools.lead_times import Horizon
from quantos.capacity.pools.shared_pools import SharedPools
from quantos.contracts.plan import Coverage
from quantos.contracts.strategy import ExchangeSession, Strategy
from quantos.environment.settings.decisions import DecisionSettings
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.peak_model import PeakForecast, clauses, predict
from quantos.telemetry.bins import Grid
from quantos.telemetry.sessions.exchange_hours import recorded_until
from quantos.telemetry.sources import SourceBins
from quantos.telemetry.windows.demand_windows import DemandWindows
from quantos.telemetry.windows.signal_windows import SignalWindows
from quantos.units import DAY_SECONDS

LOWER_LEVELS: Final = (0.5, 0.75, 0.9)


@dataclass(frozen=True, kw_only=True)
class SilentFeed:
    """A feed of which nothing is heard where something should be.

    Attributes:
        source: of the series; None where the whole series is silent.
        since: end of the last bin in which it was heard; None where it never was.
        held_vcpu: what it is taken to need in the last bin.
        retired: it has been silent for so long that it is taken to have gone; nothing is held for it.
    """

    source: str | None
    since: datetime | None
    held_vcpu: float
    retired: bool = False


@dataclass(frozen=True, kw_only=True)
class StrategyDemand:
    """One strategy's part in a demand.

    Attributes:
        weight_vcpu: the greater of what it needed lately and what it needed in the same hours a week ago.
        stale: nothing is known of its demand: its session is open, and telemetry has been silent for
            `stale_after_seconds` of it; or there was none in the whole history.
        silences: what is not known of it.
        age_seconds: how long its session has been open since its newest sample; 0 while it is closed.
        scheduled_vcpu: what it is known to need within the horizon, whatever is forecast: runs that were submitted.
        scheduled_soon_vcpu: the same before a node ordered in the next bin could be Ready.
    """

    strategy: Strategy
    weight_vcpu: float
    stale: bool
    silences: tuple[SilentFeed, ...] = ()
    age_seconds: int = 0
    scheduled_vcpu: float = 0.0
    scheduled_soon_vcpu: float = 0.0

    @property
    def silent(self) -> bool:
        """Whether nothing is told where something should be; `stale` once that has lasted."""
        return self.stale or any(feed.source is None for feed in self.silences)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a demand was made from, so that it can be made again, or what has changed since be named.

    Attributes:
        fit: the stored fit that served.
        series: by series, signals included, the digest of its bins as they were read.
    """

    fit: FitKey
    series: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PoolDemand:
    """What all strategies that may run on the same pools need together, vCPU.

    Attributes:
        pools: those, sorted.
        level_reason: why the forecast's upper value has the level it has, in words that follow "since".
        now_vcpu: in the last bin; where that is unknown, in the last known one within `stale_after_seconds`.
        recent_vcpu: the greatest such figure within the lead time.
        soon_vcpu: as likely as not to be needed before a node ordered in the next bin is Ready.
        history_peak_vcpu: the greatest known total of the whole history.
        horizon_seconds: how far ahead the forecast reaches.
        coverage: how often the upper value has held lately, up to the UTC day of the decision.
    """

    pools: tuple[str, ...]
    strategies: tuple[StrategyDemand, ...]
    level_reason: str
    now_vcpu: float
    recent_vcpu: float
    soon_vcpu: float
    history_peak_vcpu: float
    horizon_seconds: int
    forecast: PeakForecast
    coverage: Coverage
    evidence: Evidence

    @property
    def stale(self) -> tuple[str, ...]:
        """Names of the strategies whose telemetry has been silent for long."""
        return tuple(part.strategy.name for part in self.strategies if part.stale)

    @property
    def silent(self) -> bool:
        """Whether any strategy's telemetry is silent."""
        return any(part.silent for part in self.strategies)

    @property
    def scheduled_vcpu(self) -> float:
        """What its strategies are known to need within the horizon, by runs that were submitted."""
        return sum(part.scheduled_vcpu for part in self.strategies)


@dataclass
class PoolDemands:
    """Reads and forecasts demand; keeps binned demand and the fitted models while warm.

    A model is fitted on what lies before its UTC day, once for all processes: the daily path stores it, and every
    decision serves what is stored. Errors of the history (TelemetryError) and of the store (CapacityError) pass
    through.
    """

    windows: DemandWindows
    signals: SignalWindows
    settings: DecisionSettings
    fits: DailyFits

    def read(self, shared: SharedPools, *, bin_end: int, keep: bool, serving: ServingFit | None = None) -> PoolDemand:
        """Demand on shared pools up to `bin_end` (epoch seconds), forecast over their horizon up to their upper level.

        `serving` is the fit to forecast by; by default what `DailyFits` has for the day, and `keep` lets one that has
        to be learnt be stored.
        """
        grid = self._grid(bin_end)
        sources = self._sources(shared, grid, keep=keep)
        signals = self._signals(shared, grid)
        series = self._measured(shared, grid, sources=sources)
        question, today = self._question(shared), _day_of(bin_end)
        served = serving or self.fits.serving(
            question,
            today,
            window=lambda: self._until_midnight(shared, grid, sources=sources, signals=signals),
            corrected=lambda since: self._corrected(shared, since=since, day=today),
            keep=keep,
        )
        window = self._window(series, grid, signals=signals)
        forecast = predict(served.fit.model, window)
        latest = np.sum([self._carried(part.values, shared.horizon.lead_bins) for part in series], axis=0)
        return PoolDemand(
            pools=shared.pools,
            strategies=tuple(self._part(part, shared.horizon, grid=grid) for part in series),
            level_reason=shared.upper.reason,
            now_vcpu=float(latest[-1]),
            recent_vcpu=float(latest.max()),
            soon_vcpu=forecast.expected * max(forecast.path[: shared.horizon.lead_bins + 1]),
            history_peak_vcpu=float(np.nanmax(window.values, initial=0.0)),
            horizon_seconds=window.horizon_bins * grid.bin_seconds,
            forecast=replace(
                forecast, degraded=clauses(served.caveat(today), forecast.degraded, *_assumed(shared, window))
            ),
            coverage=served.fit.coverage_of(forecast),
            evidence=Evidence(
                fit=question.key(served.day),
                series={name: _digest_of(history) for name, history in sorted((sources | signals).items())},
            ),
        )

    def learn(self, shared: SharedPools, *, day: date) -> bool:
        """Learn and store what serves on a UTC day, unless it is stored already; whether that was needed.

        What the day itself brings is not learnt from, whenever this is called.
        """
        return self.fits.learn(
            self._question(shared),
            day,
            window=lambda: self._before(shared, day),
            corrected=lambda since: self._corrected(shared, since=since, day=day),
        )

    def made(self, shared: SharedPools, *, day: date) -> ServingFit:
        """What `learn` would store, whatever is stored."""
        return self.fits.made(
            self._question(shared),
            day,
            window=self._before(shared, day),
            corrected=lambda since: self._corrected(shared, since=since, day=day),
            learnt_by="schedule",
        )

    def _corrected(self, shared: SharedPools, *, since: date, day: date) -> bool:
        """Whether demand before one UTC day was corrected from then on and before another."""
        series = {strategy.series for strategy in shared.strategies}
        return self.windows.corrected(series, since=_midnight(since), until=_midnight(day))

    def _question(self, shared: SharedPools) -> Question:
        upper = shared.upper.level
        return Question(
            pools=shared.pools,
            levels=(*(level for level in LOWER_LEVELS if level < upper), upper),
            terms=_terms(shared),
            strategies=shared.strategies,
            settings=self.settings,
        )

    def _sources(self, shared: SharedPools, grid: Grid, *, keep: bool = False) -> dict[str, SourceBins]:
        return self.windows.read({strategy.series for strategy in shared.strategies}, grid, keep=keep)

    def _signals(self, shared: SharedPools, grid: Grid) -> dict[str, FloatArray]:
        """What the strategies' signals said at the end of each bin about times up to the end of the horizon then."""
        names = {name for strategy in shared.strategies for name in strategy.signals}
        return self.signals.read(names, grid, ahead_seconds=shared.horizon.ahead_bins * grid.bin_seconds)

    def _measured(self, shared: SharedPools, grid: Grid, *, sources: Mapping[str, SourceBins]) -> list[StrategySeries]:
        ahead = Grid(grid.start, grid.bin_seconds, grid.count + shared.horizon.ahead_bins)
        return [
            strategy_series(strategy, ahead, by_source=sources[strategy.series], settings=self.settings)
            for strategy in shared.strategies
        ]

    def _before(self, shared: SharedPools, day: date) -> DemandWindow:
        """Total demand before a UTC day."""
        grid = self._grid(int(_midnight(day).timestamp()))
        series = self._measured(shared, grid, sources=self._sources(shared, grid))
        return self._window(series, grid, signals=self._signals(shared, grid))

    def _grid(self, bin_end: int) -> Grid:
        return _history(bin_end, self.settings)

    def _window(
        self, series: Sequence[StrategySeries], grid: Grid, *, signals: Mapping[str, FloatArray]
    ) -> DemandWindow:
        """Total demand on the grid."""
        values, held = total_demand(series, day_bins=DAY_SECONDS // grid.bin_seconds)
        return DemandWindow(
            values=values,
            held=held,
            opened=np.logical_or.reduce([part.opened for part in series]),
            bin_seconds=grid.bin_seconds,
            start=grid.start,
            signals=signals,
            parts=by_clock(series, day_bins=DAY_SECONDS // grid.bin_seconds),
        )

    def _until_midnight(
        self, shared: SharedPools, grid: Grid, *, sources: Mapping[str, SourceBins], signals: Mapping[str, FloatArray]
    ) -> DemandWindow:
        """Total demand before the UTC day in which the grid ends."""
        bins = (grid.end // DAY_SECONDS * DAY_SECONDS - grid.start) // grid.bin_seconds
        before = Grid(grid.start, grid.bin_seconds, bins)
        cut = {name: by_source.moved(0, count=bins) for name, by_source in sources.items()}
        series = self._measured(shared, before, sources=cut)
        return self._window(series, before, signals={name: values[:bins] for name, values in signals.items()})

    def _part(self, series: StrategySeries, horizon: Horizon, *, grid: Grid) -> StrategyDemand:
        week = 7 * DAY_SECONDS // self.settings.bin_seconds
        start = len(series.values) - week
        if start >= 0:
            changed = series.offsets[len(series.values) - 1] - series.offsets[start]
            start += int(changed) // self.settings.bin_seconds
        last_week = series.values[max(start, 0) : max(start + horizon.ahead_bins, 0)]
        lately = self._carried(series.values, horizon.lead_bins)
        needed = float(np.nanmax(np.concatenate([last_week, lately]), initial=0.0))
        stale = self._stale(series)
        silences = tuple(self._silent_sources(series, grid))
        if stale or series.missed():
            silences = (SilentFeed(source=None, since=series.last_known(grid), held_vcpu=float(lately[-1])),)
        return StrategyDemand(
            strategy=series.strategy,
            weight_vcpu=needed,
            stale=stale,
            silences=silences,
            age_seconds=series.silent_bins() * self.settings.bin_seconds,
        )

    def _silent_sources(self, series: StrategySeries, grid: Grid) -> Iterator[SilentFeed]:
        """Those missed in the last bin, where others are heard, and those given up within the last day."""
        last = len(series.values) - 1
        if not (series.opened[last] and np.isfinite(series.values[last])):
            return
        gone_bins = (self.settings.source_retired_after_seconds + DAY_SECONDS) // grid.bin_seconds
        for source in series.sources:
            if source.state == "silent" or (source.state == "retired" and source.silent_bins <= gone_bins):
                since = None if source.last is None else grid.start + (source.last + 1) * grid.bin_seconds
                yield SilentFeed(
                    source=source.name,
                    since=None if since is None else datetime.fromtimestamp(since, UTC),
                    held_vcpu=source.held / series.strategy.units_per_vcpu,
                    retired=source.state == "retired",
                )

    def _stale(self, series: StrategySeries) -> bool:
        count = len(series.values)
        if series.first == count:
            return True
        return series.silent_bins() * self.settings.bin_seconds >= self.settings.stale_after_seconds

    def _carried(self, values: FloatArray, lead_bins: int) -> FloatArray:
        """The last `lead_bins`, an unknown one taking the last known value not yet stale; else zero."""
        stale_bins = -(-self.settings.stale_after_seconds // self.settings.bin_seconds)
        tail = values[-(lead_bins + stale_bins) :]
        known = np.isfinite(tail)
        last_known = np.maximum.accumulate(np.where(known, np.arange(len(tail)), -1))
        carried = np.where(last_known >= 0, tail[np.maximum(last_known, 0)], 0.0)
        return carried[-lead_bins:]


def reach(moment: int, settings: DecisionSettings) -> Grid:
    """The bins that a decision at `moment` (epoch seconds), or the learning of its day, may look at."""
    grid = _history(moment, settings)
    return Grid(grid.start, grid.bin_seconds, grid.count + 2 * DAY_SECONDS // grid.bin_seconds)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _history(bin_end: int, settings: DecisionSettings) -> Grid:
    start = (bin_end // DAY_SECONDS - settings.history_days) * DAY_SECONDS
    return Grid(start, settings.bin_seconds, (bin_end - start) // settings.bin_seconds)


def _assumed(shared: SharedPools, window: DemandWindow) -> Iterator[str]:
    """Exchanges whose holidays are not known to the end of the horizon, one clause each."""
    reached = Grid(window.start, window.bin_seconds, len(window.opened))
    sessions = {part.session for part in shared.strategies if isinstance(part.session, ExchangeSession)}
    for session in sorted(sessions, key=lambda exchange: exchange.calendar):
        if (until := recorded_until(session, reached)) is not None:
            yield f"holidays of {session.calendar} are recorded until {until}, and later weekdays count as sessions"


def _terms(shared: SharedPools) -> CapacityEconomics:
    """Capacity must be ordered a horizon ahead; holding is the actuator's and not counted on."""
    upper, lead_bins = shared.upper.level, shared.horizon.ahead_bins - 1
    return CapacityEconomics(
        lead_bins=lead_bins,
        hold_bins=0,
        node_size=shared.node_vcpu,
        miss_cost=upper / (1 - upper),
        measured_bins=max(shared.horizon.lead_bins, 1),
    )


def _digest(values: FloatArray) -> str:
    """Of bins, to the last bit; every unknown value is the same one."""
    known = np.where(np.isfinite(values), values, np.nan)
    return hashlib.sha256(known.astype("<f8").tobytes()).hexdigest()


def _digest_of(history: SourceBins | FloatArray) -> str:
    """Of a series by its sums, and by source where it has more than one or any that left."""
    if not isinstance(history, SourceBins):
        return _digest(history)
    sums = _digest(history.sums())
    if len(history.names) < 2 and not len(history.left):
        return sums
    names = [history.names[source] for source in history.sources], [history.names[source] for source in history.left]
    cells = sorted(zip(history.bins.tolist(), names[0], history.values.tolist(), strict=True))
    left = sorted(zip(history.left_bins.tolist(), names[1], strict=True))
    return hashlib.sha256(repr((sums, cells, left)).encode()).hexdigest()


def _day_of(moment: int) -> date:
    return datetime.fromtimestamp(moment, UTC).date()

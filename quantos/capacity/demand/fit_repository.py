"""Which fit serves a set of pools on a day: that day's, else the latest before it, else one learnt on the spot."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Final

from quantos.capacity.demand.coverage import COVERED_DAYS, recent_coverage
from quantos.capacity.demand.pool_fit import LearntBy, PoolFit, dumped, loaded
from quantos.capacity.demand.ports import FitKey, FitStore
from quantos.contracts.base import canonical_digest
from quantos.contracts.strategy import Strategy
from quantos.environment.settings.decisions import DecisionSettings
from quantos.errors import ForecastError
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.peak_model import fit
from quantos.forecasting.series_model import FittedSeries

NOTHING_LEARNT_FROM: Final = frozenset(
    {
        *("name", "owner", "desk", "cost_centre", "pools", "placement", "service_level", "service"),
        *("cost", "priority", "miss_cost_usd_per_unit_hour"),
    }
)
"""What may change of a strategy without changing its demand; what a miss costs is in the levels and terms."""


Corrected = Callable[[date], bool]
"""Whether demand before a day has been corrected since its midnight."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a fit answers, whatever the day: whose demand, at which quantiles, on what terms."""

    pools: tuple[str, ...]
    levels: tuple[float, ...]
    terms: CapacityEconomics
    strategies: tuple[Strategy, ...]
    settings: DecisionSettings

    def key(self, day: date) -> FitKey:
        """Where the fit of a day is kept, the same in every process."""
        return FitKey(pools="+".join(self.pools), question=self._digest, day=day)

    @cached_property
    def _digest(self) -> str:
        return canonical_digest(
            {
                "levels": self.levels,
                "terms": {name: value for name, value in asdict(self.terms).items() if name != "measured_bins"},
                "strategies": [
                    strategy.model_dump(mode="json", exclude=set(NOTHING_LEARNT_FROM)) for strategy in self.strategies
                ],
                "settings": self.settings.model_dump(mode="json"),
            }
        )


@dataclass(frozen=True)
class ServingFit:
    """A fit and the UTC day it is of; it rests on what lies before that day."""

    day: date
    fit: PoolFit

    def caveat(self, today: date) -> str | None:
        """What should have been otherwise, for a plan of `today`; None when all is well."""
        if self.day < today:
            return f"the fit of {self.day} serves, since today's is not learnt yet"
        if self.fit.learnt_by == "decision":
            return "learnt by a decision, since no fit of this demand was stored"
        return None


@dataclass
class DailyFits:
    """Finds fits in the store, and adds to it; keeps what serves while warm.

    A fit is usable as long as some of what it was learnt from is within the history. The store is searched for
    earlier days at most once a day and question. One that this release cannot read is passed over, or made anew.
    Errors of the store (CapacityError) pass through.
    """

    store: FitStore
    history_days: int
    _serving: dict[str, tuple[FitKey, ServingFit]] = field(default_factory=dict)

    def serving(
        self, question: Question, day: date, *, window: Callable[[], DemandWindow], corrected: Corrected, keep: bool
    ) -> ServingFit:
        """The fit that serves on a day; seconds where none is stored, and then `keep` lets it be.

        `window` gives the demand up to the day's midnight; `corrected` as for `made`.
        """
        key = question.key(day)
        asked, known = self._serving.get(key.pools, (None, None))
        if known is not None and asked == key and known.day == day:
            return known
        serving = self.stored(key)
        if serving is None:
            serving = known if asked == key else self._before(key)
        if serving is None:
            serving = self.made(question, day, window=window(), corrected=corrected, learnt_by="decision")
            if keep:
                self._put(key, serving)
        self._serving[key.pools] = (key, serving)
        return serving

    def learn(self, question: Question, day: date, *, window: Callable[[], DemandWindow], corrected: Corrected) -> bool:
        """Learn and store the fit of a day unless it is there; whether that was needed."""
        key = question.key(day)
        if self.stored(key) is not None:
            return False
        self._put(key, self.made(question, day, window=window(), corrected=corrected, learnt_by="schedule"))
        return True

    def made(
        self, question: Question, day: date, *, window: DemandWindow, corrected: Corrected, learnt_by: LearntBy
    ) -> ServingFit:
        """The fit of a day as it reads once it is stored, which it is not yet; it goes on from the latest before it,
        unless what that one was learnt from has been `corrected` since. Takes seconds.
        """
        key = question.key(day)
        latest = self._before(key)
        before = None if latest is None or corrected(latest.day) else latest.fit.model
        model = fit(window, levels=question.levels, terms=question.terms, previous=before)
        coverage = recent_coverage(model, window, served=self._lately(key))
        return ServingFit(day, loaded(dumped(PoolFit(model, coverage, learnt_by))))

    def stored(self, key: FitKey) -> ServingFit | None:
        """What is stored of a day, where this release can read it."""
        content = self.store.get(key)
        if content is None:
            return None
        try:
            return ServingFit(key.day, loaded(content))
        except ForecastError:
            return None

    def _put(self, key: FitKey, made: ServingFit) -> None:
        self.store.put(key, dumped(made.fit))

    def _before(self, key: FitKey) -> ServingFit | None:
        """The latest usable fit before a day."""
        days = self.store.days(key, since=key.day - timedelta(days=self.history_days))
        fits = (self.stored(replace(key, day=day)) for day in sorted(days, reverse=True))
        return next((serving for serving in fits if serving is not None), None)

    def _lately(self, key: FitKey) -> dict[date, FittedSeries]:
        """By day, what served on the days before one that coverage looks at; absent where nothing was stored."""
        covered = [key.day - timedelta(days=back) for back in range(COVERED_DAYS, 0, -1)]
        latest: ServingFit | None = self._before(replace(key, day=covered[0]))
        series: dict[date, FittedSeries] = {}
        for day in covered:
            latest = self.stored(replace(key, day=day)) or latest
            if latest is not None and latest.fit.model.series is not None:
                series[day] = latest.fit.model.series
        return series

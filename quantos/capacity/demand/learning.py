"""The daily path: every set of pools is learnt by a message of its own, after midnight and before its day is busy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Literal

from quantos.capacity.demand.fit_repository import DailyFits
from quantos.capacity.demand.own_stack import refuse_other_stack
from quantos.capacity.demand.pool_demand import PoolDemands, reach
from quantos.capacity.demand.ports import FitStore, StrategyRegistry
from quantos.capacity.demand.submitted_runs import SubmittedRuns
from quantos.capacity.demand.undecided import decidable
from quantos.capacity.pools.lead_times import PoolLeadTimes
from quantos.capacity.pools.node_prices import NodePrice
from quantos.capacity.pools.shared_pools import SharedPools, shared_pools, strategies_by_pools
from quantos.clock import Clock
from quantos.contracts import topics
from quantos.contracts.learning import LearningTask
from quantos.contracts.plan import DecisionRequest
from quantos.contracts.strategy import StrategyBook
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import ForecastError
from quantos.messaging.ports import Message, Publisher
from quantos.telemetry.ports import DemandHistory, SignalHistory
from quantos.telemetry.windows.demand_windows import DemandWindows
from quantos.telemetry.windows.signal_windows import SignalWindows

Learning = Literal["learnt", "known", "unnamed"]
"""`known` was stored already; `unnamed` are pools that no strategy names any more."""


@dataclass(frozen=True, kw_only=True)
class LearningService:
    """Learns what serves the decisions of one environment's capacity stack. `nodes` holds every pool."""

    settings: EnvironmentSettings
    nodes: Mapping[str, NodePrice]
    registry: StrategyRegistry
    history: DemandHistory
    signals: SignalHistory
    fits: FitStore
    publisher: Publisher
    clock: Clock

    def ask(self, request: DecisionRequest) -> tuple[LearningTask, ...]:
        """Publish a task for each set of pools that strategies name, for the UTC day of `scheduled_time`.

        Key: (stack, day); repeated, it asks for what is then found stored.

        Raises:
            SettingsError: another stack is asked for.
            CapacityError, BusError: the strategies cannot be read, or the bus failed; asking again is safe.
        """
        refuse_other_stack(self.settings, request.stack, does="learns")
        day = request.scheduled_time.astimezone(UTC).date()
        named = strategies_by_pools(self._decidable(day), self.nodes)
        tasks = tuple(LearningTask(stack=request.stack, day=day, pools=pools) for pools in named)
        self.publisher.publish(
            [Message(topics.CAPACITY_LEARNING, "+".join(task.pools), task.to_json()) for task in tasks]
        )
        return tasks

    def learn(self, task: LearningTask) -> Learning:
        """Learn and store what serves the pools on the day, unless it is stored; seconds.

        All of the history is read anew, so that samples which came late are in. Key: what the fit is kept under.

        Raises:
            SettingsError: another stack is asked for.
            ForecastError: the day has not begun.
            TelemetryError, CapacityError: a store failed; learning again is safe.
        """
        refuse_other_stack(self.settings, task.stack, does="learns")
        today = self.clock().astimezone(UTC).date()
        if task.day > today:
            raise ForecastError(
                f"{task.day} was to be learnt on {today}, before all that it rests on is there",
                remedy="ask for it once the day has begun",
            )
        shared = next((group for group in self._shared(task.day) if group.pools == task.pools), None)
        if shared is None:
            return "unnamed"
        decisions = self.settings.decisions
        fits = DailyFits(self.fits, decisions.history_days)
        demands = PoolDemands(DemandWindows(self.history), SignalWindows(self.signals), decisions, fits)
        return "learnt" if demands.learn(shared, day=task.day) else "known"

    def _shared(self, day: date) -> tuple[SharedPools, ...]:
        decisions = self.settings.decisions
        lead_times = PoolLeadTimes(self.history, decisions).read(self.settings.pools, day=day)
        return shared_pools(self._decidable(day), self.nodes, lead_times=lead_times, decisions=decisions)

    def _decidable(self, day: date) -> StrategyBook:
        """The strategies that decisions of the day do not set apart, those of runs included."""
        midnight = int(datetime.combine(day, time(), UTC).timestamp())
        book, _ = decidable(self.registry.read(), pools=self.nodes, grid=reach(midnight, self.settings.decisions))
        runs = SubmittedRuns(self.settings, self.nodes, self.history, self.signals)
        return runs.with_strategies(book, runs.read(bin_end=midnight))

"""Replays a scenario through the real functions, bin by bin, and keeps what was seen."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from quantos.capacity.adapters.stores import compose_switches
from quantos.capacity.demand.ports import StrategyRegistry
from quantos.capacity.pools.lead_times import MEASURED_OVER
from quantos.capacity.resize.ports import Switch
from quantos.contracts import topics
from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import ResizeOutcome, ScalingPlan
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import QuantosError
from quantos.messaging.ports import Message
from sandbox.demo.faults import KilledOnce
from sandbox.demo.scenario import POOL, Scenario
from sandbox.demo.world import Pool, reactive_ready
from sandbox.errors import SandboxError
from sandbox.events.bus import EventBus, Stream
from sandbox.events.loop import EventLoop

PUBLISHED_AT_ONCE = 2000
WATCHER = "quantos-demo"
Tell = Callable[[str, int, int], None]


class UnexpectedOutcomeError(SandboxError):
    """The loop came to what its scenario does not expect."""

    code = "sandbox.unexpected-outcome"


@dataclass(frozen=True)
class Observation:
    """One replayed bin: what was demanded and Ready in it, and what was decided at its end."""

    start: datetime
    demand_vcpu: float | None
    ready_nodes: int
    floor_nodes: int
    plan: ScalingPlan | None
    outcomes: tuple[ResizeOutcome, ...]
    killed: bool


@dataclass
class Replay:
    """The loop, the world outside it, and the traders."""

    scenario: Scenario
    settings: EnvironmentSettings
    bus: EventBus
    loop: EventLoop
    pool: Pool
    registry: StrategyRegistry
    killer: KilledOnce
    observations: list[Observation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._plans = self.bus.open(WATCHER, topics.CAPACITY_PLANS)
        self._outcomes = self.bus.open(WATCHER, topics.CAPACITY_OUTCOMES)
        self._killed_seen = False
        self._floor = self.settings.pools[POOL].floor_nodes

    def load_history(self, tell: Tell) -> int:
        """Send the history through the ingest function; returns how many samples that were.

        In it are the nodes that an autoscaler ordered when it ran the pool alone, before quantos did.
        """
        samples = [*self.scenario.history(), *self._orders_before()]
        for first in range(0, len(samples), PUBLISHED_AT_ONCE):
            self._publish(samples[first : first + PUBLISHED_AT_ONCE])
            self.loop.run_until_idle()
            tell("samples", min(first + PUBLISHED_AT_ONCE, len(samples)), len(samples))
        return len(samples)

    def _orders_before(self) -> list[DemandSample]:
        floor_nodes = self.settings.pools[POOL].floor_nodes
        bins = self.scenario.bins_before(MEASURED_OVER)
        deque(reactive_ready(bins, self.pool.nodes, self.pool.pods, floor_nodes=floor_nodes), maxlen=0)
        return self.pool.nodes.telemetry(self.scenario.start)

    def run(self, tell: Tell) -> None:
        """Replay every bin."""
        self.registry.replace(self.scenario.book(greedy=False))
        starts = list(self.scenario.bins())
        for count, start in enumerate(starts, start=1):
            self.observations.append(self._pass(start))
            tell(f"{start:%a %H:%M}", count, len(starts))
        self.loop.settle()

    def _pass(self, start: datetime) -> Observation:
        end = start + timedelta(seconds=self.scenario.trace.bin_seconds)
        ready = self.pool.ready(start)
        demand = self.scenario.demand_vcpu(start)
        self._publish([*self.scenario.samples(start), *self.pool.telemetry(start, ready=ready)])
        self._act_as_people(end)
        self.loop.advance_to(end)
        killed = self._saw_kill()
        outcomes = tuple(ResizeOutcome.model_validate_json(value) for value in self._read_outcomes())
        self._hold_to_scenario(end, outcomes, killed=killed)
        self.pool.end_bin(demand, at=end)
        plans = [ScalingPlan.model_validate_json(value) for value in self._read_plans()]
        applied = [outcome for outcome in outcomes if outcome.status == "applied"]
        if applied:
            self._floor = applied[-1].sizes[POOL].floor
        return Observation(start, demand, ready, self._floor, plans[-1] if plans else None, outcomes, killed)

    def _act_as_people(self, moment: datetime) -> None:
        """What traders and operators do at the end of this bin."""
        scenario = self.scenario
        if moment in scenario.greedy:
            self.registry.replace(scenario.book(greedy=moment == scenario.greedy[0]))
        if moment in scenario.paused:
            paused = moment == scenario.paused[0]
            switch = Switch(paused=paused, actor="linus", reason="exchange maintenance" if paused else "")
            compose_switches(self.settings).throw(self.settings.names().stack("capacity"), switch)

    def _hold_to_scenario(self, moment: datetime, outcomes: tuple[ResizeOutcome, ...], *, killed: bool) -> None:
        """Stop at the first thing that the scenario does not expect; what follows would only repeat it."""
        for delivery in self.loop.abandoned:
            raise UnexpectedOutcomeError(
                f"{delivery.function} failed for good at {moment:%a %H:%M}: {delivery.error}",
                remedy=delivery.error.remedy if isinstance(delivery.error, QuantosError) else "run again with --debug",
            )
        expected = self.scenario.expected(moment, killed=killed)
        for outcome in outcomes:
            if outcome.status not in expected:
                raise UnexpectedOutcomeError(
                    f"the plan of {moment:%a %H:%M} ended as {outcome.status}, where {' or '.join(sorted(expected))} is"
                    f" expected: {outcome.reason}",
                    remedy=f"see `quantos explain {outcome.plan_id[:12]} --sandbox` and `quantos doctor`; "
                    "the sandbox still runs",
                )

    def _saw_kill(self) -> bool:
        seen, self._killed_seen = self._killed_seen, self.killer.victim is not None
        return self._killed_seen and not seen

    def _publish(self, samples: list[DemandSample]) -> None:
        self.bus.publisher.publish(
            [
                Message(
                    topic=topics.SAMPLED[sample.series.partition("/")[0]], key=sample.series, value=sample.to_json()
                )
                for sample in samples
            ]
        )

    def _read_plans(self) -> list[bytes]:
        return _drained(self._plans, self.bus)

    def _read_outcomes(self) -> list[bytes]:
        return _drained(self._outcomes, self.bus)


def _drained(stream: Stream, bus: EventBus) -> list[bytes]:
    """Every record not read yet."""
    bus.refresh()
    values: list[bytes] = []
    while stream.pending():
        values += [record.value for record in stream.read(PUBLISHED_AT_ONCE)]
        stream.commit()
    return values

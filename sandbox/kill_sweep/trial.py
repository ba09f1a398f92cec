"""One trial: a plan given to a process that is killed, and further plans until everything agrees again."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from quantos.capacity.adapters.stores import compose_plan_ledger, compose_signer
from quantos.capacity.pools.node_prices import node_prices
from quantos.capacity.resize.ports import Switch
from quantos.contracts import topics
from quantos.contracts.plan import Explanation, PoolCost, PoolSize, ResizeOutcome, ScalingPlan
from sandbox.errors import SandboxError
from sandbox.kill_sweep.account_gate import GatedServer
from sandbox.kill_sweep.agreement import Witness, disagreements, standing_switch, untrue
from sandbox.kill_sweep.engine_gate import watch_engine
from sandbox.kill_sweep.gate import Gate
from sandbox.kill_sweep.moments import Effect, Moment
from sandbox.kill_sweep.stage import Stage
from sandbox.kill_sweep.victim import Order, Victim

HANDLED_AFTER: Final = timedelta(seconds=20)
VALID: Final = timedelta(minutes=15)
RAISED_NODES: Final = 2
RAISED_POOLS: Final = 2
PLANS_AFTERWARDS: Final = 2
"""Within so many plans after a kill everything has to agree."""

RUN_SECONDS: Final = 900.0


@dataclass(frozen=True)
class Run:
    """One process: what it did, what it told of the plan, and the moment in the mark that its killer left, if any."""

    effects: tuple[Effect, ...]
    statuses: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True)
class Trial:
    """How a trial went: its runs in order, and what did not agree at the end."""

    runs: tuple[Run, ...]
    problems: tuple[str, ...]
    seconds: float


@dataclass
class Attempt:
    """A trial under way in a copy of the stage."""

    stage: Stage
    server: GatedServer
    variables: dict[str, str]
    victims: list[Victim]
    switch: Switch
    plans: list[ScalingPlan] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)

    def recovered(self, moments: Sequence[Moment]) -> tuple[str, ...]:
        """Kill at the moments, give plans until everything agrees, and say what does not at the end."""
        plan = self.plan(bins=1)
        for moment in moments:
            self.run(plan, moment=moment)
        self.run(plan, moment=None)
        problems = self.problems()
        if problems and moments:
            self.run(self.plan(bins=2), moment=None)
            problems = self.problems()
        return (*self.lies, *problems)

    def problems(self) -> tuple[str, ...]:
        """What does not agree now."""
        witness = Witness(
            settings=self.stage.settings,
            plans=self.plans,
            outcomes=self.outcomes(),
            switch=self.switch,
            state=self.stage.folder / "pulumi",
            project=self.stage.sandbox.project_dir,
            variables=self.variables,
        )
        return tuple(disagreements(witness))

    def plan(self, *, bins: int) -> ScalingPlan:
        """A signed plan, `bins` bins after the start, that asks of the first pools what the first plan asked."""
        settings = self.stage.settings
        current = compose_plan_ledger(settings).current().document
        if self.plans:
            sizes = dict(self.plans[-1].sizes)
        else:
            raised = sorted(settings.pools)[:RAISED_POOLS]
            sizes = {
                pool: PoolSize(floor=size.floor + RAISED_NODES * (pool in raised), ceiling=size.ceiling)
                for pool, size in current.sizes.items()
            }
        at = self.stage.started + bins * timedelta(seconds=settings.decisions.bin_seconds)
        return _signed(self.stage, sizes=sizes, previous=current.sizes, at=at)

    def run(self, plan: ScalingPlan, *, moment: Moment | None) -> Run:
        """Give a plan to the next process, and kill it at the moment."""
        if plan not in self.plans:
            self.plans.append(plan)
        victim, number = self.victims.pop(0), len(self.runs) + 1
        mark = self.stage.folder / f"mark-{number}.json"
        gate = Gate(victim.kill, mark=mark, moment=moment)
        outcome_count = len(self.outcomes())
        log = self.stage.folder / "logs" / f"run-{number}.log"
        listener = victim.begin(Order(plan, plan.created_at + HANDLED_AFTER, self.variables, log))
        self.server.gate = gate
        watch = watch_engine(listener, gate, state=self.stage.folder / "pulumi")
        code = victim.wait(RUN_SECONDS)
        if code is None:
            victim.kill()
            raise SandboxError(f"a run did not end within {RUN_SECONDS:.0f} s", remedy=f"read {log}")
        gate.close()
        watch.join()
        self.server.gate = None
        outcomes = self.outcomes()[outcome_count:]
        self.lies += untrue(outcomes, self.stage.settings)
        statuses = tuple(outcome.status for outcome in outcomes)
        run = Run(gate.effects, statuses, json.loads(mark.read_bytes())["moment"] if mark.exists() else "")
        if moment is None and code != 0:
            raise SandboxError(f"a run failed by itself: {log.read_text(encoding='utf-8')[-600:]}", remedy="mend it")
        self.runs.append(run)
        return run

    def outcomes(self) -> list[ResizeOutcome]:
        """What was told of plans, in order."""
        records = self.server.bus.records(topics.CAPACITY_OUTCOMES)
        return [ResizeOutcome.model_validate_json(record.value) for record in records]


def _signed(stage: Stage, *, sizes: dict[str, PoolSize], previous: dict[str, PoolSize], at: datetime) -> ScalingPlan:
    prices = {pool: price.usd_per_hour for pool, price in node_prices(stage.settings, stage.catalog).items()}
    costs = {
        pool: PoolCost(
            usd_per_node_hour=prices[pool],
            floor_usd_per_hour=prices[pool] * size.floor,
            ceiling_usd_per_hour=prices[pool] * size.ceiling,
        )
        for pool, size in sizes.items()
    }
    plan = ScalingPlan(
        stack=stage.settings.names().stack("capacity"),
        sequence=int(at.timestamp()),
        created_at=at,
        expires_at=at + VALID,
        sizes=sizes,
        previous=previous,
        pool_costs=costs,
        strategy_costs={},
        usd_per_hour_before=sum(prices[pool] * size.floor for pool, size in previous.items()),
        usd_per_hour_after=sum(cost.floor_usd_per_hour for cost in costs.values()),
        urgent=any(size.floor > previous[pool].floor for pool, size in sizes.items()),
        explanation=Explanation(sentence="The kill sweep asks for more nodes.", pools=()),
    ).identified()
    signature = compose_signer(stage.settings).sign(plan.signed_bytes())
    return plan.model_copy(update={"signature": signature})


def attempt(stage: Stage, moments: Sequence[Moment]) -> Trial:
    """Try a plan on the stage, its process killed at the first moment, the next one at the second.

    Then the plan is delivered again, as the bus does after a failed call, and once more a bin later: after either,
    everything has to agree. Without a moment the first run has to do it all.
    """
    started = time.monotonic()
    victims = [Victim(stage.settings, stage.catalog) for _ in range(len(moments) + PLANS_AFTERWARDS)]
    try:
        with stage.served() as (server, variables):
            variables["TMPDIR"] = str(stage.folder / "tmp")
            trying = Attempt(stage, server, variables, victims, standing_switch(stage.settings))
            problems = trying.recovered(moments)
        return Trial(tuple(trying.runs), problems, time.monotonic() - started)
    finally:
        for victim in victims:
            victim.dismiss()

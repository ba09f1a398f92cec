"""The main job: an environment up in the sandbox, two days of real demand through the real functions, a result."""

import contextlib
import gc
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import boto3
import numpy as np

from lambdas import runtime
from quantos.audit.adapters.composition import compose_auditor
from quantos.capacity.adapters.s3_plans import S3StrategyRegistry
from quantos.capacity.adapters.stores import compose_bucket, compose_groups, compose_plan_ledger
from quantos.capacity.pools.node_prices import node_prices
from quantos.catalog.catalog import Catalog, load_catalog
from quantos.clock import utc_now
from quantos.deployment.adapters.layers import LayerStacks
from quantos.deployment.backend import FileBackend, parse_backend
from quantos.environment.functions import AUDIT, RESIZE, SWEEP, function_table
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.operations.bring_up import bring_up
from quantos.policy.adapters.packs import render_packs
from sandbox.demo import measure
from sandbox.demo.crash import killed_resize
from sandbox.demo.faults import KilledOnce
from sandbox.demo.kill_moment import KillMoment, ResizeWatch
from sandbox.demo.replay import Replay, Tell
from sandbox.demo.result import DemoResult, StageRow
from sandbox.demo.scenario import POOL, Scenario, make_scenario
from sandbox.demo.trace import Trace
from sandbox.demo.world import Pods, Pool
from sandbox.errors import SandboxError
from sandbox.events.bus import EventBus, open_bus
from sandbox.events.clock import ReplayClock
from sandbox.events.events import Account, Event
from sandbox.events.loop import EventLoop, LocalFunction, load_functions
from sandbox.lifecycle import ONE_CHECKPOINT, Sandbox
from sandbox.node_lead_time import LeadTimeDistribution
from sandbox.node_pool import NodePool
from stacks.programs import declare

ENVIRONMENT = "dev"
DEMO_LAYERS = ("foundation", "capacity", "control")
"""The platform layer takes no part: pods are simulated."""
HOLD_BINS_SECONDS = 600
NODE_LEAD_TIME = LeadTimeDistribution(median_seconds=180.0, p95_seconds=480.0)
"""From order to Ready, stated and not measured on any cluster; quantos is told none of it but what it measures."""

LEAD_TIME_SEED = 20031023


class Stages(Protocol):
    """How the run shows its stages."""

    def __call__(self, title: str) -> AbstractContextManager[Tell]:
        """A stage that runs while the block does; the value tells how far it is."""
        ...


@dataclass
class Clockwork:
    """Times stages and shows them."""

    stages: Stages
    rows: list[StageRow] = field(default_factory=list)

    @contextlib.contextmanager
    def stage(self, title: str) -> Iterator[Tell]:
        """Run a block as a stage of this name."""
        started = time.monotonic()
        with self.stages(title) as tell:
            yield tell
        self.rows.append(StageRow(name=title, seconds=round(time.monotonic() - started, 2)))


@dataclass(frozen=True)
class Demo:
    """One run in a started sandbox, whose variables are laid over this process's environment."""

    root: Path
    sandbox: Sandbox
    trace: Trace
    bus_url: str
    clockwork: Clockwork
    kill_at: KillMoment

    def run(self) -> DemoResult:
        """Everything after the sandbox is up. Raises QuantosError where a stage fails."""
        catalog = load_catalog()
        settings = load_environment(ENVIRONMENT, root=runtime.ENVIRONMENTS, catalog=catalog)
        settings = _binned(settings, self.trace)
        stacks = self._stacks(settings)
        self._bring_up(settings, stacks)
        with open_bus(self.bus_url) as bus:
            scenario = _scenario(self.trace, settings, catalog)
            replay = self._replay(settings, catalog, scenario, bus=bus)
            _collect_rarely()
            with self.clockwork.stage("history through ingest") as tell:
                replay.load_history(tell)
            with self.clockwork.stage("two days replayed") as tell:
                replay.run(tell)
        return self._result(settings, stacks, replay)

    def _stacks(self, settings: EnvironmentSettings) -> LayerStacks:
        packs = render_packs(settings, packs_root=self.root / "policy_packs", folder=self.sandbox.state_dir / "policy")
        return LayerStacks(self.sandbox.project_dir, dict(os.environ), packs, declare)

    def _bring_up(self, settings: EnvironmentSettings, stacks: LayerStacks) -> None:
        quick = replace(stacks, environment={**stacks.environment, **ONE_CHECKPOINT})
        for layer in DEMO_LAYERS:
            with self.clockwork.stage(f"up {ENVIRONMENT}-{layer}") as tell:
                bring_up(settings, quick, layer, progress=lambda name, done, tell=tell: tell(name, done, 0))

    def _replay(self, settings: EnvironmentSettings, catalog: Catalog, scenario: Scenario, *, bus: EventBus) -> Replay:
        clock = ReplayClock(scenario.start)
        runtime.use(
            runtime.Runtime(
                settings=settings,
                catalog=catalog,
                publisher=bus.publisher,
                clock=clock,
                wall_clock=utc_now,
            )
        )
        functions = {function.spec.name: function for function in self._functions(settings)}
        pool = Pool(
            client=boto3.client("eks", region_name=settings.region),
            cluster=settings.names().cluster,
            group=compose_groups(settings).names()[POOL],
            nodes=drawn_nodes(standing_nodes=settings.pools[POOL].floor_nodes),
            pods=_pods(settings, catalog, scenario),
        )
        killer = KilledOnce(
            handler=functions[RESIZE].handler,
            settings=settings,
            clock=clock,
            armed_from=scenario.kill_from,
            kill=lambda event: self._kill(event, settings, clock=clock),
        )
        functions[RESIZE] = LocalFunction(spec=functions[RESIZE].spec, handler=killer)
        account = Account(environment=settings.name, account_id=settings.account_id, region=settings.region)
        return Replay(
            scenario=scenario,
            settings=settings,
            bus=bus,
            loop=EventLoop(bus, list(functions.values()), clock=clock, account=account, lingering=frozenset({AUDIT})),
            pool=pool,
            registry=S3StrategyRegistry(compose_bucket(settings)),
            killer=killer,
        )

    def _kill(self, event: Event, settings: EnvironmentSettings, *, clock: ReplayClock) -> None:
        backend = parse_backend(os.environ["PULUMI_BACKEND_URL"])
        if not isinstance(backend, FileBackend):
            raise SandboxError("the sandbox keeps its states in no folder", remedy="start it anew")
        killed_resize(
            event,
            environment=settings.name,
            now=clock(),
            variables=os.environ,
            watch=ResizeWatch(settings, backend.root, POOL),
            moment=self.kill_at,
        )

    def _functions(self, settings: EnvironmentSettings) -> tuple[LocalFunction, ...]:
        """The functions, with what they log going to a file of the sandbox; nothing is submitted that would be swept,
        or told of each minute of two days.
        """
        log = (self.sandbox.state_dir / "logs" / "functions.log").open("w", encoding="utf-8", buffering=1)
        with contextlib.redirect_stdout(log):
            return load_functions(spec for spec in function_table(settings) if spec.name != SWEEP)

    def _result(self, settings: EnvironmentSettings, stacks: LayerStacks, replay: Replay) -> DemoResult:
        scenario, seen, pool = replay.scenario, replay.observations, replay.pool
        stack = settings.names().stack("capacity")
        with self.clockwork.stage("read back, verify, preview"):
            sizes = compose_groups(settings).sizes()
            document = compose_plan_ledger(settings).current().document
            verdict = compose_auditor(settings).verify()
            preview = stacks.preview(stack, progress=lambda _name, _done: None)
        floor_nodes = settings.pools[POOL].floor_nodes
        static = measure.static_peak(scenario, seen, vcpu_per_node=pool.vcpu_per_node, floor_nodes=floor_nodes)
        reactive = measure.reactive_alone(
            scenario,
            seen,
            nodes=drawn_nodes(standing_nodes=floor_nodes),
            pods=_pods(settings, load_catalog(), scenario),
            floor_nodes=floor_nodes,
        )
        rows = measure.bin_rows(scenario, seen, static=static, reactive=reactive, pool=pool)
        return DemoResult(
            trace=self.trace.name,
            unit=self.trace.unit,
            pool=POOL,
            vcpu_per_node=pool.vcpu_per_node,
            bin_seconds=self.trace.bin_seconds,
            bus=_bus_said(self.bus_url),
            bins=rows,
            decisions=measure.decision_rows(seen, bin_seconds=self.trace.bin_seconds),
            ways=measure.ways(scenario, seen, static=static, reactive=reactive, pool=pool),
            groups=measure.group_rows(document, sizes),
            stages=tuple(self.clockwork.rows),
            models=measure.models(seen),
            phase_nodes=measure.phase_nodes(rows, vcpu_per_node=pool.vcpu_per_node),
            audit_links=verdict.links,
            audit_problem="" if verdict.intact else verdict.sentence,
            drift=tuple(f"{count} {operation}" for operation, count in preview.changes.items()),
            autoscaler_moves=pool.moves,
            lowered_desired=pool.lowered,
            lead_times=measure.lead_times(seen, pool.nodes),
        )


def _collect_rarely() -> None:
    """Keep the garbage collector from what is loaded by now, none of which becomes garbage."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _binned(settings: EnvironmentSettings, trace: Trace) -> EnvironmentSettings:
    """The environment with decisions in the trace's bins."""
    decisions = settings.decisions.model_dump() | {"bin_seconds": trace.bin_seconds}
    return EnvironmentSettings.model_validate(settings.model_dump() | {"decisions": decisions})


def _scenario(trace: Trace, settings: EnvironmentSettings, catalog: Catalog) -> Scenario:
    node = node_prices(settings, catalog)[POOL]
    return make_scenario(trace, settings, vcpu_per_node=node.vcpu, usd_per_node_hour=node.usd_per_hour)


def drawn_nodes(*, standing_nodes: int) -> NodePool:
    """The main pool's nodes; every pool made here draws the same lead times, order by order."""
    return NodePool(
        name=POOL, lead_time=NODE_LEAD_TIME, rng=np.random.default_rng(LEAD_TIME_SEED), standing_nodes=standing_nodes
    )


def _pods(settings: EnvironmentSettings, catalog: Catalog, scenario: Scenario) -> Pods:
    return Pods(
        vcpu_per_node=node_prices(settings, catalog)[POOL].vcpu,
        hold_bins=-(-HOLD_BINS_SECONDS // scenario.trace.bin_seconds),
    )


def _bus_said(url: str) -> str:
    return "in process" if url.startswith("memory://") else f"Kafka at {url.removeprefix('kafka://')}"

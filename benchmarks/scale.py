"""One decision for a thousand strategies on twenty pools, by a new process from what is stored, and by a warm one."""

import cProfile
import pstats
import resource
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from benchmarks.measurement import Figure, Report, median_figure, now
from quantos.arrays import FloatArray
from quantos.capacity.adapters.code_version import code_version
from quantos.capacity.decision.service import DecisionService
from quantos.capacity.demand.fit_repository import DailyFits
from quantos.capacity.demand.pool_demand import PoolDemands
from quantos.capacity.demand.ports import FitKey
from quantos.capacity.pools.lead_times import PoolLeadTimes
from quantos.capacity.pools.node_prices import NodePrice, node_prices
from quantos.capacity.pools.shared_pools import shared_pools
from quantos.catalog.catalog import load_catalog
from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import DecisionRequest, PlanDocument, PoolSize, ScalingPlan
from quantos.contracts.strategy import CostLimits, Placement, ServiceLevel, Strategy, StrategyBook
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import ForecastError
from quantos.messaging.adapters.url import publisher_from_url
from quantos.policy.cost.rules import foreseen_violations
from quantos.telemetry.sources import SourceBins
from quantos.telemetry.windows.demand_windows import DemandWindows
from quantos.telemetry.windows.refresh import ReadSpan
from quantos.telemetry.windows.signal_windows import SignalWindows
from quantos.telemetry.windows.snapshot import KeptWindow, dumped, window_key
from tests.support.capacity_fakes import (
    FakeArchive,
    FakeFits,
    FakeLedger,
    FakeRegistry,
    FakeSigner,
    KeptBytes,
)
from tests.support.environments import make_settings
from tests.support.signal_history import MemorySignalHistory

BENCHMARK = "scale"
STRATEGIES: Final = 1000
POOLS: Final = 20
SETS: Final = 60
"""Sets of pools that strategies name: each pool alone, and pairs and triples of them."""
SET_VCPU: Final = 120.0
MIDNIGHT: Final = datetime(2026, 3, 3, tzinfo=UTC)
NOON: Final = MIDNIGHT + timedelta(hours=12)
STAGES: Final = {
    "read demand": ("windows.py", "read"),
    "forecast": ("peak_model.py", "predict"),
    "needs": ("problem_builder.py", "all_needs"),
    "choose": ("priorities.py", "choose"),
    "verify, size and explain": ("planning.py", "make_plan"),
    "record": ("decision_record.py", "packed"),
}
Tell = Callable[[str], None]


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Time decisions; stores are in memory and answer at once, so what is timed is the work and no network.

    The day's fits and the windows are stored; every set of pools has the same demand in all, so that one fit is the
    fit of each. Samples of the last hours are read one by one, as a table gives them.
    """
    tell("building the state that is stored")
    world = _world()
    colds: list[float] = []
    warms: list[float] = []
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds}")
        service = world.service()
        cold_seconds, _ = _timed(service, NOON)
        warm_seconds, plan = _timed(service, NOON + timedelta(minutes=5))
        colds.append(cold_seconds)
        warms.append(warm_seconds)
    tell("profiling")
    profile = _profile(world)
    read_per_decision = world.history.reads
    return Report(
        BENCHMARK,
        command,
        f"{STRATEGIES} strategies, {POOLS} pools, {SETS} sets of pools, {len(plan.explanation.gave_way)} gave way",
        (
            median_figure("cold_seconds", colds, unit="s, a new process from stored state, median of rounds"),
            median_figure("warm_seconds", warms, unit="s, five minutes later in the same process, median of rounds"),
            Figure("peak_gib", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "GiB, the stores included"),
            Figure("record_kib", world.record_kib(plan), "KiB, what one decision keeps for replay"),
            Figure("samples_read", float(read_per_decision), "samples a cold decision reads from the history"),
        ),
        now(),
        tables=([["stage of a cold decision", "s", "share"], *profile],),
    )


@dataclass
class BinHistory:
    """A DemandHistory of one source, made of bins; `reads` counts the samples given last."""

    starts_at: datetime
    bins: Mapping[str, FloatArray]
    reads: int = 0

    def add(self, samples: Sequence[DemandSample]) -> tuple[DemandSample, ...]:
        """Nothing is added while decisions are timed."""
        raise NotImplementedError

    def samples(
        self, series: Collection[str], *, start: datetime, end: datetime, known_by: datetime | None = None
    ) -> dict[str, tuple[DemandSample, ...]]:
        """One sample a bin; of what is no demand, none. Nothing is ever corrected."""
        del known_by
        samples = {name: tuple(self._samples(name, start, end)) for name in series}
        self.reads += sum(map(len, samples.values()))
        return samples

    def _samples(self, name: str, start: datetime, end: datetime) -> Sequence[DemandSample]:
        first, last = (int((moment - self.starts_at).total_seconds()) // 300 for moment in (start, end))
        values = self.bins.get(name, np.zeros(0))
        return [
            DemandSample.model_construct(
                schema_version=1,
                series=name,
                time=self.starts_at + timedelta(minutes=5 * index),
                source="gateway-1",
                value=float(values[index]),
            )
            for index in range(max(first, 0), min(last, len(values)))
        ]


class OneFit(FakeFits):
    """A FitStore in which the fit of one set of pools is that of every one."""

    def get(self, key: FitKey) -> bytes | None:
        """The one that is kept, if it is of the day."""
        return next((content for kept, content in self.kept.items() if kept.day == key.day), None)


@dataclass
class _World:
    settings: EnvironmentSettings
    nodes: Mapping[str, NodePrice]
    book: StrategyBook
    history: BinHistory
    fits: OneFit
    windows: KeptBytes
    records: KeptBytes

    def service(self) -> DecisionService:
        catalog = load_catalog()

        def check(document: PlanDocument) -> tuple[str, ...]:
            return tuple(
                violation.message for violation in foreseen_violations(document, self.settings, catalog=catalog)
            )

        return DecisionService(
            settings=self.settings,
            nodes=self.nodes,
            check=check,
            registry=FakeRegistry(self.book),
            history=self.history,
            signals=MemorySignalHistory(),
            ledger=FakeLedger(_standing(self.settings)),
            archive=FakeArchive(),
            fits=self.fits,
            windows=self.windows,
            records=self.records,
            code=code_version,
            signer=FakeSigner(),
            publisher=publisher_from_url("memory://benchmark"),
        )

    def record_kib(self, plan: ScalingPlan) -> float:
        content = self.records.get(plan.plan_id)
        return 0.0 if content is None else len(content) / 1024


def _world() -> _World:
    settings = _settings()
    nodes = node_prices(settings, load_catalog())
    book, bins = _strategies(settings, nodes)
    start = MIDNIGHT - timedelta(days=settings.decisions.history_days)
    world = _World(settings, nodes, book, BinHistory(start, bins), OneFit(), KeptBytes(), KeptBytes())
    _store_fit(world)
    _store_windows(world, start)
    return world


def _settings() -> EnvironmentSettings:
    dev = make_settings()
    templates = [dev.pools["cpu"], dev.pools["memory"], dev.pools["cpu-spot"]]
    pools = {
        f"pool-{index:02d}": templates[index % len(templates)]
        .model_copy(update={"ceiling_nodes": 200, "ceiling_usd_per_hour": 200.0, "floor_nodes": 1})
        .model_dump(mode="json")
        for index in range(POOLS)
    }
    limits = {
        **dev.limits.model_dump(mode="json"),
        "ceiling_usd_per_hour": 4000.0,
        "max_nodes": 4000,
        "max_step_up_nodes": 2000,
        "max_step_down_nodes": 2000,
    }
    return make_settings(pools=pools, limits=limits)


def _strategies(
    settings: EnvironmentSettings, nodes: Mapping[str, NodePrice]
) -> tuple[StrategyBook, dict[str, FloatArray]]:
    """A book whose strategies share each set of pools evenly in number, and what each of them used, units by bin."""
    rng = np.random.default_rng(7)
    names = sorted(settings.pools)
    sets = {(name,) for name in names}
    while len(sets) < SETS:
        sets.add(tuple(sorted(rng.choice(names, size=int(rng.integers(2, 4)), replace=False).tolist())))
    total = _total(rng, days=settings.decisions.history_days + 1)
    strategies: list[Strategy] = []
    bins: dict[str, FloatArray] = {}
    for place, pools in enumerate(sorted(sets)):
        count = STRATEGIES * (place + 1) // SETS - STRATEGIES * place // SETS
        shares = rng.dirichlet(np.full(count, 2.0))
        for share in shares:
            name = f"s{len(strategies):04d}"
            bins[f"workload/{name}"] = total * share * 100.0
            strategies.append(_strategy(name, pools, rng, vcpu=float(total.max() * share), nodes=nodes))
    return StrategyBook(strategies=tuple(strategies)), bins


def _total(rng: np.random.Generator, *, days: int) -> FloatArray:
    """Demand of a set of pools in vCPU: a hump every weekday, noise that lasts, and now and then a burst."""
    bins = np.arange(days * 288)
    hours, weekday = bins % 288 / 12, (bins // 288) % 7 < 5
    hump = np.clip(np.sin((hours - 7) / 11 * np.pi), 0, None) * weekday
    noise = np.convolve(rng.normal(0, 0.08, len(bins) + 35), np.full(36, 1 / 6), "valid")
    bursts = np.where(rng.random(len(bins)) < 0.002, 0.3, 0.0)
    return SET_VCPU * (0.15 + hump) * np.clip(1 + noise + bursts, 0.1, None)


def _strategy(
    name: str, pools: tuple[str, ...], rng: np.random.Generator, *, vcpu: float, nodes: Mapping[str, NodePrice]
) -> Strategy:
    dearest = max(nodes[pool].usd_per_vcpu_hour for pool in pools)
    mixed = len({nodes[pool].spot for pool in pools}) > 1
    return Strategy(
        name=name,
        owner="ada",
        desk="equities",
        cost_centre="cc-210",
        pools=pools,
        placement=Placement(max_spot_share=0.7) if mixed else Placement(),
        series=f"workload/{name}",
        units_per_vcpu=100.0,
        service_level=ServiceLevel(max_latency_ms=20.0),
        cost=CostLimits(ceiling_usd_per_hour=4 * vcpu * dearest, budget_usd_per_day=96 * vcpu * dearest),
        miss_cost_usd_per_unit_hour=1.0,
        priority=int(rng.choice([10, 50, 90])),
    )


def _store_fit(world: _World) -> None:
    """Learn of one set of pools, which is what every other set would learn too."""
    decisions = world.settings.decisions
    fits = DailyFits(world.fits, decisions.history_days)
    lead_times = PoolLeadTimes(world.history, decisions).read(world.nodes, day=MIDNIGHT.date())
    first = shared_pools(world.book, world.nodes, lead_times=lead_times, decisions=decisions)[0]
    signals = SignalWindows(MemorySignalHistory())
    PoolDemands(DemandWindows(world.history), signals, decisions, fits).learn(first, day=MIDNIGHT.date())


def _store_windows(world: _World, start: datetime) -> None:
    """What a process kept at noon, for every set of pools."""
    world.windows.kept.clear()
    count = int((NOON - start).total_seconds()) // 300
    span = ReadSpan(int(start.timestamp()), int(NOON.timestamp()), int(NOON.timestamp()) // 3600)
    by_pools: dict[tuple[str, ...], dict[str, FloatArray]] = {}
    for strategy in world.book.strategies:
        by_pools.setdefault(strategy.pools, {})[strategy.series] = world.history.bins[strategy.series][:count]
    for sums in by_pools.values():
        source_bins = {name: _single_source_bins(values) for name, values in sums.items()}
        world.windows.put(window_key(source_bins, bin_seconds=300), dumped(KeptWindow(span, source_bins)))


def _single_source_bins(values: FloatArray) -> SourceBins:
    bins, none = np.arange(len(values)), np.zeros(0, dtype=np.int64)
    return SourceBins(
        count=len(values),
        names=("gateway-1",),
        bins=bins,
        sources=np.zeros_like(bins),
        values=values,
        left_bins=none,
        left=none,
    )


def _standing(settings: EnvironmentSettings) -> PlanDocument:
    sizes = {pool: PoolSize(floor=20, ceiling=200) for pool in settings.pools}
    return PlanDocument(
        stack="dev-capacity", plan_id="", sequence=0, sizes=sizes, previous=sizes, pool_costs={}, strategy_costs={}
    )


def _request(moment: datetime) -> DecisionRequest:
    return DecisionRequest(stack="dev-capacity", scheduled_time=moment)


def _timed(service: DecisionService, moment: datetime) -> tuple[float, ScalingPlan]:
    started = time.perf_counter()
    plan = service.decide(_request(moment))
    seconds = time.perf_counter() - started
    if plan is None:
        raise ForecastError("there was nothing to decide", remedy="mend the state that the benchmark stores")
    if degraded := {part.degraded for part in plan.explanation.pools if part.degraded}:
        reasons = "; ".join(sorted(degraded)[:3])
        raise ForecastError(f"a degraded decision was timed: {reasons}", remedy="mend the state that is stored")
    return seconds, plan


def _profile(world: _World) -> list[list[str]]:
    """Seconds of a cold decision by stage, under a profiler that slows it."""
    service, profiler = world.service(), cProfile.Profile()
    world.history.reads = 0
    profiler.runcall(service.decide, _request(NOON + timedelta(minutes=10)))
    stats = pstats.Stats(profiler)
    whole = stats.total_tt  # type: ignore[attr-defined]
    spent = dict.fromkeys(STAGES, 0.0)
    for (file, _, function), (_, _, _, cumulative, _) in stats.stats.items():  # type: ignore[attr-defined]
        for stage, (module, name) in STAGES.items():
            if file.endswith(module) and function == name:
                spent[stage] += cumulative
    rest = whole - sum(spent.values())
    return [[stage, f"{seconds:.2f}", f"{seconds / whole:.0%}"] for stage, seconds in [*spent.items(), ("rest", rest)]]

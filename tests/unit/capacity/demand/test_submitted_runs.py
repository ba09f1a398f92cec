from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from quantos.allocation.shapes.node_needs import Allocatable
from quantos.capacity.demand.submitted_runs import KnownRuns, SubmittedRuns
from quantos.contracts.demand import DemandSample, SignalSample
from quantos.contracts.strategy import StrategyBook
from tests.support.demand_cases import NODE, make_demand, make_strategy
from tests.support.demand_history import MemoryDemandHistory
from tests.support.environments import make_settings
from tests.support.signal_history import MemorySignalHistory

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
BIN_END = int(AT.timestamp())
BIN = timedelta(minutes=5)


def reader(*, history: MemoryDemandHistory | None = None, signals: MemorySignalHistory | None = None) -> SubmittedRuns:
    settings = make_settings()
    return SubmittedRuns(
        settings,
        dict.fromkeys(settings.pools, NODE),
        history or MemoryDemandHistory(),
        signals or MemorySignalHistory(),
    )


def said(pool: str, *values: float, known_at: datetime) -> list[SignalSample]:
    """About the bins from the one on in which it was known."""
    first = known_at.replace(minute=known_at.minute // 5 * 5, second=0)
    return [
        SignalSample(
            series=f"signal/orch-{pool}",
            time=first + number * BIN,
            known_at=known_at,
            source="sweep",
            value=value,
            holds_seconds=300,
        )
        for number, value in enumerate(values)
    ]


def used(pool: str, value: float, *, before: timedelta) -> DemandSample:
    return DemandSample(series=f"workload/orch-{pool}", time=AT - before, source="sweep", value=value)


def test_where_orchestration_tells_nothing_no_pool_counts():
    assert reader().read(bin_end=BIN_END).schedules == {}
    book = StrategyBook(strategies=(make_strategy(),))
    assert reader().with_strategies(book, reader().read(bin_end=BIN_END)) is book


def test_what_was_told_last_of_a_bin_counts_and_what_is_known_later_does_not():
    signals = MemorySignalHistory()
    signals.add(said("cpu", 9, 9, 9, 9, 9, known_at=AT - timedelta(minutes=3)))
    signals.add(said("cpu", 8, 7, 6, known_at=AT - timedelta(minutes=1)))
    signals.add(said("cpu", 50, 50, known_at=AT + timedelta(seconds=1)))

    known = reader(signals=signals).read(bin_end=BIN_END)

    assert known.schedules == {"cpu": {BIN_END: 7.0, BIN_END + 300: 6.0, BIN_END + 600: 9.0, BIN_END + 900: 9.0}}
    assert [known.needed("cpu", bins=bins) for bins in (0, 1, 2, 3)] == [0.0, 7.0, 7.0, 9.0]
    assert known.needed("memory", bins=3) == 0.0


@pytest.mark.parametrize(
    ("value", "days", "counts"),
    [(2.0, 1, True), (2.0, 6, True), (2.0, 8, False), (0.0, 1, False), (2.0, 0, False)],
)
def test_a_pool_counts_of_which_runs_needed_anything_in_the_week_before_the_day(value: float, days: int, counts: bool):
    history = MemoryDemandHistory()
    history.add([used("cpu", value, before=timedelta(days=days))])
    assert ("cpu" in reader(history=history).read(bin_end=BIN_END).schedules) is counts


def test_the_week_is_read_once_a_day():
    history = MemoryDemandHistory()
    runs = reader(history=history)
    for minutes in (0, 5, 10):
        runs.read(bin_end=BIN_END + minutes * 60)
    assert history.reads == 1
    runs.read(bin_end=BIN_END + 86_400)
    assert history.reads == 2


def test_each_pool_that_counts_has_a_strategy_at_the_terms_of_the_environment():
    known = KnownRuns(schedules={"cpu-spot": {}}, bin_end=BIN_END, bin_seconds=300)
    (strategy,) = reader().with_strategies(StrategyBook(), known).strategies

    pool = make_settings().pools["cpu-spot"]
    assert (strategy.name, strategy.pools, strategy.series) == (
        "orch-cpu-spot",
        ("cpu-spot",),
        "workload/orch-cpu-spot",
    )
    assert (strategy.owner, strategy.cost_centre) == (pool.owner, pool.cost_centre)
    assert (strategy.miss_usd_per_vcpu_hour, strategy.priority, strategy.units_per_vcpu) == (0.25, 20, 1.0)
    assert strategy.cost.ceiling_usd_per_hour == pool.ceiling_usd_per_hour


@pytest.mark.parametrize("stated", [{"name": "orch-cpu"}, {"series": "workload/orch-cpu"}])
def test_a_strategy_that_somebody_states_takes_its_place(stated: dict[str, str]):
    known = KnownRuns(schedules={"cpu": {}}, bin_end=BIN_END, bin_seconds=300)
    book = StrategyBook(strategies=(make_strategy(**stated),))
    assert reader().with_strategies(book, known) is book


def test_only_the_strategy_of_runs_is_given_what_they_need():
    known = KnownRuns(schedules={"cpu": {BIN_END + 300: 4.0, BIN_END + 3000: 20.0}}, bin_end=BIN_END, bin_seconds=300)
    demand = make_demand(make_strategy(), make_strategy("orch-cpu", series="workload/orch-cpu"))

    orders, runs = known.in_demand(demand, lead_bins=2).strategies

    assert (runs.scheduled_vcpu, runs.scheduled_soon_vcpu) == (20.0, 4.0)
    assert orders == demand.strategies[0]


@pytest.mark.parametrize("gpus", [1, 3, 4, 7])
def test_on_nodes_with_gpus_runs_are_counted_in_gpus_and_all_of_a_node_is_all_of_them(gpus: int):
    holds = Allocatable(vcpu=3.92, memory_gib=13.7, network_mbps=2500.0, pods=110, gpus=gpus)
    node = replace(NODE, node=holds.resources(), holds=holds)
    settings = make_settings()
    runs = SubmittedRuns(settings, dict.fromkeys(settings.pools, node), MemoryDemandHistory(), MemorySignalHistory())
    known = KnownRuns(schedules={"cpu": {}}, bin_end=BIN_END, bin_seconds=300)
    (strategy,) = runs.with_strategies(StrategyBook(), known).strategies

    assert node.vcpu_for(strategy) == pytest.approx(3.92)
    assert strategy.gpus_per_vcpu * 3.92 == pytest.approx(gpus)

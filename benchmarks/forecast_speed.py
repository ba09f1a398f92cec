"""How long a forecast and a decision take on real demand: fitted once a day, decided every bin."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

import numpy as np

from benchmarks.measurement import Figure, Report, median_figure, now
from quantos.capacity.adapters.code_version import code_version
from quantos.capacity.decision.service import DecisionService
from quantos.capacity.pools.node_prices import node_prices
from quantos.catalog.catalog import load_catalog
from quantos.contracts.plan import DecisionRequest, PlanDocument
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import ForecastError
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.peak_model import fit, predict
from quantos.messaging.adapters.url import publisher_from_url
from quantos.policy.cost.rules import foreseen_violations
from quantos.telemetry.bins import Grid, demand_in_session
from quantos.telemetry.sessions.open_hours import open_bins
from quantos.telemetry.sources import source_bins
from sandbox.demo.scenario import POOL, Scenario, make_scenario
from sandbox.demo.trace import bank_calls
from tests.support.capacity_fakes import (
    FakeArchive,
    FakeFits,
    FakeLedger,
    FakeRegistry,
    FakeSigner,
    KeptBytes,
)
from tests.support.demand_history import MemoryDemandHistory
from tests.support.environments import make_settings
from tests.support.plan_cases import document
from tests.support.signal_history import MemorySignalHistory

BENCHMARK = "forecast"
LEVELS = (0.5, 0.75, 0.9, 0.985)
OPENING_HOURS = 9
Tell = Callable[[str], None]
T = TypeVar("T")


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Time fit, predict and decisions, `rounds` each, on the bank's calls. Stores are in memory: no I/O is timed."""
    settings, catalog = make_settings(), load_catalog()
    tell("reading the bank's calls")
    price = node_prices(settings, catalog)[POOL]
    scenario = make_scenario(bank_calls(), settings, vcpu_per_node=price.vcpu, usd_per_node_hour=price.usd_per_hour)
    history = MemoryDemandHistory()
    history.add(list(scenario.history()))
    for start in scenario.bins():
        history.add(list(scenario.samples(start)))
    tell("fit and predict")
    figures = _models(scenario, settings, history, rounds=rounds)
    tell("decisions")
    figures += _decisions(scenario, settings, history, rounds=rounds)
    return Report(BENCHMARK, command, f"{scenario.trace.name}, {rounds} rounds", figures, now())


def _models(
    scenario: Scenario, settings: EnvironmentSettings, history: MemoryDemandHistory, *, rounds: int
) -> tuple[Figure, ...]:
    fits: list[float] = []
    predictions: list[float] = []
    served = ""
    for number in range(rounds + 1):
        window = _window(scenario, settings, history, bins=number)
        fit_ms, fitted = timed_ms(partial(fit, window, levels=LEVELS, terms=_terms(window)))
        predict_ms, forecast = timed_ms(partial(predict, fitted, window))
        if forecast.degraded is not None:
            raise ForecastError(f"a degraded forecast was timed: {forecast.degraded}", remedy="give a longer history")
        served = forecast.model
        fits.append(fit_ms)
        predictions.append(predict_ms)
    ratios = [prediction / fitting for prediction, fitting in zip(predictions[1:], fits[1:], strict=True)]
    return (
        median_figure("fit_ms", fits[1:], unit=f"ms a series, median ({served})"),
        median_figure("predict_ms", predictions[1:], unit="ms a series, median"),
        median_figure("predict_over_fit", ratios, unit="ratio, median of rounds"),
    )


def _terms(window: DemandWindow) -> CapacityEconomics:
    return CapacityEconomics(lead_bins=window.horizon_bins - 1, hold_bins=0, node_size=8.0, miss_cost=66.0)


def _window(
    scenario: Scenario, settings: EnvironmentSettings, history: MemoryDemandHistory, *, bins: int
) -> DemandWindow:
    """One strategy's demand up to `bins` bins into the first session, vCPU."""
    decisions = settings.decisions
    strategy = scenario.book(greedy=False).strategies[0]
    end = scenario.start + timedelta(hours=OPENING_HOURS, seconds=bins * decisions.bin_seconds)
    start = scenario.start - timedelta(days=decisions.history_days)
    grid = Grid(
        int(start.timestamp()), decisions.bin_seconds, int((end - start).total_seconds()) // decisions.bin_seconds
    )
    horizon_seconds = decisions.lead_seconds + decisions.ahead_seconds
    ahead = Grid(grid.start, grid.bin_seconds, grid.count + horizon_seconds // grid.bin_seconds)
    opened = open_bins(strategy.session, ahead)
    sums = source_bins(history.samples([strategy.series], start=start, end=end)[strategy.series], grid).sums()
    values = demand_in_session(sums, opened=opened[: grid.count]) / strategy.units_per_vcpu
    return DemandWindow(values=np.asarray(values), opened=opened, bin_seconds=grid.bin_seconds)


def _decisions(
    scenario: Scenario, settings: EnvironmentSettings, history: MemoryDemandHistory, *, rounds: int
) -> tuple[Figure, ...]:
    colds: list[float] = []
    stored: list[float] = []
    warms: list[float] = []
    step = timedelta(seconds=settings.decisions.bin_seconds)
    for number in range(rounds):
        fits = FakeFits()
        first, second = (_service(scenario, settings, history, fits=fits).decide for _ in range(2))
        at = scenario.start + timedelta(hours=OPENING_HOURS) + number * 12 * step
        requests = [
            DecisionRequest(stack=settings.names().stack("capacity"), scheduled_time=at + i * step) for i in (0, 1)
        ]
        cold_ms, _ = timed_ms(partial(first, requests[0]))
        stored_ms, _ = timed_ms(partial(second, requests[0]))
        warm_ms, _ = timed_ms(partial(second, requests[1]))
        colds.append(cold_ms)
        stored.append(stored_ms)
        warms.append(warm_ms)
    ratios = [warm / cold for warm, cold in zip(warms, colds, strict=True)]
    shares = [warm / 1000 / settings.decisions.bin_seconds for warm in warms]
    return (
        median_figure("cold_decision_ms", colds, unit="ms, median; first on a new demand, two strategies"),
        median_figure("stored_decision_ms", stored, unit="ms, median; first of a process, by a stored fit"),
        median_figure("warm_decision_ms", warms, unit="ms, median; the bin after"),
        median_figure("warm_over_cold_decision", ratios, unit="ratio, median of rounds"),
        median_figure("warm_decision_share_of_bin", shares, unit="share of the bin"),
    )


def _service(
    scenario: Scenario, settings: EnvironmentSettings, history: MemoryDemandHistory, *, fits: FakeFits
) -> DecisionService:
    catalog = load_catalog()

    def check(planned: PlanDocument) -> tuple[str, ...]:
        return tuple(violation.message for violation in foreseen_violations(planned, settings, catalog=catalog))

    return DecisionService(
        settings=settings,
        nodes=node_prices(settings, catalog),
        check=check,
        registry=FakeRegistry(scenario.book(greedy=False)),
        history=history,
        signals=MemorySignalHistory(),
        ledger=FakeLedger(document(cpu=2)),
        archive=FakeArchive(),
        fits=fits,
        windows=KeptBytes(),
        records=KeptBytes(),
        code=code_version,
        signer=FakeSigner(),
        publisher=publisher_from_url("memory://benchmark"),
    )


def timed_ms(call: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds a call took, and what it returned."""
    started = time.perf_counter()
    result = call()
    return (time.perf_counter() - started) * 1000, result

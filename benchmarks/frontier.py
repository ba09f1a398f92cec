"""Decisions on recorded demand beside other planners' rules, and forecasts beside other libraries', in one run."""

import os
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.forecast_peers import PeerForecast, holt_winters, mase, mstl_autoets, pinball, seasonal_naive
from benchmarks.frontier_plot import plot
from benchmarks.measurement import OUT, Figure, Report, now
from benchmarks.reference_judge import compare
from quantos.arrays import FloatArray
from quantos.backtest.judge import FLAP_SECONDS, Verdict, judge
from quantos.backtest.replay import replay, series_of, terms_of
from quantos.backtest.sidecar import Known, known, read_sidecar
from quantos.backtest.trace import Trace, carried, read_trace
from quantos.errors import SettingsError
from quantos.forecasting.evaluation.calibration import PHASES
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.series_model import FittedSeries, Series
from quantos.forecasting.serving import decide, expectations, uppers
from quantos.forecasting.state import dumped
from sandbox.demo.trace import bank_calls

BENCHMARK = "frontier"
TRACES_VARIABLE = "QUANTOS_TRACES"
LEAD_SECONDS = HOLD_SECONDS = 600
MISS_COST = 66.0
PLAN_SECONDS = 5400
"""The horizon of plans in the environments: their upper value answers for all of it at once."""

AT_LEAD, OF_PLANS = "lead", "plan"
COMPARED_DAYS = 4
COMPARED_ORIGINS = 24
DEMO_DAYS = 60
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Subject:
    """A trace, and what is known beside it."""

    trace: Trace
    path: Path | None
    beside: Known | None


@dataclass
class Watched:
    """What the online run saw day by day."""

    uppers: list[FloatArray] = field(default_factory=list)
    phases: list[FloatArray] = field(default_factory=list)
    expected: list[FloatArray] = field(default_factory=list)
    champions: dict[str, int] = field(default_factory=dict)
    state_bytes: int = 0

    def __call__(self, fitted: FittedSeries, series: Series, first: int) -> None:
        forecasts = uppers(fitted, series, first=first)
        self.uppers.append(forecasts.values)
        self.phases.append(forecasts.phases.astype(np.float64))
        self.expected.append(expectations(fitted, series, first=first))
        self.champions[fitted.champion] = self.champions.get(fitted.champion, 0) + len(forecasts.values)
        self.state_bytes = max(self.state_bytes, len(dumped(fitted)))


@dataclass(frozen=True, kw_only=True)
class Phase:
    """How often the upper quantile was exceeded in a phase of the sessions, by how often it should have been.

    Attributes:
        horizon: what the quantile answers for.
        surprises: runs of misses, which come together: a rate made of a few says little.
        width: upper quantile by what came, means.
    """

    name: str
    horizon: str
    bins: int
    misses_by_nominal: float
    surprises: int
    width: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """All that was found on one trace. `without` is the ratio without calendar and signals, where there are any."""

    name: str
    verdict: Verdict
    without: float | None
    reference_ratio: float | None
    champions: dict[str, int]
    pinball: dict[str, float]
    mase: dict[str, float]
    phases: tuple[Phase, ...]
    cold_ms: float
    warm_ms: float
    state_kib: float
    seconds: float


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Replay every trace. `rounds` times the warm path is timed on each."""
    results = []
    for subject in subjects(os.environ.get(TRACES_VARIABLE)):
        tell(subject.trace.name)
        results.append(result(subject, rounds=rounds, tell=tell))
    plot(results, OUT / f"{BENCHMARK}.png")
    return Report(
        BENCHMARK, command, f"{len(results)} traces, lead and hold 10 min", _figures(results), now(),
        tables=(_verdicts(results), _restlessness(results), _forecasts(results), _calibration(results)),
        details=[asdict(trace_result) for trace_result in results],
    )  # fmt: skip


def subjects(folder: str | None) -> list[Subject]:
    """The traces of a folder; the bank's calls where none is named. Raises SettingsError for an empty folder."""
    if folder is None:
        return [Subject(demo_trace(), None, None)]
    paths = sorted(Path(folder).glob("*.csv"))
    if not paths:
        raise SettingsError(f"{folder} has no CSV file", remedy="name a folder of time,demand files")
    folder_subjects = []
    for path in paths:
        trace = read_trace(path, gaps="zero")
        sidecar = read_sidecar(path)
        beside = None if sidecar is None else known(trace, sidecar, path=path, ahead_seconds=LEAD_SECONDS)
        folder_subjects.append(Subject(trace, path, beside))
    return folder_subjects


def demo_trace() -> Trace:
    """The first weeks of the bank's calls; what is absent is none."""
    calls = bank_calls()
    first = min(calls.demand)
    count = DEMO_DAYS * 86_400 // calls.bin_seconds
    grid = np.zeros(count)
    for start, value in calls.demand.items():
        index = int((start - first).total_seconds()) // calls.bin_seconds
        if index < count:
            grid[index] = value
    start = datetime.fromtimestamp(first.timestamp(), UTC)
    return Trace(name="bank_calls", first=start, bin_seconds=calls.bin_seconds, values=carried(grid), repaired=0)


def result(subject: Subject, *, rounds: int, tell: Tell) -> Result:
    """Everything about one trace."""
    trace, beside = subject.trace, subject.beside
    terms = terms_of(trace, lead_seconds=LEAD_SECONDS, hold_seconds=HOLD_SECONDS, miss_cost=MISS_COST)
    watched = Watched()
    started = time.perf_counter()
    done = replay(trace, terms, known=beside, watch=watched)
    seconds = time.perf_counter() - started
    tell(f"{trace.name}: the peers")
    verdict = judge(trace, done.targets, terms)
    without = None
    if beside is not None:
        tell(f"{trace.name}: without calendar and signals")
        without = judge(trace, replay(trace, terms).targets, terms).ratio
    tell(f"{trace.name}: the horizon of plans")
    planned, plan_terms = Watched(), _plan_terms(trace, terms)
    replay(trace, plan_terms, known=beside, watch=planned)
    tell(f"{trace.name}: forecasts of other libraries")
    losses, errors = _compared(trace, terms, watched)
    cold_ms, warm_ms = _timed(trace, terms, beside, rounds=rounds)
    return Result(
        name=trace.name,
        verdict=verdict,
        without=without,
        reference_ratio=None if subject.path is None else compare(subject.path, trace, done.targets),
        champions=watched.champions,
        pinball=losses,
        mase=errors,
        phases=(
            *_phases(trace, terms, watched, horizon=AT_LEAD),
            *_phases(trace, plan_terms, planned, horizon=OF_PLANS),
        ),
        cold_ms=cold_ms,
        warm_ms=warm_ms,
        state_kib=watched.state_bytes / 1024,
        seconds=seconds,
    )


def _timed(trace: Trace, terms: CapacityEconomics, beside: Known | None, *, rounds: int) -> tuple[float, float]:
    """Milliseconds of a fit without a previous one, and of a single decision after it."""
    series, start = series_of(trace, beside), max(trace.tested_from, 1)
    begun = time.perf_counter()
    fitted = fit_series(series.until(start), terms)
    cold = time.perf_counter() - begun
    warm = []
    for number in range(max(rounds, 5)):
        upto = series.until(min(start + 1 + number, len(series.values)))
        begun = time.perf_counter()
        decide(fitted, upto, first=len(upto.values) - 1)
        warm.append(time.perf_counter() - begun)
    return 1000 * cold, 1000 * statistics.median(warm)


def _plan_terms(trace: Trace, terms: CapacityEconomics) -> CapacityEconomics:
    """The terms that production decides on: a horizon to answer for, the hold left to the actuator."""
    return replace(terms, lead_bins=max(-(-PLAN_SECONDS // trace.bin_seconds), 1) - 1, hold_bins=0)


def _phases(trace: Trace, terms: CapacityEconomics, watched: Watched, *, horizon: str) -> Sequence[Phase]:
    peaks = terms.aim.peaks(trace.values)[trace.tested_from :]
    upper, phases = np.concatenate(watched.uppers), np.concatenate(watched.phases)
    rows = []
    for phase, name in PHASES.items():
        mine = (phases == phase) & np.isfinite(peaks) & (peaks > 0)
        if mine.any():
            missed = peaks[mine] > upper[mine]
            rows.append(
                Phase(
                    name=name,
                    horizon=horizon,
                    bins=int(mine.sum()),
                    misses_by_nominal=float(missed.mean()) / (1 - terms.critical_level),
                    surprises=int(np.count_nonzero(np.diff(missed.astype(int), prepend=0) == 1)),
                    width=float(upper[mine].mean() / peaks[mine].mean()),
                )
            )
    return rows


def _compared(trace: Trace, terms: CapacityEconomics, watched: Watched) -> tuple[dict[str, float], dict[str, float]]:
    """Pinball loss and MASE by method, at the same origins on some days of the tested part."""
    day, ahead, level = round(86_400 / trace.bin_seconds), terms.lead_bins + 1, terms.critical_level
    start, values = trace.tested_from, trace.values / terms.node_size
    last = len(values) - day - ahead
    days = np.unique(np.linspace(start, max(last, start), COMPARED_DAYS).astype(int))
    within = np.unique(np.linspace(0, day - 1, COMPARED_ORIGINS).astype(int))
    origins = np.array([begin + step for begin in days for step in within if begin + step + ahead < len(values)])
    if start < 3 * day:
        return {}, {}
    ours = PeerForecast(
        np.concatenate(watched.expected)[origins - start] / terms.node_size,
        np.concatenate(watched.uppers)[origins - start] / terms.node_size,
    )
    methods = {
        "quantos": ours,
        "seasonal naive": seasonal_naive(values, origins, ahead=ahead, day=day, level=level),
        "MSTL+AutoETS": mstl_autoets(values, origins, ahead=ahead, day=day, level=level, days=days),
        "Holt-Winters (HPA)": holt_winters(values, origins, ahead=ahead, day=day, level=level),
    }
    actual, trained = values[origins + ahead], values[:start]
    return (
        {name: pinball(actual, forecast.uppers, level=level) for name, forecast in methods.items()},
        {name: mase(actual, forecast.points, values=trained, day=day) for name, forecast in methods.items()},
    )


def _figures(results: Sequence[Result]) -> tuple[Figure, ...]:
    ratios = [trace_result.verdict.ratio for trace_result in results]
    at_lead, of_plans = (
        [
            phase.misses_by_nominal
            for trace_result in results
            for phase in trace_result.phases
            if phase.horizon == horizon
        ]
        for horizon in (AT_LEAD, OF_PLANS)
    )
    return (
        Figure("ratio_geometric_mean", float(np.exp(np.mean(np.log(ratios)))), "loss / best peer's"),
        Figure("ratio_worst", max(ratios), "loss / best peer's"),
        Figure("cold_ms_worst", max(trace_result.cold_ms for trace_result in results), "ms a series"),
        Figure("warm_ms_worst", max(trace_result.warm_ms for trace_result in results), "ms a series, median"),
        Figure("state_kib_worst", max(trace_result.state_kib for trace_result in results), "KiB a series"),
        Figure("miss_rate_worst", max(at_lead), "misses of a phase / nominal"),
        Figure("miss_rate_least", min(at_lead), "misses of a phase / nominal"),
        Figure("plan_miss_rate_worst", max(of_plans), "misses of a phase / nominal, horizon of plans"),
        Figure("plan_miss_rate_least", min(of_plans), "misses of a phase / nominal, horizon of plans"),
        Figure("peak_memory_mib", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB, this process"),
    )


def _verdicts(results: Sequence[Result]) -> list[list[str]]:
    head = [
        "trace",
        "ratio",
        "hindsight",
        "reference",
        "without",
        "cost",
        "under",
        "short",
        "best peer",
        "cold ms",
        "warm ms",
        "s",
    ]
    return [head] + [
        [
            trace_result.name,
            f"{trace_result.verdict.ratio:.3f}",
            f"{trace_result.verdict.hindsight:.3f}",
            "" if trace_result.reference_ratio is None else f"{trace_result.reference_ratio:.3f}",
            "" if trace_result.without is None else f"{trace_result.without:.3f}",
            f"{trace_result.verdict.planner.cost:.2f}",
            f"{trace_result.verdict.planner.under:.1%}",
            f"{trace_result.verdict.planner.short:.2%}",
            trace_result.verdict.best_peer,
            f"{trace_result.cold_ms:.0f}",
            f"{trace_result.warm_ms:.1f}",
            f"{trace_result.seconds:.0f}",
        ]
        for trace_result in results
    ]


def _restlessness(results: Sequence[Result]) -> list[list[str]]:
    head = [
        f"a day; a flap is taken back within {FLAP_SECONDS // 60} min",
        "changes",
        "reactive's",
        "flaps",
        "reactive's",
    ]
    return [head] + [
        [
            trace_result.name,
            f"{trace_result.verdict.planner.changes_per_day:.1f}",
            f"{trace_result.verdict.reactive.changes_per_day:.1f}",
            f"{trace_result.verdict.planner.flaps_per_day:.2f}",
            f"{trace_result.verdict.reactive.flaps_per_day:.2f}",
        ]
        for trace_result in results
    ]


def _forecasts(results: Sequence[Result]) -> list[list[str]]:
    methods = list(next((trace_result.pinball for trace_result in results if trace_result.pinball), {}))
    head = ["pinball loss (nodes), MASE", *methods]
    return [head] + [
        [
            trace_result.name,
            *(
                f"{trace_result.pinball[name]:.3f}, {trace_result.mase[name]:.2f}"
                for name in methods
                if trace_result.pinball
            ),
        ]
        for trace_result in results
    ]


def _calibration(results: Sequence[Result]) -> list[list[str]]:
    head = ["calibration", "phase", "answers for", "bins", "misses / nominal", "surprises", "upper / demand"]
    return [head] + [
        [
            trace_result.name,
            phase.name,
            phase.horizon,
            str(phase.bins),
            f"{phase.misses_by_nominal:.2f}",
            str(phase.surprises),
            f"{phase.width:.2f}",
        ]
        for trace_result in results
        for phase in trace_result.phases
    ]

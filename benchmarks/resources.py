"""Several resources of one workload, decided together in nodes, beside planners that see the nodes asked for."""

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.derived_resources import DERIVATION, derived
from benchmarks.frontier import HOLD_SECONDS, LEAD_SECONDS, MISS_COST, TRACES_VARIABLE, demo_trace
from benchmarks.measurement import Figure, Report, now
from quantos.allocation.shapes.node_needs import Allocatable, Resource, allocatable
from quantos.arrays import FloatArray
from quantos.backtest.judge import judge
from quantos.backtest.replay import replay
from quantos.backtest.resources import (
    MEASURED,
    ResourceTrace,
    ResourceVerdict,
    decided_together,
    judge_resources,
    nodes_by_resource,
    nodes_together,
)
from quantos.backtest.trace import Trace, read_trace
from quantos.catalog.catalog import load_catalog
from quantos.errors import SettingsError
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics

BENCHMARK: Final = "resources"
INSTANCE_TYPE: Final = "m7i.xlarge"
COLUMNS: Final[Mapping[Resource, str]] = {"vcpu": "vcpu", "memory": "memory_gib", "network": "network_mbps"}
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was found on one workload.

    Attributes:
        origin: whether its memory and network were measured or derived.
        apart: the ratio of deciding each resource alone and taking the most of them.
    """

    name: str
    origin: str
    found: ResourceVerdict
    apart: float

    @property
    def by_reactive(self) -> float:
        """Loss by that of following the nodes asked for, with the margin that was best on the training part."""
        return self.found.verdict.planner.loss / self.found.verdict.reactive.loss


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Decide and judge every workload once; nothing is timed, so `rounds` changes nothing."""
    del rounds
    node = allocatable(load_catalog().shape(INSTANCE_TYPE))
    results = [_result(path, node, tell=tell) for path in _paths(os.environ.get(TRACES_VARIABLE))]
    origin = DERIVATION if any(result.origin == "derived" for result in results) else "All resources are measured."
    return Report(
        BENCHMARK,
        command,
        f"{len(results)} workloads on {INSTANCE_TYPE}, lead and hold 10 min. {origin}",
        _figures(results),
        now(),
        tables=(_verdicts(results), _by_resource(results)),
        details=[asdict(result) for result in results],
    )


def workload(path: Path | None, node: Allocatable) -> tuple[ResourceTrace, str]:
    """A file's workload, the bank's calls where none is named, and whether it was measured or derived.

    A file with a column of `COLUMNS` has measured resources; one with `demand` is vCPU from which the others are
    derived.

    Raises:
        SettingsError: the file is no trace.
    """
    if path is None:
        return derived(demo_trace(), node), "derived"
    present = {resource: column for resource, column in COLUMNS.items() if column in _header(path)}
    if not present:
        return derived(read_trace(path, gaps="zero"), node), "derived"
    traces = {resource: read_trace(path, gaps="zero", column=column) for resource, column in present.items()}
    shown = next(iter(traces.values()))
    demand = {resource: trace.values for resource, trace in traces.items()}
    return ResourceTrace(name=shown.name, first=shown.first, bin_seconds=shown.bin_seconds, demand=demand), "measured"


def _paths(folder: str | None) -> Sequence[Path | None]:
    if folder is None:
        return [None]
    paths = sorted(Path(folder).glob("*.csv"))
    if not paths:
        raise SettingsError(f"{folder} has no CSV file", remedy=f"name a folder of files with time and {COLUMNS}")
    return paths


def _header(path: Path) -> Sequence[str]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return next(csv.reader(file), [])


def _result(path: Path | None, node: Allocatable, *, tell: Tell) -> Result:
    trace, origin = workload(path, node)
    tell(trace.name)
    terms = CapacityEconomics(
        lead_bins=-(-LEAD_SECONDS // trace.bin_seconds),
        hold_bins=-(-HOLD_SECONDS // trace.bin_seconds),
        node_size=1.0,
        miss_cost=MISS_COST,
    )
    targets = decided_together(trace, node, terms)
    tell(f"{trace.name}: each resource apart")
    apart = judge(nodes_together(trace, node), _decided_apart(trace, node, terms), terms).ratio
    return Result(name=trace.name, origin=origin, found=judge_resources(trace, node, targets, terms=terms), apart=apart)


def _decided_apart(trace: ResourceTrace, node: Allocatable, terms: CapacityEconomics) -> FloatArray:
    """Targets for the tested part, nodes: each resource forecast and decided alone, and the most of them."""
    alone = [
        Trace(name=trace.name, first=trace.first, bin_seconds=trace.bin_seconds, values=values, repaired=0)
        for values in nodes_by_resource(trace, node).values()
    ]
    return np.max([replay(series, terms).targets for series in alone], axis=0)


def _figures(results: Sequence[Result]) -> tuple[Figure, ...]:
    ratios = [result.found.verdict.ratio for result in results]
    return (
        Figure("ratio_geometric_mean", float(np.exp(np.mean(np.log(ratios)))), "loss / best peer's"),
        Figure("ratio_worst", max(ratios), "loss / best peer's"),
        Figure(
            "by_reactive_geometric_mean",
            float(np.exp(np.mean(np.log([result.by_reactive for result in results])))),
            "loss / reactive's",
        ),
        Figure(
            "short_worst", max(max(result.found.short.values()) for result in results), "missing share of a resource"
        ),
    )


def _verdicts(results: Sequence[Result]) -> list[list[str]]:
    head = [
        "workload",
        "memory, network",
        "ratio",
        "by reactive",
        "apart",
        "cost",
        "under",
        "short",
        "best peer",
        "flaps/day",
    ]
    return [head] + [
        [
            result.name,
            result.origin,
            f"{result.found.verdict.ratio:.3f}",
            f"{result.by_reactive:.3f}",
            f"{result.apart:.3f}",
            f"{result.found.verdict.planner.cost:.2f}",
            f"{result.found.verdict.planner.under:.1%}",
            f"{result.found.verdict.planner.short:.2%}",
            result.found.verdict.best_peer,
            f"{result.found.verdict.planner.flaps_per_day:.2f}",
        ]
        for result in results
    ]


def _by_resource(results: Sequence[Result]) -> list[list[str]]:
    head = ["binds, missing share", *MEASURED]
    return [head] + [
        [
            result.name,
            *(
                f"{result.found.binding[name]:.1%}, {result.found.short[name]:.3%}"
                if name in result.found.short
                else ""
                for name in MEASURED
            ),
        ]
        for result in results
    ]

"""A picture of the verdicts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import matplotlib as mpl
from matplotlib import pyplot as plt

from quantos.backtest.judge import Verdict


class Judged(Protocol):
    """A trace's name and verdict."""

    @property
    def name(self) -> str: ...

    @property
    def verdict(self) -> Verdict: ...


def plot(results: Sequence[Judged], path: Path) -> None:
    """Ratio and hindsight ratio by trace, as bars, written as PNG."""
    mpl.use("Agg")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.45 * len(results)), layout="constrained")
    ordered = sorted(results, key=lambda trace_result: -trace_result.verdict.ratio)
    places = list(range(len(ordered)))
    axes.barh(
        places, [trace_result.verdict.ratio for trace_result in ordered], color="#2b6cb0", label="beside tuned peers"
    )
    axes.scatter(
        [trace_result.verdict.hindsight for trace_result in ordered],
        places,
        color="#c05621",
        zorder=3,
        label="hindsight",
    )
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_yticks(places, [trace_result.name for trace_result in ordered])
    axes.set_xlabel("loss / best peer's loss (less is better)")
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=120)
    plt.close(figure)

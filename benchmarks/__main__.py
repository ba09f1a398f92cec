"""`python -m benchmarks`: measures, shows and keeps; exit code 1 where a budget is exceeded."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Protocol

import typer
from rich.console import Console

from benchmarks import (
    audit_chain,
    audit_warehouse,
    choice_speed,
    command_line,
    example,
    forecast_speed,
    frontier,
    images,
    orchestration,
    resize_latency,
    resources,
    scale,
    sizing_accuracy,
)
from benchmarks.measurement import OUT, Report, exceeded, keep, show
from quantos.errors import QuantosError

WIDTH_OF_A_FILE = 120


class Measure(Protocol):
    """Times something `rounds` times."""

    def __call__(self, *, rounds: int, tell: Callable[[str], None], command: str) -> Report:
        """Raises QuantosError where what is to be timed does not work."""
        ...


BENCHMARKS: dict[str, Measure] = {
    audit_chain.BENCHMARK: audit_chain.measure,
    audit_warehouse.BENCHMARK: audit_warehouse.measure,
    choice_speed.BENCHMARK: choice_speed.measure,
    command_line.BENCHMARK: command_line.measure,
    example.BENCHMARK: example.measure,
    forecast_speed.BENCHMARK: forecast_speed.measure,
    frontier.BENCHMARK: frontier.measure,
    images.BENCHMARK: images.measure,
    orchestration.BENCHMARK: orchestration.measure,
    resize_latency.BENCHMARK: resize_latency.measure,
    scale.BENCHMARK: scale.measure,
    resources.BENCHMARK: resources.measure,
    sizing_accuracy.BENCHMARK: sizing_accuracy.measure,
}


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"{', '.join(BENCHMARKS)}; all by default.")] = None,
    rounds: Annotated[int, typer.Option("-n", min=1, help="Rounds that are counted.")] = 5,
    traces: Annotated[
        Path | None,
        typer.Option(help=f"Folder of time,demand files; also {frontier.TRACES_VARIABLE}."),
    ] = None,
) -> None:
    """Measure against the budgets of benchmarks/budgets.yaml; results go to out/bench."""
    out, err = Console(highlight=False), Console(stderr=True, highlight=False)
    if not out.is_terminal:
        out.width = WIDTH_OF_A_FILE
    if traces is not None:
        os.environ[frontier.TRACES_VARIABLE] = str(traces)
    chosen = names or list(BENCHMARKS)
    for name in chosen:
        if name not in BENCHMARKS:
            raise typer.BadParameter(f"there is no benchmark {name!r}; take {' or '.join(BENCHMARKS)}")
    broken: list[str] = []
    for name in chosen:
        command = shlex.join(["python", "-m", "benchmarks", name, "-n", str(rounds)])
        try:
            with err.status(name) as status:
                report = BENCHMARKS[name](
                    rounds=rounds, tell=lambda what, s=status, n=name: s.update(f"{n}: {what}"), command=command
                )
        except QuantosError as exc:
            err.print(f"{name}: {exc}. {exc.remedy}.", style="red", markup=False)
            raise typer.Exit(1) from exc
        show(report, out)
        keep(report)
        broken += [f"{name}: {sentence}" for sentence in exceeded(report)]
    out.print(f"kept in {OUT}", style="dim")
    for sentence in broken:
        err.print(sentence, style="red", markup=False)
    if broken:
        raise typer.Exit(1)


if __name__ == "__main__":
    sys.exit(typer.run(main))

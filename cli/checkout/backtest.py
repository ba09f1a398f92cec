"""`quantos backtest`: what would have been decided on recorded demand."""

import csv
from datetime import UTC
from pathlib import Path

from cli.console import err, out, step
from quantos.backtest.replay import Replay, replay, terms_of
from quantos.backtest.sidecar import known, read_sidecar
from quantos.backtest.trace import Gaps, Trace, read_trace
from quantos.errors import SettingsError


def backtest(
    trace: Path, output: Path, *, lead_seconds: float, hold_seconds: float, miss_cost: float, gaps: Gaps
) -> None:
    """Replay the last third of `trace`, and of its sidecar where there is one, and write the targets to `output`.

    `miss_cost` counts node-bins. Raises SettingsError where a file cannot be read or written.
    """
    read = read_trace(trace, gaps=gaps)
    if read.repaired:
        err.print(f"{read.repaired} bins without usable demand carry the last known value", style="yellow")
    if read.complete is not None and not read.complete.all():
        silent = int((~read.complete).sum())
        err.print(
            f"in {silent} bins a source was silent: its share is held, and nothing is learnt from them", style="yellow"
        )
    terms = terms_of(read, lead_seconds=lead_seconds, hold_seconds=hold_seconds, miss_cost=miss_cost)
    sidecar = read_sidecar(trace)
    beside = None if sidecar is None else known(read, sidecar, path=trace, ahead_seconds=lead_seconds)
    with step(f"{read.name}: {len(read.values)} bins of {read.bin_seconds} s") as display:
        done = replay(
            read, terms, known=beside, watch=lambda model, _, first: display.progress(f"{model.champion} serves", first)
        )
    _write(output, read, done)
    out.print(f"{len(done.targets)} targets in {output}", markup=False)


def _write(path: Path, trace: Trace, done: Replay) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["time", "target", "upper"])
            asked = zip(done.targets.tolist(), done.uppers.tolist(), strict=True)
            for index, (target, upper) in enumerate(asked, start=trace.tested_from):
                writer.writerow([trace.time(index).astimezone(UTC).isoformat(), repr(target), repr(upper)])
    except OSError as exc:
        raise SettingsError(f"{path} cannot be written: {exc}", remedy="give a file in an existing folder") from exc

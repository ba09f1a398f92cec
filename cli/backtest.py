"""`quantos backtest`: what would have been decided on recorded demand."""

import csv
import re
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from cli.console import err, out, step
from quantos.backtest.replay import Replay, replay, terms_of
from quantos.backtest.sidecar import known, read_sidecar
from quantos.backtest.trace import Gaps, Trace, read_trace
from quantos.errors import SettingsError

_UNITS = {"s": 1, "m": 60, "h": 3600}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backtest")(backtest)


def backtest(
    *,
    trace: Annotated[Path, typer.Option(help="CSV with the columns time (ISO 8601) and demand; bins of 1 to 60 min.")],
    output: Annotated[Path, typer.Option("--out", help="CSV to write: time, target.")],
    lead: Annotated[str, typer.Option(help="From ordering a node to having it, such as 10m, 600s or 1h.")] = "10m",
    hold: Annotated[str, typer.Option(help="How long a decrease waits.")] = "10m",
    miss_cost: Annotated[float, typer.Option(min=0.01, help="Node-bins that one missing node costs in a bin.")] = 66.0,
    gaps: Annotated[str, typer.Option(help="What a bin without a row means: zero, or hold (unknown).")] = "zero",
) -> None:
    """Decide the last third of a trace online, trained on what lay before each day.

    The target of a bin is the capacity asked for at its end, in the unit of demand, from demand up to and including it.
    It is the raw requirement: waiting before a decrease is the actuator's.

    TRACE.meta.json beside TRACE.csv may say more: {"calendar": "XNYS", "time_zone": "America/New_York", "signals":
    [{"column": "news", "known_after_seconds": 60}]}, or "known_at": the column that tells when a value was known;
    "holds_seconds" says for how long it stands.
    """
    read = read_trace(trace, gaps=_gaps(gaps))
    if read.repaired:
        err.print(f"{read.repaired} bins without usable demand carry the last known value", style="yellow")
    terms = terms_of(read, lead_seconds=_seconds(lead), hold_seconds=_seconds(hold), miss_cost=miss_cost)
    sidecar = read_sidecar(trace)
    beside = None if sidecar is None else known(read, sidecar, path=trace, ahead_seconds=_seconds(lead))
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
            writer.writerow(["time", "target"])
            for index, target in enumerate(done.targets, start=trace.tested_from):
                writer.writerow([trace.time(index).astimezone(UTC).isoformat(), repr(float(target))])
    except OSError as exc:
        raise SettingsError(f"{path} cannot be written: {exc}", remedy="give a file in an existing folder") from exc


def _gaps(text: str) -> Gaps:
    if text == "zero":
        return "zero"
    if text == "hold":
        return "hold"
    raise SettingsError(f"--gaps {text!r} is neither zero nor hold", remedy="say zero (no demand) or hold (unknown)")


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if found is None:
        raise SettingsError(f"{text!r} is no duration", remedy="write 600s, 10m or 1h")
    return float(found[1]) * _UNITS[found[2] or "s"]

"""`quantos backtest`, `demo`, `doctor` and `pr-check`: this checkout on this machine, no account asked."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.commands.arguments import ChosenEnvironments, seconds
from cli.places import ROOT


def backtest(
    *,
    trace: Annotated[
        Path,
        typer.Option(
            help="CSV with the columns time (ISO 8601) and demand, or time, source and demand; bins of 1 to 60 min."
        ),
    ],
    output: Annotated[Path, typer.Option("--out", help="CSV to write: time, target, upper.")],
    lead: Annotated[str, typer.Option(help="From ordering a node to having it, such as 10m, 600s or 1h.")] = "10m",
    hold: Annotated[str, typer.Option(help="How long a decrease waits.")] = "10m",
    miss_cost: Annotated[float, typer.Option(min=0.01, help="Node-bins that one missing node costs in a bin.")] = 66.0,
    gaps: Annotated[
        Literal["zero", "hold"], typer.Option(help="What a bin without a row means: zero, or hold (unknown).")
    ] = "zero",
) -> None:
    """Decide the last third of a trace online, trained on what lay before each day.

    The target of a bin is the capacity asked for at its end, in the unit of demand, from demand up to and including it.
    It is the raw requirement: waiting before a decrease is the actuator's. Its `upper` is that calibrated to hold as
    often as the miss cost says, which is what a plan holds.

    TRACE.meta.json beside TRACE.csv may say more: {"calendar": "XNYS", "time_zone": "America/New_York", "signals":
    [{"column": "news", "known_after_seconds": 60}]}, or "known_at": the column that tells when a value was known;
    "holds_seconds" says for how long it stands.
    """
    lead_seconds, hold_seconds = seconds(lead, option="--lead"), seconds(hold, option="--hold")
    from cli.checkout import backtest as work

    work.backtest(trace, output, lead_seconds=lead_seconds, hold_seconds=hold_seconds, miss_cost=miss_cost, gaps=gaps)


def demo(
    *,
    trace: Annotated[Path | None, typer.Option(help="A `time,demand` file instead of the bank's calls.")] = None,
    gaps: Annotated[
        Literal["zero", "unknown"], typer.Option(help="What a bin absent from --trace means: zero or unknown.")
    ] = "zero",
    kafka: Annotated[bool, typer.Option("--kafka", help="Over a real Kafka broker, started for the run.")] = False,
    kill_at: Annotated[
        str,
        typer.Option(
            metavar="MOMENT",
            envvar="QUANTOS_DEMO_KILL_AT",
            help="When a resize is killed: 0 to 60 seconds after it began, or begun, locked, saving, half-way,"
            " unlocked or pointer-moved.",
        ),
    ] = "half-way",
) -> None:
    """Replay two days of real demand through the real loop in the sandbox, and write a report.

    It stops at once where a plan ends otherwise than the scenario expects.
    """
    from cli.checkout import demo as work

    work.demo(trace=trace, gaps=gaps, kafka=kafka, kill_at=kill_at)


def doctor() -> None:
    """Say what was found, what is missing and how to get it. Exit code 1 when something needed is missing."""
    from cli.checkout import doctor as work

    work.doctor()


def pr_check(
    *,
    env: ChosenEnvironments = None,
    base: Annotated[str | None, typer.Option(metavar="REF", help="Default: where the head left main.")] = None,
    head: Annotated[str | None, typer.Option(metavar="REF", help="Default: the files as they lie here.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Where the report goes.")] = ROOT / "out" / "pr-check",
) -> None:
    """Check a pull request offline, in throwaway sandboxes. Exit code 1 where it is refused, or not wholly judged."""
    from cli.checkout import pr_check as work

    work.pr_check(env or (), base=base, head=head, folder=folder)


def demo_orchestration(
    *,
    trino: Annotated[
        bool | None,
        typer.Option("--trino/--no-trino", help="SQL on a real Trino; by default where all that it needs is there."),
    ] = None,
    kafka: Annotated[bool, typer.Option("--kafka", help="Over a real broker, not a bus in this process.")] = False,
) -> None:
    """Run the example DAG through the API in the sandbox, on real engines, and write its page."""
    from cli.checkout import orchestration as work

    work.demo(trino=trino, kafka=kafka)

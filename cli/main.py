"""The command line. Exit codes: 0 done, 1 refused or violated, 2 wrong usage."""

import os
import sys

import typer
from rich.markup import escape

from cli import (
    audit,
    backtest,
    capacity,
    charts,
    cost,
    demo,
    doctor,
    environment,
    pools,
    pr_check,
    sandbox,
    strategies,
)
from cli.console import err
from cli.target import SANDBOX_VARIABLE
from quantos.errors import QuantosError

app = typer.Typer(
    name="quantos",
    help="Compute that sizes itself: forecast, decide, explain, resize under policy.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(audit.app, name="audit")
app.add_typer(strategies.app, name="strategies")
app.add_typer(pools.app, name="pools")
for group in (environment, cost, capacity, charts, backtest, doctor, demo, pr_check):
    group.register(app)

GLOBAL_FLAGS = ("--sandbox", "--debug")
INTERRUPTED = 130


@app.callback()
def _options(
    *,
    sandbox: bool = typer.Option(
        default=False,
        help=f"Work on the sandbox instead of an AWS account; also {SANDBOX_VARIABLE}=1. Anywhere in a command.",
    ),
    debug: bool = typer.Option(default=False, help="Show the traceback of an error. Anywhere in a command."),
) -> None:
    """Take the options that every command has."""
    if sandbox:
        os.environ[SANDBOX_VARIABLE] = "1"
    if debug:
        os.environ["QUANTOS_DEBUG"] = "1"


def main() -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    flags = [flag for flag in GLOBAL_FLAGS if flag in arguments]
    rest = [argument for argument in arguments if argument not in GLOBAL_FLAGS]
    try:
        app(args=[*flags, *rest], prog_name="quantos")
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
        if code == INTERRUPTED:
            err.print("Interrupted.")
        return code
    except QuantosError as exc:
        if os.environ.get("QUANTOS_DEBUG"):
            raise
        remedy = exc.remedy[:1].upper() + exc.remedy[1:]
        err.print(f"[red]Error:[/] {escape(exc.what.rstrip('.'))}. {escape(remedy.rstrip('.'))}.")
        return 1
    return 0

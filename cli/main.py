"""The command line. Exit codes: 0 done, 1 refused or violated, 2 wrong usage."""

import os
import sys
from typing import Annotated

import typer
from typer.core import TyperGroup
from typer.main import get_command

from cli.commands import (
    audit,
    capacity,
    charts,
    dag,
    environment,
    images,
    pools,
    project,
    runs,
    sandbox,
    sources,
    state,
    strategies,
)
from cli.commands.values import take_plain_values
from cli.places import SANDBOX_VARIABLE
from quantos.errors import QuantosError

GLOBAL_FLAGS = ("--sandbox", "--debug")
INTERRUPTED = 130
COMPLETION_VARIABLE = "_QUANTOS_COMPLETE"

app = typer.Typer(
    name="quantos",
    help="Compute that sizes itself: forecast, decide, explain, resize under policy.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(audit.app, name="audit")
app.add_typer(state.app, name="state")
app.add_typer(strategies.app, name="strategies")
app.add_typer(sources.app, name="sources")
app.add_typer(pools.app, name="pools")
app.add_typer(charts.app, name="charts")
app.add_typer(dag.app, name="dag")
app.add_typer(images.app, name="images")
for command in (
    environment.up,
    environment.drift,
    environment.destroy,
    environment.env,
    environment.unlock,
    environment.cost,
    capacity.plan,
    capacity.resize,
    capacity.explain,
    capacity.replay,
    capacity.pause,
    capacity.resume,
    environment.manifests,
    runs.submit,
    runs.submissions,
    runs.status,
    runs.logs,
    runs.lineage,
    runs.why,
    runs.cancel,
    runs.rerun,
    runs.approve_burst,
    project.backtest,
    project.doctor,
    project.demo,
    project.demo_orchestration,
    project.pr_check,
):
    app.command()(command)


def _tell_version(asked: bool) -> None:  # noqa: FBT001  typer calls it with the flag alone
    if asked:
        from importlib import metadata  # noqa: PLC0415  half of what help costs

        typer.echo(f"quantos {metadata.version('quantos')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help=f"Work on the sandbox, not on AWS; also {SANDBOX_VARIABLE}=1. Anywhere.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error. Anywhere.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Take the options that every command has."""
    if sandbox:
        os.environ[SANDBOX_VARIABLE] = "1"
    if debug:
        os.environ["QUANTOS_DEBUG"] = "1"


def command_line() -> TyperGroup:
    """All commands as one group."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    take_plain_values(group)
    return group


def main() -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    flags = [flag for flag in GLOBAL_FLAGS if flag in arguments]
    rest = [argument for argument in arguments if argument not in GLOBAL_FLAGS]
    if COMPLETION_VARIABLE in os.environ:
        sys.modules["rich"] = None  # pyrefly: ignore[unsupported-operation]  typer then leaves help texts as they are
    try:
        command_line()(args=[*flags, *rest], prog_name="quantos")
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
        if code == INTERRUPTED:
            typer.echo("Interrupted.", err=True)
        return code
    except QuantosError as exc:
        if os.environ.get("QUANTOS_DEBUG"):
            raise
        typer.echo(_error_text(exc), err=True)
        return 1
    return 0


def _error_text(exc: QuantosError) -> str:
    remedy = exc.remedy[:1].upper() + exc.remedy[1:]
    what = f"{exc.what}\n" if "\n" in exc.what else f"{exc.what.rstrip('.')}{'' if exc.what.endswith('?') else '.'} "
    notes: list[str] = getattr(exc, "__notes__", [])
    more = f" --debug shows what else was told ({len(notes)})." if notes else ""
    return f"{typer.style('Error:', fg='red')} {what}{remedy.rstrip('.')}.{more}"

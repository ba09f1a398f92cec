"""`quantos strategies`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.arguments import EnvironmentName

app = typer.Typer(help="What traders state: what a strategy needs, and what it may cost.", no_args_is_help=True)


@app.command("list")
def show(environment: EnvironmentName) -> None:
    """List the strategies of an environment."""
    from cli.decisions import strategies as work

    work.show(environment)


@app.command()
def apply(
    environment: EnvironmentName, file: Annotated[Path, typer.Argument(help="YAML: a list under `strategies`.")]
) -> None:
    """Replace the strategies of an environment by those of a file."""
    from cli.decisions import strategy_file as work

    work.apply(environment, file)

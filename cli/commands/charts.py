"""`quantos charts`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.arguments import ChosenEnvironments
from cli.places import CHARTS_VARIABLE

app = typer.Typer(help="Helm charts that the platform layer installs.", no_args_is_help=True)


@app.command()
def check(
    *,
    environments: ChosenEnvironments = None,
    charts: Annotated[
        Path | None,
        typer.Option(envvar=CHARTS_VARIABLE, help="A folder with a folder for each chart, and crds.json.gz."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Print every advice, not a count and an example of each rule and release.")
    ] = False,
) -> None:
    """Hold values against charts and custom resources against their definitions. Exit code 1 on any complaint."""
    from cli.environments import charts as work

    work.check(environments or (), charts, verbose=verbose)

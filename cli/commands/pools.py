"""`quantos pools`."""

from typing import Annotated

import typer

from cli.commands.arguments import AsJson, EnvironmentName

app = typer.Typer(help="The shapes of an environment's pools, which people own.", no_args_is_help=True)


@app.command()
def propose(
    environment: EnvironmentName,
    *,
    catalog: Annotated[
        str | None,
        typer.Option(metavar="REGION", help="Compare at this region's prices; the environment's by default."),
    ] = None,
    peak: Annotated[bool, typer.Option(help="For the highest demand of the history, not for what lies ahead.")] = False,
    as_json: AsJson = False,
    write: Annotated[bool, typer.Option(help="Change the environment file; without it nothing is written.")] = False,
) -> None:
    """Look through the catalog for cheaper shapes of the pools that strategies run on, and print the change."""
    from cli.environments import pools as work

    work.propose_shapes(environment, catalog=catalog, peak=peak, as_json=as_json, write=write)

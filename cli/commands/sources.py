"""`quantos sources`."""

from typing import Annotated

import typer

from cli.commands.arguments import EnvironmentName

app = typer.Typer(help="Who tells of demand: which source is heard, which is silent and held.", no_args_is_help=True)


@app.command("list")
def show(environment: EnvironmentName) -> None:
    """List the sources of every series that a strategy names."""
    from cli.decisions import sources as work

    work.show(environment)


@app.command()
def retire(
    environment: EnvironmentName,
    series: Annotated[str, typer.Argument(help="Such as workload/orders.")],
    source: Annotated[str, typer.Argument(help="Such as gateway-1.")],
) -> None:
    """Say goodbye for a source that cannot: the next decision neither misses it nor holds anything for it."""
    from cli.decisions import sources as work

    work.retire(environment, series=series, source=source)

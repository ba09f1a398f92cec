"""`quantos sandbox`."""

from typing import Annotated

import typer

from cli.commands.arguments import EnvironmentName

app = typer.Typer(help="The embedded AWS of this checkout: moto and stand-in providers.", no_args_is_help=True)


@app.command()
def start() -> None:
    """Start the sandbox; where it runs already, say where."""
    from cli.checkout import sandbox as work

    work.start()


@app.command()
def stop() -> None:
    """Stop what `start` started, and forget moto's and Pulumi's state together."""
    from cli.checkout import sandbox as work

    work.stop()


@app.command()
def status() -> None:
    """Say whether the sandbox runs. Exit code 1 when it does not."""
    from cli.checkout import sandbox as work

    work.status()


@app.command()
def serve(
    environment: EnvironmentName,
    *,
    trino: Annotated[
        bool, typer.Option("--trino", help="Run SQL on a real Trino, not on DuckDB in its place.")
    ] = False,
    kafka: Annotated[bool, typer.Option("--kafka", help="Over a real broker, not a bus in this process.")] = False,
    resource_scale: Annotated[
        float | None,
        typer.Option(min=0.01, max=1.0, help="Share of what nodes ask for that they get; by default this machine's."),
    ] = None,
) -> None:
    """Serve orchestration of an environment that is up: its API, its functions and an executor, until interrupted."""
    from cli.checkout import orchestration as work

    work.serve(environment, trino=trino, kafka=kafka, resource_scale=resource_scale)

"""`quantos sandbox`."""

import typer

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

"""`quantos audit`."""

import typer

from cli.commands.arguments import EnvironmentName

app = typer.Typer(help="The audit chain of an environment.", no_args_is_help=True)


@app.command()
def verify(environment: EnvironmentName) -> None:
    """Check every link; name the first that is broken, missing or forked. Exit code 1 when there is one."""
    from cli.environments import audit as work

    work.verify(environment)

"""`quantos audit`."""

from typing import Annotated

import typer

from cli.commands.arguments import EnvironmentName

app = typer.Typer(help="The audit chain of an environment.", no_args_is_help=True)


@app.command()
def verify(
    environment: EnvironmentName,
    *,
    anchor: Annotated[
        list[str] | None,
        typer.Option(metavar="[CHAIN/]SEQUENCE:DIGEST", help="What verify printed earlier; repeatable."),
    ] = None,
) -> None:
    """Check every link against its digest, the table, the hourly anchors and those given; say what was done to which.

    Exit code 1 when a link was rewritten or removed, or anything is there that does not belong.
    """
    from cli.environments import audit as work

    work.verify(environment, anchors=anchor or ())


@app.command()
def succeed(
    environment: EnvironmentName,
    *,
    reason: Annotated[str, typer.Option(help="Why; it is in the successor's first record.")],
) -> None:
    """Begin a chain that goes on from the last good link of one that has a fault. Records go there from then on."""
    from cli.environments import audit as work

    work.succeed(environment, reason=reason)

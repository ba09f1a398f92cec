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


@app.command()
def load(
    environment: EnvironmentName,
    *,
    into: Annotated[
        str,
        typer.Option(metavar="URL", help="A ClickHouse, https://HOST:8443, or file:///FOLDER for one in this process."),
    ],
    user: Annotated[str, typer.Option(help="Its user; the password is in QUANTOS_CLICKHOUSE_PASSWORD.")] = "default",
) -> None:
    """Load the links of the chain that are not there yet into ClickHouse, each held to the one before it.

    Tables are made where they are missing. Exit code 1 where the chain does not follow from what was loaded before.
    """
    from cli.environments import warehouse as work

    work.load(environment, url=into, user=user)

"""`quantos state`."""

from typing import Annotated

import typer

from cli.commands.arguments import StackName

app = typer.Typer(help="What the engine knows of a stack: its versions, and one put back.", no_args_is_help=True)


@app.command()
def versions(
    stack: StackName, *, most: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 12
) -> None:
    """List the versions of a stack's state that the backend keeps, and whether each can be loaded."""
    from cli.environments import state as work

    work.versions(stack, most=most)


@app.command()
def restore(
    stack: StackName,
    *,
    to: Annotated[str | None, typer.Option(metavar="VERSION", help="Else the newest that can be loaded.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a version of a stack's state back, keep what stood beside it, and read back what stands.

    No resource is changed. Exit code 1 where what stands then differs from what is declared, or is managed by nobody.
    """
    from cli.environments import state as work

    work.restore(stack, to=to, ask=not yes)

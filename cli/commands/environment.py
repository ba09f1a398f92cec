"""`quantos up`, `drift`, `destroy`, `env`, `cost` and `manifests`: an environment in a person's hands."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.arguments import AsJson, EnvironmentName, Layer


def up(environment: EnvironmentName, layer: Layer = None) -> None:
    """Bring an environment up, layer by layer, under the policy packs."""
    from cli.environments import layers as work

    work.up(environment, layer)


def drift(environment: EnvironmentName, layer: Layer = None) -> None:
    """Say where what stands differs from what is declared; changes nothing. Exit code 1 where anything does."""
    from cli.environments import layers as work

    work.drift(environment, layer)


def destroy(
    environment: EnvironmentName, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Destroy an environment, the last layer first. One that its file protects is refused."""
    from cli.environments import layers as work

    work.destroy(environment, ask=not yes)


def unlock(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="Such as dev-capacity.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Show whose locks hold a stack, and remove those that no living engine of ours holds. Look first: it asks."""
    from cli.environments import unlock as work

    work.unlock(stack, ask=not yes)


def env(environment: EnvironmentName) -> None:
    """Print the environment for `eval`, so that a plain `pulumi up -s <stack>` works, under the packs."""
    from cli.environments import engine_variables as work

    work.env(environment)


def cost(environment: EnvironmentName, *, as_json: AsJson = False) -> None:
    """Say what the stacks that are up cost a month, at their floors and at their ceilings, by component.

    Exit code 1 where something in them has no price.
    """
    from cli.environments import cost as work

    work.cost(environment, as_json=as_json)


def manifests(
    environment: EnvironmentName, folder: Annotated[Path, typer.Option("--out", help="A new or empty folder.")]
) -> None:
    """Write every Helm release and every Kubernetes object of the platform layer, with values as they would be.

    What only an account could tell is a value of the same shape; secrets are never written.
    """
    from cli.environments import charts as work

    work.manifests(environment, folder)

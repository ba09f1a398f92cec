"""`quantos up`, `drift` and `destroy`: an environment in a person's hands."""

import typer

from cli.console import err, out, step
from cli.packs import packs_of
from cli.target import Target, open_target
from quantos.deployment.adapters.layers import LayerRun, LayerStacks
from quantos.deployment.changes import Change
from quantos.environment.names import LAYERS
from quantos.errors import StackMissingError
from quantos.operations.bring_up import bring_up, take_down
from quantos.urn import Urn
from stacks.programs import declare


def up(environment: str, layer: str | None) -> None:
    """Bring one layer up, or all of them. Raises Exit(1) at the first that the policy packs refuse."""
    layers = LAYERS if layer is None else (layer,)
    target, stacks = _opened(environment)
    for name in layers:
        with step(f"up {target.settings.names().stack(name)}") as display:
            run = bring_up(target.settings, stacks, name, progress=display.progress)
        _told_irrevocable(run)
        if run.violations:
            _refused(run)
            raise typer.Exit(1)
        out.print(f"{run.stack}: {_counted(run) or 'no change'}")


def drift(environment: str, layer: str | None) -> None:
    """Print where one layer, or any, differs from what is declared. Raises Exit(1) where anything does."""
    layers = LAYERS if layer is None else (layer,)
    target, stacks = _opened(environment)
    differs = False
    for name in layers:
        stack = target.settings.names().stack(name)
        try:
            with step(f"look at {stack}") as display:
                run = stacks.drift(stack, progress=display.progress)
        except StackMissingError:
            if layer is not None:
                raise
            out.print(f"{stack}: not up")
            continue
        show_run(run)
        differs = differs or run.changed or bool(run.violations)
    if differs:
        raise typer.Exit(1)


def destroy(environment: str, *, ask: bool) -> None:
    """Take all layers down. Raises Abort where the person who is asked says no."""
    target, stacks = _opened(environment)
    if ask and not target.settings.deletion_protection:
        typer.confirm(f"Destroy all of {environment}?", abort=True, err=True)
    for name in reversed(LAYERS):
        stack = target.settings.names().stack(name)
        try:
            with step(f"destroy {stack}") as display:
                run = take_down(target.settings, stacks, name, progress=display.progress)
        except StackMissingError:
            out.print(f"{stack}: not up")
            continue
        out.print(f"{stack}: {_counted(run) or 'empty'}")


def _opened(environment: str) -> tuple[Target, LayerStacks]:
    target = open_target(environment)
    return target, LayerStacks(target.project_dir, target.variables, packs_of(target), declare)


def show_run(run: LayerRun) -> None:
    """Print what an operation did, or would do, resource by resource, and what was refused."""
    out.print(f"{run.stack}: {_counted(run) or 'no drift'}")
    for change in run.touched:
        properties = f" ({', '.join(change.paths)})" if change.paths else ""
        out.print(f"  {change.operation} {_resource(change)}{properties}", markup=False)
    _told_irrevocable(run)
    _refused(run)


def _told_irrevocable(run: LayerRun) -> None:
    for said in run.irrevocable:
        err.print(f"[bold red]cannot be undone[/] {run.stack}: {said}")


def _refused(run: LayerRun) -> None:
    for violation in run.violations:
        err.print(f"[red]refused[/] {violation.pack}/{violation.rule}: {violation.message}")


def _counted(run: LayerRun) -> str:
    return ", ".join(f"{count} {operation}" for operation, count in sorted(run.changes.items()))


def _resource(change: Change) -> str:
    """Type and name of a URN."""
    resource = Urn.parse(change.urn)
    return f"{resource.type} {resource.name}"

"""`quantos up`, `drift`, `destroy` and `env`: an environment in a person's hands."""

import shlex
from typing import Annotated

import typer

from cli.console import err, out, step
from cli.target import Target, open_target
from quantos.capacity.ports import Change
from quantos.environment.adapters.bring_up import bring_up, take_down
from quantos.environment.adapters.layers import LayerRun, LayerStacks
from quantos.environment.names import LAYERS
from quantos.errors import StackMissingError
from stacks.programs import declare

EnvironmentName = Annotated[str, typer.Argument(metavar="ENV", help="dev, staging or prod")]
EXPORTED = (
    "PATH",
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "PULUMI_HOME",
    "PULUMI_BACKEND_URL",
    "PULUMI_SECRETS_PROVIDER",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_SKIP_UPDATE_CHECK",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
    "PULUMI_OPTION_CWD",
    "QUANTOS_SANDBOX",
    "QUANTOS_SANDBOX_STORE",
    "QUANTOS_SANDBOX_MANIFESTS",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up")(up)
    app.command("drift")(drift)
    app.command("destroy")(destroy)
    app.command("env")(env)


def up(
    environment: EnvironmentName,
    layer: Annotated[str | None, typer.Option(help=f"Only this layer: {', '.join(LAYERS)}.")] = None,
) -> None:
    """Bring an environment up, layer by layer, under the policy packs."""
    layers = LAYERS if layer is None else (_known(layer),)
    target, stacks = _opened(environment)
    for name in layers:
        with step(f"up {target.settings.names().stack(name)}") as display:
            run = bring_up(target.settings, stacks, name, progress=display.progress)
        if run.violations:
            _refused(run)
            raise typer.Exit(1)
        out.print(f"{run.stack}: {_counted(run) or 'no change'}")


def drift(
    environment: EnvironmentName,
    layer: Annotated[str | None, typer.Option(help=f"Only this layer: {', '.join(LAYERS)}.")] = None,
) -> None:
    """Say where what stands differs from what is declared; changes nothing. Exit code 1 where anything does."""
    layers = LAYERS if layer is None else (_known(layer),)
    target, stacks = _opened(environment)
    differs = False
    for name in layers:
        stack = target.settings.names().stack(name)
        with step(f"look at {stack}") as display:
            run = stacks.drift(stack, progress=display.progress)
        out.print(f"{stack}: {_counted(run) or 'no drift'}")
        for change in run.touched:
            properties = f" ({', '.join(change.paths)})" if change.paths else ""
            out.print(f"  {change.operation} {_resource(change)}{properties}", markup=False)
        _refused(run)
        differs = differs or run.changed or bool(run.violations)
    if differs:
        raise typer.Exit(1)


def destroy(
    environment: EnvironmentName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002  a flag of a command
) -> None:
    """Destroy an environment, the last layer first. One that its file protects is refused."""
    target, stacks = _opened(environment)
    if not yes and not target.settings.deletion_protection:
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


def env(environment: EnvironmentName) -> None:
    """Print the environment for `eval`, so that a plain `pulumi up -s <stack>` works, under the packs."""
    target = open_target(environment)
    packs = target.packs()
    variables = {name: target.variables[name] for name in EXPORTED if name in target.variables}
    variables["PULUMI_OPTION_POLICY_PACK"] = ",".join(str(pack.path) for pack in packs)
    variables["PULUMI_OPTION_POLICY_PACK_CONFIG"] = ",".join(str(pack.config) for pack in packs)
    for name, value in sorted(variables.items()):
        out.print(f"export {name}={shlex.quote(value)}", markup=False)


def _opened(environment: str) -> tuple[Target, LayerStacks]:
    target = open_target(environment)
    return target, LayerStacks(target.project_dir, target.variables, target.packs(), declare)


def _refused(run: LayerRun) -> None:
    for violation in run.violations:
        err.print(f"[red]refused[/] {violation.pack}/{violation.rule}: {violation.message}")


def _counted(run: LayerRun) -> str:
    return ", ".join(f"{count} {operation}" for operation, count in sorted(run.changes.items()))


def _resource(change: Change) -> str:
    """Type and name of a URN."""
    kind, name = change.urn.split("::")[-2:]
    return f"{kind.rpartition('$')[2]} {name}"


def _known(layer: str) -> str:
    if layer not in LAYERS:
        raise typer.BadParameter(f"there is no layer {layer!r}; take one of {', '.join(LAYERS)}", param_hint="--layer")
    return layer

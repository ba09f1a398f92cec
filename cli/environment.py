"""`quantos up` and `quantos env`: an environment as people bring it up."""

import shlex
from typing import Annotated

import typer

from cli.console import err, out, step
from cli.target import open_target
from quantos.environment.adapters.bring_up import bring_up
from quantos.environment.adapters.layers import LayerStacks
from quantos.environment.names import LAYERS
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
    app.command("env")(env)


def up(
    environment: EnvironmentName,
    layer: Annotated[str | None, typer.Option(help=f"Only this layer: {', '.join(LAYERS)}.")] = None,
) -> None:
    """Bring an environment up, layer by layer, under the policy packs."""
    layers = LAYERS if layer is None else (_known(layer),)
    target = open_target(environment)
    stacks = LayerStacks(target.project_dir, target.variables, target.packs(), declare)
    for name in layers:
        with step(f"up {target.settings.names().stack(name)}") as display:
            run = bring_up(target.settings, stacks, name, progress=display.progress)
        if run.violations:
            for violation in run.violations:
                err.print(f"[red]refused[/] {violation.pack}/{violation.rule}: {violation.message}")
            raise typer.Exit(1)
        counted = ", ".join(f"{count} {operation}" for operation, count in sorted(run.changes.items()))
        out.print(f"{run.stack}: {counted or 'no change'}")


def env(environment: EnvironmentName) -> None:
    """Print the environment for `eval`, so that a plain `pulumi up -s <stack>` works, under the packs."""
    target = open_target(environment)
    packs = target.packs()
    variables = {name: target.variables[name] for name in EXPORTED if name in target.variables}
    variables["PULUMI_OPTION_POLICY_PACK"] = ",".join(str(pack.path) for pack in packs)
    variables["PULUMI_OPTION_POLICY_PACK_CONFIG"] = ",".join(str(pack.config) for pack in packs)
    for name, value in sorted(variables.items()):
        out.print(f"export {name}={shlex.quote(value)}", markup=False)


def _known(layer: str) -> str:
    if layer not in LAYERS:
        raise typer.BadParameter(f"there is no layer {layer!r}; take one of {', '.join(LAYERS)}", param_hint="--layer")
    return layer

"""What a command works on: the sandbox, or the account of the current AWS credentials. Never guessed, always said."""

import os
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from cli.console import err, step
from cli.places import ENVIRONMENTS, ROOT, SANDBOX_VARIABLE
from quantos.catalog.catalog import Catalog, load_catalog
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import SettingsError
from sandbox import lifecycle
from sandbox.engine.display import shown_progress
from sandbox.engine.locate import find_engine, installed_engine


@dataclass(frozen=True)
class Target:
    """One environment in one place. `variables` is the whole environment of the engine there."""

    settings: EnvironmentSettings
    catalog: Catalog
    project_dir: Path
    variables: dict[str, str]
    sandboxed: bool

    @property
    def capacity_stack(self) -> str:
        """The stack the robot owns."""
        return self.settings.names().stack("capacity")


def sandbox_asked() -> bool:
    """Whether this command targets the sandbox: `--sandbox` or `QUANTOS_SANDBOX=1`."""
    return os.environ.get(SANDBOX_VARIABLE, "") not in {"", "0"}


def open_target(environment: str) -> Target:
    """The target of a command on `environment`; says which on standard error.

    The variables by which AWS clients and the engine find it are laid over this process's environment.
    """
    catalog = load_catalog()
    settings = load_environment(environment, root=ENVIRONMENTS, catalog=catalog)
    sandboxed = sandbox_asked()
    variables = _sandbox_variables() if sandboxed else _account_variables(settings)
    variables |= {"AWS_REGION": settings.region, "AWS_DEFAULT_REGION": settings.region}
    os.environ.update(variables)
    project = Path(variables["PULUMI_OPTION_CWD"])
    err.print(_said(settings, sandboxed=sandboxed), style="dim")
    return Target(settings, catalog, project, {**os.environ, **variables}, sandboxed)


def _sandbox_variables() -> dict[str, str]:
    sandbox = _running_sandbox()
    return {**sandbox.environ(), "PULUMI_OPTION_CWD": str(sandbox.project_dir)}


def _running_sandbox() -> lifecycle.Sandbox:
    """The sandbox of this checkout; one that does not run is started, which is said."""
    folder = lifecycle.default_state_dir(ROOT)
    before = lifecycle.status(folder)
    if before.condition == "running" and before.sandbox is not None:
        return before.sandbox
    why = "it was killed, and what stood in it is gone" if before.condition == "stale" else "it was not running"
    with shown_progress(err) as progress:
        engine = find_engine(progress=progress)
    with step(f"start the sandbox, empty: {why}"):
        return lifecycle.start(folder, project_root=ROOT, engine_bin_dir=engine.bin_dir)


def _account_variables(settings: EnvironmentSettings) -> dict[str, str]:
    names = settings.names()
    engine = installed_engine()
    path = os.environ.get("PATH", "") if engine is None else engine.search_path(os.environ.get("PATH", ""))
    variables = {
        "PATH": path,
        "PULUMI_BACKEND_URL": os.environ.get("PULUMI_BACKEND_URL", f"s3://{names.state_bucket}"),
        "PULUMI_OPTION_CWD": str(ROOT),
    }
    if "PULUMI_CONFIG_PASSPHRASE" not in os.environ:
        key = f"awskms://{names.state_key}?region={settings.region}"
        variables["PULUMI_SECRETS_PROVIDER"] = os.environ.get("PULUMI_SECRETS_PROVIDER", key)
    return variables


def _said(settings: EnvironmentSettings, *, sandboxed: bool) -> str:
    if sandboxed:
        return f"target: {settings.name} in the sandbox at {os.environ['AWS_ENDPOINT_URL']}"
    try:
        account = boto3.client("sts", region_name=settings.region).get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as exc:
        raise SettingsError(
            f"there are no usable AWS credentials ({exc})",
            remedy="log in to the account, or add --sandbox to work on the sandbox",
        ) from exc
    if account != settings.account_id:
        raise SettingsError(
            f"the credentials are of account {account}, {settings.name} lives in {settings.account_id}",
            remedy=f"log in to account {settings.account_id}, or correct account_id in the environment file",
        )
    return f"target: {settings.name} in AWS account {account}, region {settings.region}"

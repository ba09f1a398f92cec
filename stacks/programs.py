"""The program of every stack: `<environment>-<layer>` names the environment file and the layer to declare."""

from importlib import import_module
from pathlib import Path

import boto3

from quantos.capacity.adapters.s3_plans import PlansBucket, S3PlanLedger
from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from quantos.environment.names import LAYERS, environment_of, layer_of
from quantos.environment.settings import EnvironmentSettings
from quantos.errors import SettingsError
from stacks import capacity

ENVIRONMENTS = Path(__file__).resolve().parent / "environments"


def declare(stack: str) -> None:
    """Declare the resources of a stack. Raises SettingsError when the name is of no layer."""
    layer = layer_of(stack)
    if layer not in LAYERS:
        raise SettingsError(
            f"stack {stack!r} is of no layer", remedy=f"name it <environment>-<layer>, layer one of {', '.join(LAYERS)}"
        )
    settings = load_environment(environment_of(stack), root=ENVIRONMENTS, catalog=load_catalog())
    if layer == "capacity":
        _declare_capacity(settings, stack)
    else:
        import_module(f"stacks.{layer}").program(settings)


def _declare_capacity(settings: EnvironmentSettings, stack: str) -> None:
    """The pools at the sizes of the applied plan document, so that a person's `up` changes nothing the robot set."""
    bucket = PlansBucket(boto3.client("s3", region_name=settings.region), settings.names().bucket("plans"))
    capacity.program(settings, S3PlanLedger(bucket, settings, stack).current().document)

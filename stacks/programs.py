"""The program of every stack: `<environment>-<layer>` names the environment file and the layer to declare."""

from importlib import import_module
from pathlib import Path

from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from quantos.environment.names import LAYERS, environment_of, layer_of
from quantos.errors import SettingsError
from stacks import capacity

ENVIRONMENTS = Path(__file__).resolve().parent / "environments"


def declare(stack: str, *, environments: Path = ENVIRONMENTS) -> None:
    """Declare the resources of a stack, the capacity stack's as people run it (`capacity.standing`).

    `environments` is the folder of environment files.
    Raises SettingsError when the name is of no layer.
    """
    layer = layer_of(stack)
    if layer not in LAYERS:
        raise SettingsError(
            f"stack {stack!r} is of no layer", remedy=f"name it <environment>-<layer>, layer one of {', '.join(LAYERS)}"
        )
    settings = load_environment(environment_of(stack), root=environments, catalog=load_catalog())
    if layer == "capacity":
        capacity.standing(settings)
    else:
        import_module("stacks.platform_services" if layer == "platform" else f"stacks.{layer}").program(settings)

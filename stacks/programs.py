"""The program of every stack: `<environment>-<layer>` names the environment file and the layer to declare."""

from importlib import import_module
from pathlib import Path

from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from quantos.environment.names import environment_of, layer_of
from quantos.errors import SettingsError
from stacks import capacity

PROGRAMS = {
    "foundation": "stacks.foundation",
    "capacity": "stacks.capacity",
    "platform": "stacks.platform_services",
    "control": "stacks.control",
}
"""The module of each layer's program, as `quantos.pull_request.sources` reads it too: a table of plain strings."""
ENVIRONMENTS = Path(__file__).resolve().parent / "environments"


def declare(stack: str, *, environments: Path = ENVIRONMENTS) -> None:
    """Declare the resources of a stack, the capacity stack's as people run it (`capacity.standing`).

    `environments` is the folder of environment files.
    Raises SettingsError when the name is of no layer.
    """
    layer = layer_of(stack)
    if layer not in PROGRAMS:
        raise SettingsError(
            f"stack {stack!r} is of no layer",
            remedy=f"name it <environment>-<layer>, layer one of {', '.join(PROGRAMS)}",
        )
    settings = load_environment(environment_of(stack), root=environments, catalog=load_catalog())
    if layer == "capacity":
        capacity.standing(settings)
    else:
        import_module(PROGRAMS[layer]).program(settings)

"""Arguments that several commands have."""

import re
from typing import Annotated

import typer

from cli.places import environment_names
from quantos.environment.names import LAYERS, layer_of

_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _environments(incomplete: str) -> list[str]:
    return [name for name in environment_names() if name.startswith(incomplete)]


def _layers(incomplete: str) -> list[str]:
    return [layer for layer in LAYERS if layer.startswith(incomplete)]


def _known_layer(layer: str | None) -> str | None:
    if layer is not None and layer not in LAYERS:
        raise typer.BadParameter(f"there is no layer {layer!r}; take one of {', '.join(LAYERS)}")
    return layer


def _stacks(incomplete: str) -> list[str]:
    names = [f"{environment}-{layer}" for environment in environment_names() for layer in LAYERS]
    return [name for name in names if name.startswith(incomplete)]


def _known_stack(stack: str) -> str:
    if layer_of(stack) not in LAYERS:
        raise typer.BadParameter(f"{stack!r} is not ENV-LAYER, with a layer of {', '.join(LAYERS)}")
    return stack


def seconds(duration: str, *, option: str) -> float:
    """Seconds of `600s`, `10m`, `1h` or a bare number of seconds. Raises BadParameter that names `option`."""
    read = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", duration.strip())
    if read is None:
        raise typer.BadParameter(f"{duration!r} is no duration: write 600s, 10m or 1h", param_hint=option)
    return float(read[1]) * _SECONDS[read[2] or "s"]


EnvironmentName = Annotated[
    str, typer.Argument(metavar="ENV", help="dev, staging or prod", autocompletion=_environments)
]
SearchedEnvironment = Annotated[
    str | None, typer.Option(help="Where to look; every environment by default.", autocompletion=_environments)
]
ChosenEnvironments = Annotated[
    list[str] | None,
    typer.Option("--env", help="Only this environment; may be repeated.", autocompletion=_environments),
]
Layer = Annotated[
    str | None,
    typer.Option(help=f"Only this layer: {', '.join(LAYERS)}.", autocompletion=_layers, callback=_known_layer),
]
StackName = Annotated[
    str,
    typer.Argument(
        metavar="STACK", help="A layer of an environment: dev-capacity.", autocompletion=_stacks, callback=_known_stack
    ),
]
PlanId = Annotated[str, typer.Argument(metavar="PLAN_ID", help="An id, or the start of one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

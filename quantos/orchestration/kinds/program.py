"""What kinds share that run a program of an image."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from quantos.contracts.dag.graph import PathFault
from quantos.contracts.dag.spec import Node
from quantos.errors import OrchestrationError
from quantos.orchestration.execution.classify import classify
from quantos.orchestration.execution.local import LocalAttempt, Program, Ran
from quantos.orchestration.execution.outputs import DOCUMENT, read_outputs

PARAMS: Final = "params.json"
INPUTS: Final = "inputs.json"


def image_faults(node: Node) -> Iterator[PathFault]:
    """A program needs an image to be in."""
    if node.image is None:
        yield ("image",), f"is missing: a {node.kind} runs a program of an image, such as ghcr.io/team/name:1.2.3"


def ran_program(attempt: LocalAttempt, engine: Callable[[Program], Ran]) -> Ran:
    """Run the program of an attempt: prepare its folder, have the engine run it, and read what it gave."""
    ran = engine(_prepared(attempt))
    if classify(ran.facts)[0] != "succeeded":
        return ran
    try:
        files = read_outputs(attempt.workspace, attempt.node.outs)
    except OrchestrationError as exc:
        return replace(ran, facts=replace(ran.facts, fault=exc.what))
    return replace(ran, outputs=files)


def _prepared(attempt: LocalAttempt) -> Program:
    if attempt.node.image is None:
        raise OrchestrationError(f"{attempt.name} has no image", remedy="state the image that holds the program")
    folder = attempt.workspace
    inputs = {
        name: {
            "path": str(attempt.engines.fetch(output, folder / "inputs" / name)),
            "output": output.model_dump(mode="json"),
        }
        for name, output in attempt.inputs.items()
    }
    (folder / PARAMS).write_text(json.dumps(attempt.node.params), encoding="utf-8")
    (folder / INPUTS).write_text(json.dumps(inputs), encoding="utf-8")
    paths = {"QUANTOS_PARAMS": PARAMS, "QUANTOS_INPUTS": INPUTS, "QUANTOS_OUTPUTS": DOCUMENT}
    return Program(
        name=attempt.name,
        image=attempt.node.image,
        folder=folder,
        variables={**attempt.variables, **{name: str(folder / path) for name, path in paths.items()}},
        secrets=attempt.secrets,
        given=attempt.given,
    )

"""Foundation and control of a committed environment, by the real engine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation

from quantos.environment.settings.environment import EnvironmentSettings
from sandbox import lifecycle
from sandbox.engine.locate import find_engine
from stacks import control, foundation

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = {"foundation": foundation.program, "control": control.program}


@dataclass
class Layers:
    """The layers of one environment. What the engine's state holds is read once a layer."""

    settings: EnvironmentSettings
    states: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def stack(self, layer: str) -> automation.Stack:
        return automation.create_or_select_stack(
            self.settings.names().stack(layer),
            project_name="quantos",
            program=partial(PROGRAMS[layer], self.settings),
        )

    def resources(self, layer: str) -> list[dict[str, Any]]:
        if layer not in self.states:
            self.states[layer] = self.stack(layer).export_stack().deployment["resources"]
        return self.states[layer]

    def outputs(self, layer: str) -> dict[str, Any]:
        return self.resources(layer)[0]["outputs"]

    def inputs(self, layer: str, token: str) -> list[dict[str, Any]]:
        """Inputs of every resource of a type."""
        return [resource["inputs"] for resource in self.resources(layer) if resource["type"] == token]


def make_layers(environment: str) -> Layers:
    document = yaml.safe_load((ROOT / "stacks" / "environments" / f"{environment}.yaml").read_text(encoding="utf-8"))
    return Layers(EnvironmentSettings.model_validate(document))


@contextmanager
def fresh_account(state_dir: Path) -> Iterator[None]:
    """A sandbox apart from the other tests': the names of these layers are the whole account's."""
    started = lifecycle.start(state_dir, project_root=ROOT, engine_bin_dir=find_engine().bin_dir)
    before = dict(os.environ)
    os.environ.update(started.environ())
    try:
        yield
    finally:
        lifecycle.stop(state_dir)
        os.environ.clear()
        os.environ.update(before)


def only_same(summary: dict[str, int] | None) -> bool:
    """Whether an operation changed nothing."""
    return set(summary or {}) == {"same"}

"""Environment settings for tests: the committed `dev` with three of its pools, and what a test changes."""

from pathlib import Path
from typing import Any

import yaml

from quantos.environment.settings.environment import EnvironmentSettings

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "stacks" / "environments"

POOLS = ("cpu", "cpu-spot", "memory")


def committed_settings() -> EnvironmentSettings:
    """The `dev` environment as its file states it, which is what a command reads."""
    return EnvironmentSettings.model_validate(_document())


def make_settings(**changes: object) -> EnvironmentSettings:
    """The `dev` environment with these pools and top-level fields replaced."""
    document = _document()
    document["pools"] = {pool: document["pools"][pool] for pool in POOLS}
    return EnvironmentSettings.model_validate({**document, **changes})


def _document() -> dict[str, Any]:
    return yaml.safe_load((ENVIRONMENTS / "dev.yaml").read_text(encoding="utf-8"))

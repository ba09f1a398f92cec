"""Environment settings for tests: the committed `dev` with three of its pools, and what a test changes."""

from pathlib import Path

import yaml

from quantos.environment.settings import EnvironmentSettings

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "stacks" / "environments"

POOLS = ("cpu", "cpu-spot", "memory")


def make_settings(**changes: object) -> EnvironmentSettings:
    """The `dev` environment with these pools and top-level fields replaced."""
    document = yaml.safe_load((ENVIRONMENTS / "dev.yaml").read_text(encoding="utf-8"))
    document["pools"] = {pool: document["pools"][pool] for pool in POOLS}
    return EnvironmentSettings.model_validate({**document, **changes})

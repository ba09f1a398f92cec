"""Environment settings for tests: the committed `dev`, with what a test changes."""

from pathlib import Path

import yaml

from quantos.environment.settings import EnvironmentSettings

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "stacks" / "environments"


def make_settings(**changes: object) -> EnvironmentSettings:
    """The `dev` environment with top-level fields replaced."""
    document = yaml.safe_load((ENVIRONMENTS / "dev.yaml").read_text(encoding="utf-8"))
    return EnvironmentSettings.model_validate({**document, **changes})

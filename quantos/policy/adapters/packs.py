"""The policy packs as the engine takes them, and a file each with the environment's limits."""

import json
from dataclasses import dataclass
from pathlib import Path

from quantos.environment.settings import EnvironmentSettings
from quantos.policy.config import render_cost_config


@dataclass(frozen=True)
class PolicyPack:
    """A pack, by its executable (which spares the engine two starts of Python) or folder, and its configuration."""

    path: Path
    config: Path


def render_packs(settings: EnvironmentSettings, *, packs_root: Path, folder: Path) -> list[PolicyPack]:
    """Every pack, its configuration rendered from the environment's settings into a file of `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / f"{settings.name}-cost.json"
    config.write_text(json.dumps(render_cost_config(settings), indent=1), encoding="utf-8")
    return [PolicyPack(path=packs_root / "cost" / "analyzer", config=config)]

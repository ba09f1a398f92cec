"""The policy packs as the engine takes them, and a file each with the environment's limits."""

import json
from dataclasses import dataclass
from pathlib import Path

from quantos.environment.settings import EnvironmentSettings
from quantos.policy.config import render_cost_config, render_security_config


@dataclass(frozen=True)
class PolicyPack:
    """A pack, by its executable (which spares the engine two starts of Python) or folder, and its configuration."""

    path: Path
    config: Path


def render_packs(
    settings: EnvironmentSettings, *, packs_root: Path, folder: Path, registry_account_id: str | None = None
) -> list[PolicyPack]:
    """Every pack, its configuration rendered from the environment's settings into a file of `folder`.

    `registry_account_id` is the account whose registries hold the images, where it is not the environment's own: a
    sandbox is one account for all environments.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rendered = {
        "cost": render_cost_config(settings),
        "security": render_security_config(settings, registry_account_id=registry_account_id),
    }
    packs: list[PolicyPack] = []
    for name, content in rendered.items():
        config = folder / f"{settings.name}-{name}.json"
        config.write_text(json.dumps(content), encoding="utf-8")
        packs.append(PolicyPack(path=packs_root / name / "analyzer", config=config))
    return packs

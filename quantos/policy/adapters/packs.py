"""The policy packs as the engine takes them, and a file each with the environment's limits."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import EngineError
from quantos.policy.config import COST_RULES, render_cost_config, render_joint_config, render_security_config
from quantos.policy.configured import LIMITS_KEY
from quantos.policy.cost.limits import StandingSize
from quantos.translation import FILES, translated

STANDING_KEY = "standing"
"""Of the cost limits; see `CostLimits`."""


@dataclass(frozen=True)
class PolicyPack:
    """A pack, by its executable (which spares the engine two starts of Python) or folder, and its configuration."""

    path: Path
    config: Path


def render_packs(
    settings: EnvironmentSettings, *, packs_root: Path, folder: Path, sandbox_account_id: str | None = None
) -> list[PolicyPack]:
    """Every pack, its configuration rendered from the environment's settings into a file of `folder`.

    `sandbox_account_id` is an account whose registries hold images beside the environment's own: a sandbox is one
    account for all environments.
    """
    contents = {
        "cost": render_cost_config(settings),
        "security": render_security_config(settings, sandbox_account_id=sandbox_account_id),
    }
    return [
        _rendered(folder / f"{settings.name}-{name}.json", content, pack=packs_root / name)
        for name, content in contents.items()
    ]


def render_joint_pack(settings: EnvironmentSettings, *, packs_root: Path, folder: Path) -> PolicyPack:
    """The rules of every pack as one pack, for which the engine starts one process: the resize's seconds count."""
    return _rendered(folder / f"{settings.name}-joint.json", render_joint_config(settings), pack=packs_root / "joint")


def with_standing(pack: PolicyPack, standing: Mapping[str, StandingSize]) -> PolicyPack:
    """The pack, told the sizes that were read under the lease, by which it knows a way down from above a limit."""
    sizes = {name: dataclasses.asdict(size) for name, size in standing.items()}
    with translated(FILES, into=EngineError, what=f"{pack.config} cannot be read", remedy="see to the folder"):
        content: dict[str, dict[str, object]] = json.loads(pack.config.read_text(encoding="utf-8"))
    for name in COST_RULES:
        limits = content.get(name, {}).get(LIMITS_KEY)
        if isinstance(limits, dict):
            limits[STANDING_KEY] = sizes
    config = pack.config.with_name(f"{pack.config.stem}-measured.json")
    return _rendered(config, content, pack=pack.path.parent)


def _rendered(config: Path, content: Mapping[str, object], *, pack: Path) -> PolicyPack:
    remedy = "see that the folder can be written to and the disk is not full"
    with translated(FILES, into=EngineError, what=f"the limits of {pack.name} cannot be written", remedy=remedy):
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(json.dumps(content), encoding="utf-8")
    return PolicyPack(path=pack / "analyzer", config=config)

"""By how many nodes a pool has to move before a resize is worth it."""

from quantos.environment.settings.decisions import ActuatorSettings
from quantos.environment.settings.environment import EnvironmentSettings


def pool_ranges(settings: EnvironmentSettings) -> dict[str, int]:
    """By pool, the nodes between its floor and its ceiling."""
    return {name: pool.ceiling_nodes - pool.floor_nodes for name, pool in settings.pools.items()}


def dead_band(settings: ActuatorSettings, pool_range: int | None) -> int:
    """Nodes by which a pool has to move to be worth a resize: the stated band, or half the pool's range if less."""
    if pool_range is None:
        return settings.dead_band_nodes
    return min(settings.dead_band_nodes, max(1, pool_range // 2))

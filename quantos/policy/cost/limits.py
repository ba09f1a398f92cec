"""What the cost rules hold an environment to. The numbers are the environment file's; a pack is only handed them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict

from quantos.costing.usage import Usage

if TYPE_CHECKING:
    from quantos.environment.settings.environment import EnvironmentSettings

READ_STRICTLY = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True)
class PoolLimits:
    """Limits of one elastic pool, at its maximum size."""

    __pydantic_config__: ClassVar[ConfigDict] = READ_STRICTLY

    workload: Literal["service", "batch"]
    ceiling_usd_per_hour: float


@dataclass(frozen=True, kw_only=True)
class StandingSize:
    """One elastic pool as EKS has it, in nodes."""

    __pydantic_config__: ClassVar[ConfigDict] = READ_STRICTLY

    minimum: int
    maximum: int
    desired: int


@dataclass(frozen=True, kw_only=True)
class CostLimits:
    """Limits of one environment. Money is at maximum sizes; steps are of floors, summed over pools, in one plan.

    `usd_per_month` is by layer; `usage` is what is assumed of use, by which a stack is priced. `standing` are the
    sizes that were read under the stack's lease, by pool; without them nothing passes for a way down.
    """

    __pydantic_config__: ClassVar[ConfigDict] = READ_STRICTLY

    environment: str
    region: str
    ceiling_usd_per_hour: float
    max_nodes: int
    max_step_up_nodes: int
    max_step_down_nodes: int
    instance_families: tuple[str, ...]
    min_batch_spot_share: float
    required_tags: tuple[str, ...]
    pools: Mapping[str, PoolLimits]
    usd_per_month: Mapping[str, float]
    database_classes: tuple[str, ...]
    broker_types: tuple[str, ...]
    usage: Usage
    standing: Mapping[str, StandingSize] = field(default_factory=dict[str, StandingSize])


def cost_limits(settings: "EnvironmentSettings") -> CostLimits:
    """The limits an environment file states."""
    limits = settings.limits
    return CostLimits(
        environment=settings.name,
        region=settings.region,
        ceiling_usd_per_hour=limits.ceiling_usd_per_hour,
        max_nodes=limits.max_nodes,
        max_step_up_nodes=limits.max_step_up_nodes,
        max_step_down_nodes=limits.max_step_down_nodes,
        instance_families=limits.instance_families,
        min_batch_spot_share=limits.min_batch_spot_share,
        required_tags=limits.required_tags,
        pools={
            name: PoolLimits(workload=pool.workload, ceiling_usd_per_hour=pool.ceiling_usd_per_hour)
            for name, pool in settings.pools.items()
        },
        usd_per_month=limits.usd_per_month,
        database_classes=limits.database_classes,
        broker_types=limits.broker_types,
        usage=usage_of(settings),
    )


def usage_of(settings: "EnvironmentSettings") -> Usage:
    """What an environment file assumes of use, and says of the disks of its pools' nodes."""
    return Usage(figures=settings.usage, node_disks_gib={name: pool.disk_gib for name, pool in settings.pools.items()})

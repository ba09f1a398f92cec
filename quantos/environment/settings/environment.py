"""An environment file: every value that differs between `dev`, `staging` and `prod`, typed and closed."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, model_validator

from quantos.costing.usage import UsageName
from quantos.documents.cross_field import refuse_all
from quantos.environment.names import Names
from quantos.environment.settings.base import DnsLabel, Region, Settings, TagValue
from quantos.environment.settings.cluster import ClusterSettings
from quantos.environment.settings.data import AuditSettings, BusSettings, DatabaseSettings
from quantos.environment.settings.decisions import ActuatorSettings, DecisionSettings
from quantos.environment.settings.functions import ApiSettings, FunctionSettings
from quantos.environment.settings.limits import CostLimitSettings, ExemptionSettings, SecuritySettings
from quantos.environment.settings.network import NetworkSettings
from quantos.environment.settings.platform import PlatformSettings
from quantos.environment.settings.pools import PoolSettings
from quantos.faults import FaultPath

Mode = Literal["observe", "advise", "act"]


class EnvironmentSettings(Settings):
    """One environment, as `load_environment` reads it and checks it against the catalog."""

    name: Literal["dev", "staging", "prod"]
    region: Region
    allowed_regions: tuple[Region, ...] = Field(min_length=1)
    account_id: Annotated[str, Field(pattern=r"^[0-9]{12}$")]
    owner: TagValue
    cost_centre: TagValue
    mode: Mode
    deletion_protection: bool
    key_deletion_window_days: int = Field(ge=7, le=30)
    network: NetworkSettings
    cluster: ClusterSettings
    bus: BusSettings
    database: DatabaseSettings
    audit: AuditSettings
    functions: FunctionSettings
    api: ApiSettings
    decisions: DecisionSettings
    actuator: ActuatorSettings
    limits: CostLimitSettings
    pools: dict[DnsLabel, PoolSettings] = Field(min_length=1)
    platform: PlatformSettings
    security: SecuritySettings = SecuritySettings()
    exemptions: tuple[ExemptionSettings, ...] = ()
    usage: dict[UsageName, NonNegativeFloat | dict[str, NonNegativeFloat]]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_all(self._wrong_zones(), self._wrong_services(), self._wrong_replica())
        return self

    def _wrong_zones(self) -> Iterator[tuple[FaultPath, str]]:
        first, *others = [zone.name for zone in self.network.zones if not zone.name.startswith(self.region)] or [""]
        if first:
            more = f", nor are {', '.join(others)}" if others else ""
            yield ("network", "zones"), f"{first} is not in region {self.region}{more}"
        known = {zone.name for zone in self.network.zones}
        for name, pool in self.pools.items():
            if unknown := sorted(set(pool.zones) - known):
                yield ("pools", name, "zones"), f"{', '.join(unknown)} not in network.zones"

    def _wrong_services(self) -> Iterator[tuple[FaultPath, str]]:
        if self.bus.kind == "redpanda" and "redpanda" not in self.platform.images:
            yield (), "platform.images must name the image of redpanda, which makes the bus's topics"
        if self.bus.kind == "redpanda" and self.platform.consumers:
            yield ("platform", "consumers"), "KEDA tells the lag of MSK only"
        if self.platform.inference.pool not in self.pools:
            yield ("platform", "inference", "pool"), f"{self.platform.inference.pool} is not one of pools"

    def _wrong_replica(self) -> Iterator[tuple[FaultPath, str]]:
        replica = self.audit.replica_region
        if replica is not None and (replica == self.region or replica not in self.allowed_regions):
            yield ("audit", "replica_region"), f"{replica} must be another one of allowed_regions"

    def names(self) -> Names:
        """What this environment's things are called."""
        return Names(environment=self.name, account_id=self.account_id, region=self.region)

    def tags(self) -> dict[str, str]:
        """The tags every resource of the environment carries."""
        return {"environment": self.name, "owner": self.owner, "cost-centre": self.cost_centre}

    def pool_tags(self, pool: str) -> dict[str, str]:
        """The tags of everything that belongs to a pool, which is its owner's."""
        shape = self.pools[pool]
        return {**self.tags(), "pool": pool, "owner": shape.owner, "cost-centre": shape.cost_centre}

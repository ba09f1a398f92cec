"""The `bus:`, `database:` and `audit:` sections: where records go and how long they are kept."""

from typing import Literal, Self

from pydantic import Field, model_validator

from quantos.environment.settings.base import Region, Settings


class BusSettings(Settings):
    """The bus: MSK, or Redpanda in the cluster. `brokers` is a multiple of the three zones, 15 at most."""

    kind: Literal["msk", "redpanda"] = "msk"
    kafka_version: str
    broker_type: str = Field(pattern=r"^kafka\.[a-z0-9]+\.[a-z0-9]+$")
    brokers: int = Field(ge=3, le=15, multiple_of=3)
    volume_gib: int = Field(ge=1, le=16384)


class DatabaseSettings(Settings):
    """The registry's Postgres. `engine_version` is a major one; storage grows by itself up to `max_storage_gib`."""

    engine_version: str = Field(pattern=r"^[0-9]{2}$")
    instance_class: str = Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")
    storage_gib: int = Field(ge=20, le=16384)
    max_storage_gib: int = Field(ge=20, le=16384)
    multi_az: bool
    backup_days: int = Field(ge=1, le=35)

    @model_validator(mode="after")
    def _growing(self) -> Self:
        if self.max_storage_gib * 10 < self.storage_gib * 11:
            raise ValueError("max_storage_gib must be at least a tenth above storage_gib, or storage cannot grow")
        return self


class AuditSettings(Settings):
    """Object Lock of the audit bucket, and the region of its replica, where it has one."""

    lock_mode: Literal["GOVERNANCE", "COMPLIANCE"]
    retention_days: int = Field(ge=1, le=36_500)
    replica_region: Region | None = None

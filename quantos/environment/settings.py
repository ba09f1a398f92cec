"""An environment file: every value that differs between `dev`, `staging` and `prod`, typed and closed."""

import re
from collections.abc import Iterator
from datetime import date
from ipaddress import IPv4Network
from itertools import combinations
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from quantos.catalog.catalog import CapacityType
from quantos.contracts.base import Slug
from quantos.costing.usage import UsageName
from quantos.documents.cross_field import refuse_all
from quantos.environment.function_settings import ApiSettings, FunctionSettings
from quantos.environment.names import Names
from quantos.environment.platform_settings import PlatformSettings
from quantos.faults import FaultPath

Layer = Literal["foundation", "capacity", "platform", "control"]
Mode = Literal["observe", "advise", "act"]
Region = Literal[
    "us-east-1", "us-east-2", "us-west-2", "ca-central-1", "eu-west-1", "eu-west-2", "eu-central-1", "eu-central-2",
    "ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "ap-east-1",
]  # fmt: skip


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ZoneSettings(_Settings):
    """One availability zone and its two subnets."""

    name: str
    public_cidr: IPv4Network
    private_cidr: IPv4Network


FUNCTION_SERVICES: Final = frozenset({"eks", "kms", "lambda", "logs", "sqs", "sts"})
"""What functions call, beside S3 and DynamoDB, and reach by endpoints only."""


class NetworkSettings(_Settings):
    """The VPC. Three zones; every subnet inside the VPC and none overlapping another.

    `endpoint_services` are AWS services with an interface endpoint, by short name; each costs by the hour and zone.
    """

    cidr: IPv4Network
    zones: tuple[ZoneSettings, ...] = Field(min_length=3, max_length=3)
    nat_per_zone: bool
    endpoint_services: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]+$")], ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_all(self._wrong_endpoints(), self._wrong_subnets())
        return self

    def _wrong_endpoints(self) -> Iterator[tuple[FaultPath, str]]:
        if len(set(self.endpoint_services)) < len(self.endpoint_services):
            yield ("endpoint_services",), "names a service twice"
        if missing := sorted(FUNCTION_SERVICES - set(self.endpoint_services)):
            yield ("endpoint_services",), f"lacks {', '.join(missing)}, which functions reach in no other way"

    def _wrong_subnets(self) -> Iterator[tuple[FaultPath, str]]:
        subnets = [cidr for zone in self.zones for cidr in (zone.public_cidr, zone.private_cidr)]
        for cidr in subnets:
            if not cidr.subnet_of(self.cidr):
                yield (), f"subnet {cidr} is not inside the VPC's {self.cidr}"
        for first, second in combinations(subnets, 2):
            if first.overlaps(second):
                yield (), f"subnets {first} and {second} overlap"


class SystemNodesSettings(_Settings):
    """The fixed node group that runs the cluster's own services."""

    instance_types: tuple[str, ...] = Field(min_length=1)
    nodes: PositiveInt
    disk_gib: int = Field(ge=20, le=500)


ADDONS: Final = frozenset({"vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns"})
"""EKS add-ons that every cluster has, each at a version of the environment's."""
AddonVersion = Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+-eksbuild\.\d+$")]
RoleArn = Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:role/[\w+=,.@/-]+$")]


class ClusterSettings(_Settings):
    """The EKS cluster. `admins` are IAM roles that may do everything in it; they must exist."""

    kubernetes_version: str = Field(pattern=r"^1\.\d\d$")
    addons: dict[str, AddonVersion]
    admins: tuple[RoleArn, ...]
    public_endpoint: bool
    public_access_cidrs: tuple[IPv4Network, ...] = ()
    log_retention_days: PositiveInt
    system_nodes: SystemNodesSettings

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        refuse_all(self._unguarded())
        return self

    def _unguarded(self) -> Iterator[tuple[FaultPath, str]]:
        if self.public_endpoint and not self.public_access_cidrs:
            yield ("public_access_cidrs",), "must say who may reach a public endpoint"
        if wrong := sorted(ADDONS.symmetric_difference(self.addons)):
            yield ("addons",), f"must pin {', '.join(sorted(ADDONS))}: look at {', '.join(wrong)}"
        proxy = self.addons.get("kube-proxy", "")
        if proxy and not proxy.startswith(f"v{self.kubernetes_version}."):
            yield ("addons", "kube-proxy"), f"{proxy} is not of Kubernetes {self.kubernetes_version}; EKS refuses it"


class BusSettings(_Settings):
    """The bus: MSK, or Redpanda in the cluster. `brokers` is a multiple of the three zones."""

    kind: Literal["msk", "redpanda"] = "msk"
    kafka_version: str
    broker_type: str
    brokers: int = Field(ge=3, multiple_of=3)
    volume_gib: int = Field(ge=1, le=16384)


class DatabaseSettings(_Settings):
    """The registry's Postgres. `engine_version` is a major one; storage grows by itself up to `max_storage_gib`."""

    engine_version: str = Field(pattern=r"^\d\d$")
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


class AuditSettings(_Settings):
    """Object Lock of the audit bucket, and the region of its replica, where it has one."""

    lock_mode: Literal["GOVERNANCE", "COMPLIANCE"]
    retention_days: int = Field(ge=1, le=36_500)
    replica_region: Region | None = None


class TaintSettings(_Settings):
    """A node taint, in EKS's own words."""

    key: str
    value: str
    effect: Literal["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]


_RESERVED_LABEL: Final = re.compile(r"([a-z0-9.-]+\.)?(kubernetes\.io|k8s\.io)/|eks\.amazonaws\.com/")


class PoolSettings(_Settings):
    """The shape of an elastic pool, owned by people. Its sizes are the robot's, within floor and ceiling.

    `workload` says what runs here: `batch` pools must hold the environment's minimal spot share.
    `interruptions_per_hour` is how often the cloud is expected to take back one node; a spot pool states it.
    """

    instance_types: tuple[str, ...] = Field(min_length=1)
    capacity_type: CapacityType
    workload: Literal["service", "batch"]
    owner: str = Field(min_length=1)
    cost_centre: str = Field(min_length=1)
    ami_type: str
    disk_gib: int = Field(ge=20, le=2000)
    floor_nodes: NonNegativeInt
    ceiling_nodes: int = Field(ge=1, le=500)
    ceiling_usd_per_hour: PositiveFloat
    interruptions_per_hour: float = Field(default=0.0, ge=0, le=60)
    zones: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    taints: tuple[TaintSettings, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        refuse_all(self._disordered())
        return self

    def _disordered(self) -> Iterator[tuple[FaultPath, str]]:
        if self.floor_nodes > self.ceiling_nodes:
            yield (), f"floor_nodes {self.floor_nodes} is above ceiling_nodes {self.ceiling_nodes}"
        if (self.capacity_type == "SPOT") != (self.interruptions_per_hour > 0):
            yield ("interruptions_per_hour",), "is stated by spot pools, above 0, and by no other"
        for label in self.labels:
            if _RESERVED_LABEL.match(label):
                yield ("labels", label), "is reserved: EKS takes no labels of Kubernetes' own for node groups"


class CostLimitSettings(_Settings):
    """What the cost pack holds this environment to; the planner calls the same rules with the same numbers.

    `budget_usd_per_month` is for everything that carries the environment's tag, its services included, and nothing is
    stopped by it: it tells at 80 % spent and 100 % forecast. An unusual cost is told from `anomaly_usd` on.

    `usd_per_month` is what each layer may cost at most; `max_increase` by which share a pull request may make one
    component dearer, where the rise is above `increase_from_usd_per_month`.
    """

    ceiling_usd_per_hour: PositiveFloat
    budget_usd_per_month: PositiveFloat
    anomaly_usd: PositiveFloat
    max_nodes: PositiveInt
    max_step_up_nodes: PositiveInt
    max_step_down_nodes: PositiveInt
    instance_families: tuple[str, ...] = Field(min_length=1)
    min_batch_spot_share: float = Field(ge=0, le=1)
    required_tags: tuple[str, ...] = Field(min_length=1)
    usd_per_month: dict[str, PositiveFloat]
    max_increase: PositiveFloat
    increase_from_usd_per_month: NonNegativeFloat
    database_classes: tuple[str, ...]
    broker_types: tuple[str, ...]

    @model_validator(mode="after")
    def _every_layer(self) -> Self:
        if wrong := sorted(set(get_args(Layer)) ^ set(self.usd_per_month)):
            raise ValueError(f"usd_per_month has to name every layer and nothing else; wrong is {', '.join(wrong)}")
        return self


class ActuatorSettings(_Settings):
    """How quiet the engine is kept, and how long a dead holder's lease lives on.

    An urgent raise ignores the dead band and the interval; a dead band is at most half of a pool's range.

    A lease is as long as an update may take to end: its holder renews it all along, tells the engine to end after a
    quarter of it without a renewal, and kills it before it runs out. A holder that is provably gone leaves it at once.
    """

    dead_band_nodes: PositiveInt
    min_interval_seconds: int = Field(ge=0, le=86_400)
    hold_seconds: int = Field(ge=0, le=7 * 86_400)
    lease_seconds: int = Field(ge=600, le=900)


LONGEST_LEAD_SECONDS: Final = 6 * 3600
"""No node takes longer to be Ready, or capacity cannot be planned at all; with `ahead_seconds` it is within a day."""


SOURCE_RETIRED_AFTER_SECONDS: Final = 86_400
"""Of environment files and records of earlier releases, whose digests it leaves as they were."""


class DecisionSettings(_Settings):
    """How demand is binned, and how far ahead capacity is bought: by the lead time of nodes and `ahead_seconds` more.

    `lead_seconds` is the time from ordering a node to having it Ready that is planned with until enough are measured.
    `source_retired_after_seconds` is for how much time in which its session is open a source that falls silent without
    a goodbye is still expected, and its share held, unless the strategy declares it.
    """

    bin_seconds: Literal[60, 300, 600, 900, 1800, 3600]
    lead_seconds: int = Field(ge=1, le=LONGEST_LEAD_SECONDS)
    ahead_seconds: int = Field(ge=1, le=12 * 3600)
    history_days: int = Field(ge=2, le=90)
    plan_valid_seconds: int = Field(ge=1, le=86_400)
    stale_after_seconds: int = Field(gt=0, lt=86_400)
    source_retired_after_seconds: int = Field(
        default=SOURCE_RETIRED_AFTER_SECONDS,
        ge=3600,
        le=30 * 86_400,
        exclude_if=lambda value: value == SOURCE_RETIRED_AFTER_SECONDS,
    )


class ExemptionSettings(_Settings):
    """What is let off one policy rule, up to and including the day `expires`, because of `reason`.

    `resource` is a pattern (`*`, `?`) of names or URNs of resources in the stack of `layer`; the stack itself goes by
    its name, an object that only a chart holds by `Kind namespace/name`.
    """

    rule: Slug
    layer: Layer
    resource: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=20)
    expires: date


class SecuritySettings(_Settings):
    """What the security pack knows beside the environment itself.

    `registries` are hosts, with or without a path, from which images may come beside the account's own.
    """

    registries: tuple[str, ...]


class EnvironmentSettings(_Settings):
    """One environment, as `load_environment` reads it and checks it against the catalog."""

    name: Literal["dev", "staging", "prod"]
    region: Region
    allowed_regions: tuple[Region, ...] = Field(min_length=1)
    account_id: Annotated[str, Field(pattern=r"^\d{12}$")]
    owner: str
    cost_centre: str
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
    pools: dict[Slug, PoolSettings] = Field(min_length=1)
    platform: PlatformSettings
    security: SecuritySettings
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

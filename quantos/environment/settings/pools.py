"""The `pools:` section: the shapes of the elastic pools."""

import re
from collections.abc import Iterator
from typing import Final, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, model_validator

from quantos.catalog.catalog import CapacityType
from quantos.contracts.plan import PoolSize
from quantos.documents.cross_field import refuse_all
from quantos.environment.settings.base import Settings
from quantos.faults import FaultPath

POOL_LABEL: Final = "quantos.io/pool"
"""Label of every elastic node: the pool that it is of."""


class TaintSettings(Settings):
    """A node taint, in EKS's own words."""

    key: str
    value: str
    effect: Literal["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]


_RESERVED_LABEL: Final = re.compile(r"([a-z0-9.-]+\.)?(kubernetes\.io|k8s\.io)/|eks\.amazonaws\.com/")


class PoolSettings(Settings):
    """The shape of an elastic pool, owned by people. Its sizes are the robot's, within floor and ceiling.

    `workload` says what runs here: `batch` pools must hold the environment's minimal spot share.
    What may be taken away at any moment, batch on spot, has to say so; nodes with GPUs name an image with drivers.
    Nodes carry `quantos.io/pool: <name>` beside the `labels` stated.
    `interruptions_per_hour` is how often the cloud is expected to take back one node; a spot pool states it.
    """

    instance_types: tuple[str, ...] = Field(min_length=1)
    capacity_type: CapacityType = "ON_DEMAND"
    workload: Literal["service", "batch"] = "service"
    owner: str = Field(min_length=1)
    cost_centre: str = Field(min_length=1)
    ami_type: str = "AL2023_x86_64_STANDARD"
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

    @property
    def declared_size(self) -> PoolSize:
        """The size of the pool before the first plan: between its own floor and ceiling."""
        return PoolSize(floor=self.floor_nodes, ceiling=self.ceiling_nodes)

    def _disordered(self) -> Iterator[tuple[FaultPath, str]]:
        if self.floor_nodes > self.ceiling_nodes:
            yield (), f"floor_nodes {self.floor_nodes} is above ceiling_nodes {self.ceiling_nodes}"
        if (self.capacity_type == "SPOT") != (self.interruptions_per_hour > 0):
            yield ("interruptions_per_hour",), "is stated by spot pools, above 0, and by no other"
        for label in self.labels:
            if _RESERVED_LABEL.match(label):
                yield ("labels", label), "is reserved: EKS takes no labels of Kubernetes' own for node groups"


def node_labels(name: str, pool: PoolSettings) -> dict[str, str]:
    """The labels of a pool's nodes."""
    return {POOL_LABEL: name, **pool.labels}

"""The `pools:` section: the shapes of the elastic pools."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, model_validator

from quantos.catalog.catalog import CapacityType
from quantos.contracts.plan import PoolSize
from quantos.documents.cross_field import refuse_all
from quantos.environment.conventions import POOL_LABEL
from quantos.environment.labels import label_faults, taint_faults
from quantos.environment.settings.base import Settings, TagValue
from quantos.faults import FaultPath


class TaintSettings(Settings):
    """A node taint, in EKS's own words."""

    key: str
    value: str
    effect: Literal["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]


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
    owner: TagValue
    cost_centre: TagValue
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
        refuse_all(self._disordered(), self._wrong_labels())
        return self

    @property
    def driven_gpus(self) -> bool:
        """Whether its nodes start from an image with a driver for GPUs."""
        return "NVIDIA" in self.ami_type

    @property
    def declared_size(self) -> PoolSize:
        """The size of the pool before the first plan: between its own floor and ceiling."""
        return PoolSize(floor=self.floor_nodes, ceiling=self.ceiling_nodes)

    def _disordered(self) -> Iterator[tuple[FaultPath, str]]:
        if self.floor_nodes > self.ceiling_nodes:
            yield (), f"floor_nodes {self.floor_nodes} is above ceiling_nodes {self.ceiling_nodes}"
        if (self.capacity_type == "SPOT") != (self.interruptions_per_hour > 0):
            yield ("interruptions_per_hour",), "is stated by spot pools, above 0, and by no other"

    def _wrong_labels(self) -> Iterator[tuple[FaultPath, str]]:
        for key, value in self.labels.items():
            yield from ((("labels", key), fault) for fault in label_faults(key, value))
        for number, taint in enumerate(self.taints):
            yield from ((("taints", number), fault) for fault in taint_faults(taint.key, taint.value))


TAINT_EFFECTS: Final[Mapping[str, str]] = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}
"""Effects of taints, as EKS has them, in Kubernetes's own words."""


def node_labels(name: str, pool: PoolSettings) -> dict[str, str]:
    """The labels of a pool's nodes."""
    return {POOL_LABEL: name, **pool.labels}

"""The `cluster:` section: EKS, its add-ons and its fixed nodes."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Final, Self

from pydantic import Field, PositiveInt, model_validator

from quantos.documents.cross_field import refuse_all
from quantos.environment.settings.base import Settings
from quantos.faults import FaultPath


class SystemNodesSettings(Settings):
    """The fixed node group that runs the cluster's own services."""

    instance_types: tuple[str, ...] = Field(min_length=1)
    nodes: PositiveInt
    disk_gib: int = Field(ge=20, le=500)


ADDONS: Final = frozenset({"vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns"})
"""EKS add-ons that every cluster has, each at a version of the environment's."""
AddonVersion = Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+-eksbuild\.\d+$")]
RoleArn = Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:role/[\w+=,.@/-]+$")]


class ClusterSettings(Settings):
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

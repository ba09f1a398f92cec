"""The `cluster:` section: EKS, its add-ons and its fixed nodes."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from quantos.documents.cross_field import refuse_all
from quantos.environment.settings.base import LogRetentionDays, Settings
from quantos.faults import FaultPath


class SystemNodesSettings(Settings):
    """The fixed node group that runs the cluster's own services."""

    instance_types: tuple[str, ...] = Field(min_length=1)
    nodes: int = Field(ge=1, le=450)
    disk_gib: int = Field(ge=20, le=500)


ADDONS: Final = frozenset({"vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns"})
"""EKS add-ons that every cluster has, each at a version of the environment's."""
AddonVersion = Annotated[str, Field(pattern=r"^v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+$")]
RoleArn = Annotated[
    str, Field(pattern=r"^arn:aws:iam::[0-9]{12}:role/([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$", max_length=600)
]


class ClusterSettings(Settings):
    """The EKS cluster. `admins` are IAM roles that may do everything in it; they must exist.

    Its API answers inside the VPC, and on the internet to `public_access_cidrs`, where any are stated;
    `public_endpoint: false` says that none may be.
    """

    kubernetes_version: str = Field(pattern=r"^1\.[0-9]{2}$")
    addons: dict[str, AddonVersion]
    admins: tuple[RoleArn, ...] = Field(min_length=1)
    public_endpoint: bool | None = None
    public_access_cidrs: tuple[IPv4Network, ...] = Field(default=(), max_length=40)
    log_retention_days: LogRetentionDays
    system_nodes: SystemNodesSettings

    @property
    def answers_publicly(self) -> bool:
        """Whether the API has a public endpoint."""
        return bool(self.public_access_cidrs) if self.public_endpoint is None else self.public_endpoint

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

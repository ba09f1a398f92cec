"""The `network:` section: the VPC, its zones and its endpoints."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from quantos.documents.cross_field import refuse_all
from quantos.environment.settings.base import Settings
from quantos.faults import FaultPath


class ZoneSettings(Settings):
    """One availability zone and its two subnets."""

    name: str
    public_cidr: IPv4Network
    private_cidr: IPv4Network


FUNCTION_SERVICES: Final = frozenset({"eks", "glue", "kms", "lambda", "logs", "sqs", "sts"})
"""What functions call, beside S3 and DynamoDB, and reach by endpoints only."""
POD_SERVICES: Final = frozenset({
    "autoscaling", "ec2", "eks", "elasticloadbalancing", "glue", "kms", "s3", "secretsmanager", "sns", "sts",
})  # fmt: skip
"""What pods of the platform call, which network policies let out to the VPC alone."""


class NetworkSettings(Settings):
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

"""Spot prices from an account's history.

Tested against recorded shapes of its answers; it has not been run on AWS.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from quantos.adapters.aws import AWS
from quantos.errors import CatalogError
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.literals import InstanceTypeType

TYPES_A_REQUEST = 100


@dataclass(frozen=True)
class SpotHistory:
    """What spot did cost in the region of the client."""

    client: "EC2Client"

    def dearest_usd_per_hour(
        self, instance_types: Sequence[str], *, start: datetime, end: datetime
    ) -> dict[str, float]:
        """The dearest price of each type in any zone from `start` to `end` (aware): the careful one to plan with.

        A type without history is absent, and is then priced by assumption. Raises CatalogError.
        """
        dearest: dict[str, float] = {}
        with translated(
            AWS,
            into=CatalogError,
            what="the spot price history cannot be read",
            remedy="log in to an account that may call ec2:DescribeSpotPriceHistory",
        ):
            for first in range(0, len(instance_types), TYPES_A_REQUEST):
                for name, price in self._entries(instance_types[first : first + TYPES_A_REQUEST], start=start, end=end):
                    dearest[name] = max(price, dearest.get(name, 0.0))
        return dearest

    def _entries(self, instance_types: Sequence[str], *, start: datetime, end: datetime) -> Iterator[tuple[str, float]]:
        pages = self.client.get_paginator("describe_spot_price_history").paginate(
            InstanceTypes=cast("list[InstanceTypeType]", list(instance_types)),
            ProductDescriptions=["Linux/UNIX"],
            StartTime=start,
            EndTime=end,
        )
        for page in pages:
            for entry in page["SpotPriceHistory"]:
                name, price = entry.get("InstanceType"), float(entry.get("SpotPrice", 0))
                if name is not None and price > 0:
                    yield name, price

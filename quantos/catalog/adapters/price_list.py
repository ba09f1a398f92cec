"""On-demand prices from the AWS Pricing API.

Tested against recorded shapes of its answers; it has not been run on AWS.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quantos.adapters.aws import AWS
from quantos.errors import CatalogError
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_pricing import PricingClient

PRICING_REGION = "us-east-1"
"""The Pricing API is served from few regions, and tells prices of all."""
LINUX_ON_DEMAND: Mapping[str, str] = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}


@dataclass(frozen=True)
class AwsPriceList:
    """Prices of Linux instances on shared hardware, without reservation."""

    client: "PricingClient"

    def usd_per_hour(self, region: str) -> dict[str, float]:
        """Price by instance type. Raises CatalogError when AWS does not answer, or says two prices of one type."""
        prices: dict[str, float] = {}
        for instance_type, price in self._offers(region):
            if prices.setdefault(instance_type, price) != price:
                raise CatalogError(
                    f"the price list of {region} has {instance_type} at {prices[instance_type]} and at {price}",
                    remedy="narrow the filters of the price list until one offer a type is left",
                )
        if not prices:
            raise CatalogError(f"the price list of {region} is empty", remedy="check the region's name")
        return prices

    def _offers(self, region: str) -> Iterator[tuple[str, float]]:
        filters: Any = [
            {"Type": "TERM_MATCH", "Field": field, "Value": value}
            for field, value in {**LINUX_ON_DEMAND, "regionCode": region}.items()
        ]
        with translated(
            AWS,
            into=CatalogError,
            what=f"the price list of {region} cannot be read",
            remedy="log in to an account that may call pricing:GetProducts",
        ):
            pages = self.client.get_paginator("get_products").paginate(ServiceCode="AmazonEC2", Filters=filters)
            for page in pages:
                for product in page["PriceList"]:
                    yield from _hourly_price(json.loads(product))


def _hourly_price(product: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """An offer without a price above zero is no price: AWS lists placeholders at 0."""
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            price = float(dimension["pricePerUnit"].get("USD", 0))
            if dimension["unit"] == "Hrs" and price > 0:
                yield product["product"]["attributes"]["instanceType"], price

"""What services bill, from the AWS Pricing API.

An offer is found by its usage type, which AWS puts behind a region's code everywhere but in the oldest region
(`EUW2-NatGateway-Hours`). Tested against recorded shapes of its answers; it has not been run on AWS.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantos.adapters.aws import AWS
from quantos.catalog.catalog import DATA
from quantos.errors import CatalogError
from quantos.translation import FILES, translated

if TYPE_CHECKING:
    from mypy_boto3_pricing import PricingClient

OFFERS_FILE = "service_offers.csv"


@dataclass(frozen=True, kw_only=True)
class ServiceOffer:
    """Where the price list has an item: `times` its price is the price of the catalog's unit."""

    item: str
    service_code: str
    usage_type: str
    times: float
    attributes: Mapping[str, str]


def service_offers(data: Path = DATA) -> tuple[ServiceOffer, ...]:
    """Every item of the catalog that the price list is asked for. Raises CatalogError when they cannot be read."""
    path = data / OFFERS_FILE
    with (
        translated(FILES, into=CatalogError, what=f"{path} cannot be read", remedy="restore it from the repository"),
        path.open(encoding="utf-8", newline="") as file,
    ):
        return tuple(_offer(row) for row in csv.DictReader(file))


def _offer(row: Mapping[str, str]) -> ServiceOffer:
    pairs = (pair.partition("=") for pair in row["attributes"].split())
    return ServiceOffer(
        item=row["item"],
        service_code=row["service_code"],
        usage_type=row["usage_type"],
        times=float(row["times"]),
        attributes={name: value for name, _, value in pairs},
    )


@dataclass(frozen=True)
class AwsServicePrices:
    """USD by item, on demand, of the first tier that is billed."""

    client: "PricingClient"

    def usd(self, region: str, offer: ServiceOffer) -> float | None:
        """The price of one unit of the catalog; None where the region has no such offer.

        Raises CatalogError when AWS does not answer, or says two prices.
        """
        prices = {price for product in self._products(region, offer) for price in _first_tier(product)}
        if len(prices) > 1:
            amounts = ", ".join(f"{price:g}" for price in sorted(prices))
            raise CatalogError(
                f"the price list of {region} has {offer.item} ({offer.usage_type}) at {amounts}",
                remedy=f"narrow its attributes in {OFFERS_FILE} until one offer is left",
            )
        return prices.pop() * offer.times if prices else None

    def _products(self, region: str, offer: ServiceOffer) -> Iterator[Mapping[str, Any]]:
        exact = {"regionCode": region, **offer.attributes}
        filters: Any = [
            {"Type": "CONTAINS", "Field": "usagetype", "Value": offer.usage_type},
            *({"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in exact.items()),
        ]
        with translated(
            AWS,
            into=CatalogError,
            what=f"the price list of {region} cannot be read for {offer.item}",
            remedy="log in to an account that may call pricing:GetProducts",
        ):
            pages = self.client.get_paginator("get_products").paginate(ServiceCode=offer.service_code, Filters=filters)
            for page in pages:
                for listed in page["PriceList"]:
                    product = json.loads(listed)
                    if _is(product["product"]["attributes"].get("usagetype", ""), offer.usage_type):
                        yield product


def _is(usage: str, usage_type: str) -> bool:
    """The usage type itself, or behind a region's code."""
    return usage == usage_type or (usage.endswith(f"-{usage_type}") and usage.count("-") == usage_type.count("-") + 1)


def _first_tier(product: Mapping[str, Any]) -> Iterator[float]:
    """The price from which billing starts: a tier that is free at first is none."""
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        tiers = sorted(term["priceDimensions"].values(), key=lambda tier: float(tier.get("beginRange", 0)))
        prices = (float(tier["pricePerUnit"].get("USD", 0)) for tier in tiers)
        first = next((price for price in prices if price > 0), None)
        if first is not None:
            yield first

"""Take a region's prices from AWS into the catalog: `python scripts/refresh_prices.py eu-west-2`.

`--spot-days 14` takes spot prices too, `--services` what services bill.

Needs credentials with `pricing:GetProducts`, and `ec2:DescribeSpotPriceHistory` for spot. It writes the catalog's data
files, for a person to read and commit: planner and policy pack then price alike. It has not been run on AWS.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3

from quantos.catalog.adapters.price_list import PRICING_REGION, AwsPriceList
from quantos.catalog.adapters.service_prices import AwsServicePrices, service_offers
from quantos.catalog.adapters.spot_history import SpotHistory
from quantos.catalog.catalog import DATA, load_catalog
from quantos.catalog.data_files import write_prices, write_service_prices
from quantos.errors import CatalogError


def refresh_on_demand(region: str, *, now: datetime, data: Path) -> list[str]:
    """Replace the region's on-demand prices; returns the instance types priced."""
    listed = AwsPriceList(boto3.client("pricing", region_name=PRICING_REGION)).usd_per_hour(region)
    known = {name: price for name, price in listed.items() if name in load_catalog().shapes}
    source = {
        "source": "AWS Pricing API, AmazonEC2",
        "version": now.date().isoformat(),
        "licence": "AWS Service Terms",
        "prices_of": now.isoformat(timespec="seconds"),
        "what": "on-demand USD per hour, Linux, shared tenancy",
    }
    write_prices("on_demand", region, usd_per_hour=known, source=source, data=data)
    print(f"{region}: {len(known)} on-demand prices; {len(listed) - len(known)} left out for want of a shape")
    return sorted(known)


def refresh_spot(region: str, instance_types: list[str], *, now: datetime, days: int, data: Path) -> None:
    """Replace the region's measured spot prices by the dearest of the last `days`."""
    history = SpotHistory(boto3.client("ec2", region_name=region))
    prices = history.dearest_usd_per_hour(instance_types, start=now - timedelta(days=days), end=now)
    source = {
        "source": "ec2 describe-spot-price-history",
        "version": now.date().isoformat(),
        "licence": "AWS Service Terms",
        "prices_of": now.isoformat(timespec="seconds"),
        "what": f"dearest spot USD per hour of any zone in {days} days, Linux",
    }
    write_prices("spot", region, usd_per_hour=prices, source=source, data=data)
    print(f"{region}: {len(prices)} spot prices; the others stay assumed")


def refresh_services(region: str, *, now: datetime, data: Path) -> None:
    """Put what the price list says of services into the region's file; the units are those of the catalog's items."""
    prices, catalog = AwsServicePrices(boto3.client("pricing", region_name=PRICING_REGION)), load_catalog()
    units = {item: price.unit for known in catalog.services.values() for item, price in known.items()}
    listed = {offer.item: prices.usd(region, offer) for offer in service_offers(data)}
    usd = {item: price for item, price in listed.items() if price is not None}
    write_service_prices(region, usd=usd, units=units, stated_on=now.date().isoformat(), data=data)
    left = ", ".join(sorted(set(units) - set(usd)))
    print(f"{region}: {len(usd)} prices of services; to be stated by hand from AWS's price pages: {left or 'none'}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Refresh as the command line says; 0 done, 1 AWS did not answer."""
    parser = argparse.ArgumentParser(description="Take a region's prices from AWS into the catalog.")
    parser.add_argument("region")
    parser.add_argument("--spot-days", type=int, metavar="DAYS", help="also take the dearest spot price of DAYS days")
    parser.add_argument("--services", action="store_true", help="also take what services bill")
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER", help="write here, not into the catalog")
    asked = parser.parse_args(arguments)
    now = datetime.now(tz=UTC)
    try:
        priced = refresh_on_demand(asked.region, now=now, data=asked.data)
        if asked.spot_days:
            refresh_spot(asked.region, priced, now=now, days=asked.spot_days, data=asked.data)
        if asked.services:
            refresh_services(asked.region, now=now, data=asked.data)
    except CatalogError as exc:
        print(f"{exc.what}\n{exc.remedy}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

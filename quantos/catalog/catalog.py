"""Instance shapes and prices of instances and services, from dated files that the project carries.

The same answer offline and tomorrow.
"""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Literal

from quantos.catalog.spot_savings import SpotAssumption, spot_assumptions
from quantos.errors import CatalogError

DATA = Path(__file__).resolve().parent / "data"
Architecture = Literal["x86_64", "arm64"]
CapacityType = Literal["ON_DEMAND", "SPOT"]
ARCHITECTURES: Mapping[str, Architecture] = {"x86_64": "x86_64", "arm64": "arm64"}


@dataclass(frozen=True)
class InstanceShape:
    """What one instance holds.

    `network_mbps` is the baseline, which a small instance may exceed for a while. `pod_addresses` is how many pods the
    interfaces of its first network card give an address to: each interface keeps one address for itself.
    """

    instance_type: str
    vcpu: int
    memory_gib: float
    gpus: int
    network_mbps: int
    architecture: Architecture
    pod_addresses: int

    @property
    def family(self) -> str:
        """`c7i` of `c7i.2xlarge`."""
        return family_of(self.instance_type)


@dataclass(frozen=True)
class ServicePrice:
    """USD for one unit of something a service bills, such as an hour or a GiB kept for a month."""

    unit: str
    usd: float


@dataclass(frozen=True)
class Catalog:
    """Shapes and USD prices.

    `on_demand` and `spot` map region, then instance type, to a price an hour. A spot price that was not measured is the
    on-demand price less the family's assumed saving. `services` maps region, then item, to what a service bills, as of
    the day `stated_on`.
    """

    shapes: Mapping[str, InstanceShape]
    on_demand: Mapping[str, Mapping[str, float]]
    spot: Mapping[str, Mapping[str, float]]
    assumptions: Mapping[str, SpotAssumption]
    otherwise: SpotAssumption
    services: Mapping[str, Mapping[str, ServicePrice]] = field(default_factory=dict)
    stated_on: date | None = None

    def shape(self, instance_type: str) -> InstanceShape:
        """The shape of an instance type. Raises CatalogError for an unknown one."""
        shape = self.shapes.get(instance_type)
        if shape is None:
            raise CatalogError(
                f"instance type {instance_type} is not in the catalog",
                remedy="correct the name, or regenerate the catalog: `python scripts/generate_catalog.py`",
            )
        return shape

    def usd_per_hour(self, instance_type: str, *, capacity_type: CapacityType, region: str) -> float:
        """Price of one Linux instance for an hour. Raises CatalogError where none is known: an unknown is never 0."""
        price = self.on_demand.get(region, {}).get(instance_type)
        if price is None:
            raise CatalogError(
                f"no price is known for {instance_type} in {region}",
                remedy=f"take prices from AWS: `python scripts/refresh_prices.py {region}`, or use a priced type",
            )
        if capacity_type == "ON_DEMAND":
            return price
        measured = self.spot.get(region, {}).get(instance_type)
        return price * (1 - self.spot_assumption(instance_type).saving) if measured is None else measured

    def usd_per_unit(self, item: str, *, unit: str, region: str) -> float:
        """What a service bills for one `unit` of an item. Raises CatalogError for another unit, item or region."""
        remedy = f"take it from AWS: `python scripts/refresh_prices.py {region} --services`, or use a priced one"
        price = self.services.get(region, {}).get(item)
        if price is None:
            raise CatalogError(f"no price is known for {item} in {region}", remedy=remedy)
        if price.unit != unit:
            raise CatalogError(
                f"{item} is priced in {region} by the {price.unit}, not by the {unit}",
                remedy="ask for the unit in which it is billed, or correct the price file",
            )
        return price.usd

    def spot_assumption(self, instance_type: str) -> SpotAssumption:
        """The saving assumed for the family of `instance_type`."""
        return self.assumptions.get(family_of(instance_type), self.otherwise)

    def with_spot_prices(self, region: str, usd_per_hour: Mapping[str, float]) -> "Catalog":
        """The same catalog with measured spot prices of a region, which go before assumed ones."""
        return replace(self, spot={**self.spot, region: {**self.spot.get(region, {}), **usd_per_hour}})


def family_of(instance_type: str) -> str:
    """`c7i` of `c7i.2xlarge`."""
    return instance_type.partition(".")[0]


@functools.cache
def load_catalog(data: Path = DATA) -> Catalog:
    """The catalog in a data folder, read once a process. Raises CatalogError when the files cannot be read."""
    try:
        assumptions, otherwise = spot_assumptions(data / "spot_savings.json")
        return Catalog(
            shapes=_shapes(data / "shapes.csv"),
            on_demand=_price_files(data / "on_demand"),
            spot=_price_files(data / "spot"),
            assumptions=assumptions,
            otherwise=otherwise,
            services={path.stem: _service_prices(path) for path in sorted((data / "services").glob("*.csv"))},
            stated_on=max((_stated_on(path) for path in (data / "services").glob("*.csv")), default=None),
        )
    except (OSError, KeyError, ValueError) as exc:
        raise CatalogError(
            f"the catalog in {data} cannot be read: {type(exc).__name__}: {exc}",
            remedy="regenerate it: `python scripts/generate_catalog.py`",
        ) from exc


def _shapes(path: Path) -> dict[str, InstanceShape]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return {
            name: InstanceShape(
                name, int(vcpu), float(memory), int(gpus), int(network), ARCHITECTURES[architecture], int(addresses)
            )
            for name, architecture, vcpu, memory, gpus, network, addresses in rows
        }


def _price_files(folder: Path) -> dict[str, dict[str, float]]:
    return {path.stem: _prices(path) for path in sorted(folder.glob("*.csv"))}


def _prices(path: Path) -> dict[str, float]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        prices = {name: float(price) for name, price in rows}
    if free := sorted(name for name, price in prices.items() if not price > 0):
        raise ValueError(f"{path.name} has no positive price for {', '.join(free)}")
    return prices


def _service_prices(path: Path) -> dict[str, ServicePrice]:
    with path.open(encoding="utf-8", newline="") as file:
        prices = {row["item"]: ServicePrice(row["unit"], float(row["usd"])) for row in csv.DictReader(file)}
    if free := sorted(item for item, price in prices.items() if not price.usd > 0):
        raise ValueError(f"{path.name} has no positive price for {', '.join(free)}")
    return prices


def _stated_on(path: Path) -> date:
    """The last day of which a price in a file is."""
    with path.open(encoding="utf-8", newline="") as file:
        return max(date.fromisoformat(row["stated_on"]) for row in csv.DictReader(file))

"""What a stack costs a month, from its resources as plain values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final

from quantos.catalog.catalog import Catalog
from quantos.catalog.free_types import is_free
from quantos.costing import compute, data_stores, functions, kubernetes, network, oversight
from quantos.costing.cost import CostLine, StackCost, Unpriced
from quantos.costing.properties import unpriced_properties
from quantos.costing.resource import STACK_TYPE, Resource, components
from quantos.costing.tariff import Charge, Pricer, Tariff
from quantos.costing.usage import Usage
from quantos.errors import CostingError, NotYetKnownError, QuantosError

PRICERS: Final[Mapping[str, Pricer]] = MappingProxyType(
    {
        **compute.PRICERS,
        **data_stores.PRICERS,
        **functions.PRICERS,
        **kubernetes.PRICERS,
        **network.PRICERS,
        **oversight.PRICERS,
    }
)
"""What prices a type of resource, by token."""


def priced(
    resources: Sequence[Resource], prices: Catalog, *, usage: Usage, region: str, on: date | None = None
) -> StackCost:
    """Every charge of a stack, in the order of its resources. What cannot be priced is in `unpriced`, never 0.

    Args:
        resources: the whole stack, components included: they say what belongs together.
        prices: unit prices of instances and services.
        usage: what is assumed of use.
        region: where a resource stands that does not say so itself.
        on: the day of which the cost is, since old versions cost more; that of the prices where nobody says.
    """
    lines, unpriced = list[CostLine](), list[Unpriced]()
    labels = components(resources)
    tariff = Tariff(
        catalog=prices,
        usage=usage,
        region=region,
        resources={resource.urn: resource for resource in resources},
        on=on or prices.stated_on,
    )
    for resource in resources:
        if resource.type == STACK_TYPE:
            continue
        component = labels[resource.urn]
        for entry in _entries(resource, tariff):
            if isinstance(entry, Charge):
                lines.append(_line(entry, resource, component))
            else:
                unpriced.append(Unpriced(urn=resource.urn, component=component, reason=entry.what, remedy=entry.remedy))
    return StackCost(lines=tuple(lines), unpriced=tuple(unpriced))


def _entries(resource: Resource, tariff: Tariff) -> Iterator[Charge | QuantosError]:
    pricer = PRICERS.get(resource.type)
    try:
        yield from unpriced_properties(resource)
        if pricer is not None:
            yield from pricer(resource, replace(tariff, region=_region(resource, tariff)))
        elif not is_free(resource.type):
            yield CostingError(
                f"{resource.name} is a {resource.type}, of which nobody has said what it costs",
                remedy="add what prices it to quantos/costing, or list it in quantos/catalog/data/free_types.csv",
            )
    except NotYetKnownError:
        raise
    except QuantosError as exc:
        yield exc


def _region(resource: Resource, tariff: Tariff) -> str:
    """An AWS resource may stand in another region than its stack."""
    return resource.text("region", default=tariff.region) if resource.type.startswith("aws:") else tariff.region


def _line(charge: Charge, resource: Resource, component: str) -> CostLine:
    return CostLine(
        urn=resource.urn,
        component=component,
        what=charge.what,
        quantity=charge.quantity,
        unit=charge.unit,
        usd_per_month=charge.quantity * charge.usd_per_unit,
        usd_per_month_floor=charge.floor * charge.usd_per_unit,
        basis=charge.basis,
    )

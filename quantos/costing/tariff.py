"""Prices and assumptions, asked by what prices a type of resource: each answer is a charge, or why there is none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol, TypeAlias

from quantos.catalog.catalog import Catalog
from quantos.catalog.support_ends import support_of
from quantos.costing.cost import HOURS_PER_MONTH, Basis
from quantos.costing.resource import Resource
from quantos.costing.usage import Usage, UsageName
from quantos.errors import CatalogError, CostingError, QuantosError


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A quantity a month of something at a price; `floor` is the least quantity, `quantity` the most."""

    what: str
    quantity: float
    floor: float
    unit: str
    usd_per_unit: float
    basis: Basis


Entry: TypeAlias = Charge | QuantosError


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """What things cost in a region on a day, how much they are assumed to be used, and the stack's other resources."""

    catalog: Catalog
    usage: Usage
    region: str
    resources: Mapping[str, Resource]
    on: date | None

    def declared(
        self, item: str, quantity: float, *, unit: str, floor: float | None = None, what: str | None = None
    ) -> Entry:
        """`quantity` units of an item a month, as the declaration says; `floor` where it gives a range."""
        try:
            price = self.catalog.usd_per_unit(item, unit=unit, region=self.region)
        except CatalogError as exc:
            return exc
        return Charge(
            what=what or spoken(item),
            quantity=quantity,
            floor=quantity if floor is None else floor,
            unit=unit,
            usd_per_unit=price,
            basis="declared" if floor in {None, quantity} else "floor/ceiling",
        )

    def hourly(self, item: str, *, count: float = 1, floor: float | None = None, what: str | None = None) -> Entry:
        """`count` of something that is billed for every hour it stands."""
        least = None if floor is None else floor * HOURS_PER_MONTH
        return self.declared(item, count * HOURS_PER_MONTH, unit="hour", floor=least, what=what)

    def used(
        self, item: str, usage: UsageName, *, unit: str, by: Resource, times: float = 1, what: str | None = None
    ) -> Entry:
        """What is assumed that `by` uses in a month, `times` what the environment file states."""
        try:
            quantity = self.usage.of(usage, by.name) * times
        except CostingError as exc:
            return exc
        entry = self.declared(item, quantity, unit=unit, what=what)
        return replace(entry, basis="usage") if isinstance(entry, Charge) else entry

    def is_extended(self, resource: Resource, product: str, version: str) -> bool:
        """Whether a version is in extended support. Raises QuantosError where nobody can tell, or it has ended."""
        support = support_of(product, version)
        if self.on is None:
            raise CostingError(
                f"{resource.name} ({resource.type}) cannot be priced: nobody has said of which day",
                remedy="say the day, or give the catalog prices with the day on which they were stated",
            )
        if self.on >= support.extended_until:
            raise resource.unreadable("version", f"{version}, which AWS supports no more")
        return self.on >= support.standard_until

    def beside(self, resource: Resource, key: str, kind: str) -> Resource | None:
        """The resource of type `kind` in the same stack that a property was made of, if it was."""
        resources = (self.resources.get(urn) for urn in resource.references.get(key, ()))
        return next((other for other in resources if other is not None and other.type == kind), None)

    def referred(self, resource: Resource, key: str, kind: str) -> Resource:
        """As `beside`. Raises CostingError when there is none."""
        other = self.beside(resource, key, kind)
        if other is None:
            raise CostingError(
                f"{resource.name} ({resource.type}) cannot be priced: no {kind} of its {key} is declared beside it",
                remedy=f"declare it in the same stack and pass its output as {key}",
            )
        return other


class Pricer(Protocol):
    """Everything that one resource of a type is billed for. May raise QuantosError where a property is unreadable."""

    def __call__(self, resource: Resource, tariff: Tariff, /) -> Iterable[Entry]:
        """The charges of a month, or why one of them cannot be told."""
        ...


def spoken(item: str) -> str:
    """An item of the catalog in words."""
    return item.replace("-", " ")

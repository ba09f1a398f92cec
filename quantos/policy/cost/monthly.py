"""Rules on what a whole stack costs a month: nothing without a price, nothing beyond its layer's budget."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from quantos.catalog.catalog import Catalog
from quantos.costing.cost import StackCost
from quantos.costing.pricing import priced
from quantos.costing.resource import Resource
from quantos.environment.names import layer_of
from quantos.policy.controls import finops
from quantos.policy.cost.limits import CostLimits
from quantos.policy.rule import Rule

ROUNDING_USD = 0.005
"""Sums of prices differ in the last bits; less than a cent is not an excess."""
NAMED_COMPONENTS = 3
DATABASE = "aws:rds/instance:Instance"
BUS = "aws:msk/cluster:Cluster"


@dataclass(frozen=True, kw_only=True)
class DeclaredStack:
    """Every resource of a stack, components included, priced as of a day; of that of the prices where none is said."""

    stack: str
    resources: tuple[Resource, ...]
    on: date | None = None

    def cost(self, limits: CostLimits, catalog: Catalog) -> StackCost:
        """What it costs a month, under the environment's assumptions of use."""
        return priced(self.resources, catalog, usage=limits.usage, region=limits.region, on=self.on)


def _unpriced(stack: DeclaredStack, limits: CostLimits, catalog: Catalog) -> Iterator[str]:
    for unpriced in stack.cost(limits, catalog).unpriced:
        yield f"{unpriced.component}: {unpriced.reason}; {unpriced.remedy}"


def _over_budget(stack: DeclaredStack, limits: CostLimits, catalog: Catalog) -> Iterator[str]:
    cost = stack.cost(limits, catalog)
    budget, total = limits.usd_per_month.get(layer_of(stack.stack)), cost.usd_per_month.ceiling
    if budget is None:
        yield f"stack {stack.stack} belongs to no layer that has a budget, and would cost {total:,.2f} USD/month"
    elif total > budget + ROUNDING_USD:
        dearest = list(cost.by_component().items())[:NAMED_COMPONENTS]
        parts = ", ".join(f"{name} {of.ceiling:,.2f}" for name, of in dearest)
        yield (
            f"stack {stack.stack} may cost {total:,.2f} USD/month at its ceilings (most of it {parts}), "
            f"{total - budget:,.2f} above its budget of {budget:,.2f}"
        )


def _foreign_classes(stack: DeclaredStack, limits: CostLimits, _: Catalog) -> Iterator[str]:
    for resource in stack.resources:
        if resource.type == DATABASE:
            used, allowed = resource.text("instanceClass"), limits.database_classes
        elif resource.type == BUS:
            used, allowed = resource.part("brokerNodeGroupInfo").text("instanceType"), limits.broker_types
        else:
            continue
        if used not in allowed:
            which = ", ".join(allowed) or "none"
            yield f"{resource.name} runs on {used}; allowed in {limits.environment} are {which}"


WHOLE_RULES: tuple[Rule[[DeclaredStack, CostLimits, Catalog]], ...] = (
    Rule(
        name="priced-resources",
        description="Everything in a stack has a price, or is listed as free with the reason.",
        remedy="use something that is priced, or say by pull request what it costs or why it is free",
        control=finops("Planning and Estimating", page="planning-estimating"),
        complaints=_unpriced,
    ),
    Rule(
        name="stack-budget",
        description="A stack at its ceilings costs no more a month than its layer's budget.",
        remedy="declare less, or raise limits.usd_per_month of the layer by pull request",
        control=finops("Budgeting", page="budgeting"),
        complaints=_over_budget,
    ),
    Rule(
        name="database-and-broker-classes",
        description="Databases and brokers are of the classes that the environment allows.",
        remedy="choose an allowed class, or add this one to limits.database_classes or limits.broker_types",
        control=finops("Policy and Governance", page="policy-governance"),
        complaints=_foreign_classes,
    ),
)

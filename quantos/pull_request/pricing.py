"""What a layer costs before and after a change, and what the change may not make dearer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from quantos.catalog.catalog import Catalog
from quantos.costing.cost import MonthlyCost, StackCost, difference
from quantos.costing.pricing import priced
from quantos.costing.state import resources_in
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.policy.cost.increase import COST_INCREASE, refused_increases
from quantos.policy.cost.limits import usage_of
from quantos.policy.cost.rules import PACK
from quantos.policy.rule import sentence
from quantos.pull_request.model import ComponentCost, LayerCost, PackRule, Refusal
from quantos.pull_request.places import Places

INCREASE_RULE = PackRule(
    pack=PACK,
    name=COST_INCREASE.name,
    description=COST_INCREASE.description,
    level="mandatory",
    remedy=sentence(COST_INCREASE.remedy),
    url=COST_INCREASE.control.link,
)
"""No engine can call it: it compares two revisions. It runs wherever a layer is judged."""
Records = Sequence[Mapping[str, object]]


@dataclass(frozen=True, kw_only=True)
class PriceCheck:
    """Prices an environment's stacks at both revisions, use assumed as the head's file says.

    Args:
        base: the environment's settings at the base, whose limits count.
        head: at the head, whose exemptions count.
        today: the day of the prices, and on which exemptions may have expired.
    """

    catalog: Catalog
    base: EnvironmentSettings
    head: EnvironmentSettings
    today: date

    def compared(
        self, before: Records, after: Records, *, stack: str, places: Places
    ) -> tuple[LayerCost, tuple[Refusal, ...]]:
        """What a stack costs, and what the rule on increases refuses; records are those of the engine's state."""
        old, new = self._priced(before, self.base), self._priced(after, self.head)
        refused = refused_increases(old, new, stack=stack, base=self.base, head=self.head, today=self.today)
        components = tuple(
            ComponentCost(
                component=change.component,
                usd_per_month_before=_ceiling(change.before, there=change.component in old.by_component()),
                usd_per_month_after=_ceiling(change.after, there=change.component in new.by_component()),
            )
            for change in difference(old, new)
        )
        unpriced = tuple(f"{missing.component}: {missing.reason}; {missing.remedy}" for missing in new.unpriced)
        refusals = tuple(
            Refusal(
                rule=INCREASE_RULE.identity,
                urn="",
                message=violation.message,
                level="mandatory",
                place=places.of_component(_subject(violation.message, components)),
            )
            for violation in refused
        )
        return LayerCost(components=components, unpriced=unpriced), refusals

    def _priced(self, records: Records, settings: EnvironmentSettings) -> StackCost:
        usage = replace(usage_of(settings), figures=self.head.usage)
        declared = resources_in({"resources": records})
        return priced(declared, self.catalog, usage=usage, region=self.head.region, on=self.today)


def _ceiling(cost: MonthlyCost, *, there: bool) -> float | None:
    return round(cost.ceiling, 2) if there else None


def _subject(message: str, components: Sequence[ComponentCost]) -> str:
    """The name of the component that a message begins with."""
    named = [each.component for each in components if re.match(rf"{re.escape(each.component)}[ ,]", message)]
    return max(named, key=len, default="").rpartition(" ")[2]

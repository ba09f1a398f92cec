"""What a pull request may make dearer: a rule on the difference between two revisions of a stack."""

from collections.abc import Iterator
from datetime import date

from quantos.contracts.plan import Violation
from quantos.costing.cost import ComponentChange, StackCost
from quantos.costing.succession import succession
from quantos.environment.names import layer_of
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.limits import CostLimitSettings
from quantos.policy.controls import finops
from quantos.policy.cost.rules import PACK
from quantos.policy.exemptions import Subject, verdict
from quantos.policy.rule import Rule
from quantos.policy.stated_exemptions import exemptions_of

ROUNDING = 1e-6


def refused_increases(
    before: StackCost,
    after: StackCost,
    *,
    stack: str,
    base: EnvironmentSettings,
    head: EnvironmentSettings,
    today: date,
) -> tuple[Violation, ...]:
    """The components of a stack that a pull request makes too dear.

    Limits are those of `base`, the file before the pull request, so that raising them lets nothing through that is
    raised with them. Exemptions are those of `head`: whoever approves the pull request approves them, by name.
    """
    exemptions = exemptions_of(head, rule=COST_INCREASE.name)
    violations = list[Violation]()
    for change in succession(before, after):
        said = COST_INCREASE.messages(change, base.limits)
        subject = Subject(name=change.component.rpartition(" ")[2], urn=change.component, layer=layer_of(stack))
        messages = verdict(said, subject, exemptions=exemptions, today=today).messages
        violations += [Violation(pack=PACK, rule=COST_INCREASE.name, message=message) for message in messages]
    return tuple(violations)


def _steep(change: ComponentChange, limits: CostLimitSettings) -> Iterator[str]:
    """What was not there before, in no other's place, is no increase: its layer's budget judges it."""
    if change.rise is None or change.usd_per_month <= limits.increase_from_usd_per_month:
        return
    if change.rise > limits.max_increase + ROUNDING:
        yield (
            f"{change.component}{_in_place_of(change)} becomes {change.rise:.1%} dearer, "
            f"{change.before.ceiling:,.2f} to {change.after.ceiling:,.2f} USD/month at its ceiling; "
            f"one pull request may add {limits.max_increase:.1%}"
        )


def _in_place_of(change: ComponentChange) -> str:
    return f" in place of {', '.join(change.replaces)}" if change.replaces else ""


COST_INCREASE: Rule[[ComponentChange, CostLimitSettings]] = Rule(
    name="cost-increase",
    description="A pull request makes no component dearer than the share that the file before it allows.",
    remedy="grow in steps, or state an exemption from cost-increase with owner, reason and expiry",
    control=finops("Anomaly Management", page="anomaly-management"),
    complaints=_steep,
)

"""Types of AWS of which the rules know what there is to judge; any other is refused, since nobody has looked at it."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path

from quantos.catalog.free_types import listed_types
from quantos.policy.controls import firm
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule, StackRule

FILE = Path(__file__).resolve().parent / "data" / "unjudged_types.csv"


@cache
def unjudged_types(file: Path = FILE) -> Mapping[str, str]:
    """Why no rule of its own judges a type. Raises CatalogError when the file cannot be read, or gives no reason."""
    return listed_types(file)


def judged_types(rules: Iterable[ResourceRule | StackRule]) -> frozenset[str]:
    """Types that rules name; one of all types that begin so names none."""
    return frozenset(kind for rule in rules for kind in rule.types if not kind.endswith("*"))


def known_types_rule(rules: Iterable[ResourceRule | StackRule]) -> ResourceRule:
    """The rule that there is something known of each type, beside these others."""
    return ResourceRule(
        name="type-known",
        description="Each type of AWS has rules, or a reason why there is nothing to judge.",
        remedy="write rules for it, or list it in quantos/policy/security/data/unjudged_types.csv with the reason",
        control=firm("what nobody looked at does not pass", section="unknown"),
        types=("aws:*",),
        complaints=partial(_unknown, judged=judged_types(rules)),
    )


def _unknown(resource: Resource, _: SecurityLimits, *, judged: frozenset[str]) -> Iterator[str]:
    if resource.type not in judged and resource.type not in unjudged_types():
        yield f"{resource.name} is a {resource.type}, of which no rule says what is safe"

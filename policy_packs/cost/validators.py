"""Binds cost rules to what an engine calls: one policy a rule, mandatory, with its limits as configuration."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TypeAlias, TypeVar

from pulumi_policy import (
    Policy,
    ReportViolation,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy_packs.cost import resources
from policy_packs.judging import Config, Judge, subject_of
from policy_packs.policies import resource_policy, stack_policy
from quantos.catalog.catalog import Catalog, load_catalog
from quantos.catalog.type_tokens import canonical_type
from quantos.policy.configured import LimitsReader
from quantos.policy.cost.limits import CostLimits
from quantos.policy.cost.monthly import WHOLE_RULES
from quantos.policy.cost.rules import GROUP_RULES, PLAN_RULES, STACK_RULES
from quantos.policy.rule import Rule
from quantos.urn import Urn

S = TypeVar("S")
CostRule: TypeAlias = Rule[[S, CostLimits, Catalog]]


def policies(judge: Judge) -> list[Policy]:
    """Every cost rule as a policy that reports by `judge`."""
    read = partial(resources.declared_stack, on=judge.today)
    return [
        *(_resource_policy(rule, resources.NODE_GROUP_TYPE, resources.node_group, judge=judge) for rule in GROUP_RULES),
        *(_resource_policy(rule, resources.PLAN_TYPE, resources.plan_document, judge=judge) for rule in PLAN_RULES),
        *(_stack_policy(rule, resources.capacity, _concerns_capacity, judge=judge) for rule in STACK_RULES),
        *(_stack_policy(rule, read, _has_a_bill, judge=judge) for rule in WHOLE_RULES),
    ]


def _resource_policy(
    rule: CostRule[S], resource_type: str, read: Callable[[resources.Resource], S], *, judge: Judge
) -> ResourceValidationPolicy:
    return resource_policy(
        rule,
        judge,
        concerns=lambda candidate: canonical_type(candidate) == resource_type,
        messages=lambda args: rule.messages(read(args), _limits(args.get_config()), load_catalog()),
    )


def _stack_policy(
    rule: CostRule[S],
    read: Callable[[Sequence[resources.StackResource]], S],
    concerns: Callable[[StackValidationArgs], bool],
    *,
    judge: Judge,
) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if concerns(args):
            config, urn = args.get_config(), args.resources[0].urn
            judge.report(
                subject_of(Urn.parse(urn).stack, urn),
                lambda: rule.messages(read(args.resources), _limits(config), load_catalog()),
                config=config,
                tell=lambda message: report(message, None),
            )

    return stack_policy(rule, validate)


@cache
def _reader() -> LimitsReader[CostLimits]:
    return LimitsReader(CostLimits, pack="cost")


def _limits(config: Config) -> CostLimits:
    return _reader().read(config)


def _has_a_bill(args: StackValidationArgs) -> bool:
    """Whether anything in the stack could cost something."""
    return any(resources.is_billable(resource) for resource in args.resources)


def _concerns_capacity(args: StackValidationArgs) -> bool:
    """Whether the stack has anything of which a rule on nodes could speak."""
    judged = {resources.NODE_GROUP_TYPE, resources.PLAN_TYPE}
    return any(
        resource.resource_type in judged or resources.is_capacity_stack(resource.urn) for resource in args.resources
    )

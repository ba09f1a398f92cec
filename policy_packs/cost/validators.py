"""Binds cost rules to what an engine calls: one policy a rule, mandatory, with its limits as configuration."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy_packs.cost import resources
from quantos.catalog.catalog import Catalog, load_catalog
from quantos.errors import NotYetKnownError, QuantosError
from quantos.policy.config import LIMITS_KEY, parsed_limits
from quantos.policy.cost import GROUP_RULES, PLAN_RULES, STACK_RULES
from quantos.policy.limits import CostLimits
from quantos.policy.monthly_cost import WHOLE_RULES
from quantos.policy.rule import Rule, sentence

S = TypeVar("S")
CostRule: TypeAlias = Rule[[S, CostLimits, Catalog]]
SCHEMA = PolicyConfigSchema(properties={LIMITS_KEY: {"type": "object"}})


def policies() -> list[Policy]:
    """Every cost rule as a policy."""
    return [
        *(_resource_policy(rule, resources.NODE_GROUP_TYPE, resources.node_group) for rule in GROUP_RULES),
        *(_resource_policy(rule, resources.PLAN_TYPE, resources.plan_document) for rule in PLAN_RULES),
        *(_stack_policy(rule, resources.capacity, _concerns_capacity) for rule in STACK_RULES),
        *(_stack_policy(rule, resources.declared_stack, _has_a_bill) for rule in WHOLE_RULES),
    ]


def _resource_policy(
    rule: CostRule[S], resource_type: str, read: Callable[[resources.Resource], S]
) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type == resource_type:
            for message in _messages(rule, lambda: read(args), args.get_config()):
                report(message, None)

    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.description,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        remediation_steps=sentence(rule.remedy),
        url=rule.control.link,
        config_schema=SCHEMA,
    )


def _stack_policy(
    rule: CostRule[S],
    read: Callable[[Sequence[resources.StackResource]], S],
    concerns: Callable[[StackValidationArgs], bool],
) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if concerns(args):
            for message in _messages(rule, lambda: read(args.resources), args.get_config()):
                report(message, None)

    return StackValidationPolicy(
        name=rule.name,
        description=rule.description,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        remediation_steps=sentence(rule.remedy),
        url=rule.control.link,
        config_schema=SCHEMA,
    )


def _messages(rule: CostRule[S], read: Callable[[], S], config: Mapping[str, object]) -> tuple[str, ...]:
    """What to report; a subject or limits that cannot be read are reported too. Unknown values are the engine's."""
    try:
        return rule.messages(read(), parsed_limits(config), load_catalog())
    except UnknownValueError:
        raise
    except NotYetKnownError as exc:
        if isinstance(exc.__cause__, UnknownValueError):
            raise exc.__cause__ from exc
        raise
    except QuantosError as exc:
        return (f"cannot be judged: {exc.what}. {sentence(exc.remedy)}",)
    except Exception as exc:  # whatever keeps a rule from running must refuse
        return (f"the rule could not run ({type(exc).__name__}: {exc}). Correct it; nothing passes unjudged.",)


def _has_a_bill(args: StackValidationArgs) -> bool:
    """Whether anything in the stack could cost something."""
    return any(resources.is_billable(resource) for resource in args.resources)


def _concerns_capacity(args: StackValidationArgs) -> bool:
    """Whether the stack has anything of which a rule on nodes could speak."""
    judged = {resources.NODE_GROUP_TYPE, resources.PLAN_TYPE}
    return any(
        resource.resource_type in judged or resources.is_capacity_stack(resource.urn) for resource in args.resources
    )

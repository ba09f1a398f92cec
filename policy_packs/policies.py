"""A rule as a policy that an engine calls: mandatory, with limits and exemptions as its configuration."""

from collections.abc import Callable
from typing import TypeAlias

from pulumi_policy import (
    EnforcementLevel,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy_packs.judging import SCHEMA, Judge, subject_of
from quantos.policy.rule import Rule, sentence

StackValidation: TypeAlias = Callable[[StackValidationArgs, ReportViolation], None]


def resource_policy(
    rule: Rule[...],
    judge: Judge,
    *,
    concerns: Callable[[str], bool],
    messages: Callable[[ResourceValidationArgs], tuple[str, ...]],
) -> ResourceValidationPolicy:
    """A rule of single resources, of the types that `concerns` names; `messages` is what it says of one."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if concerns(args.resource_type):
            judge.report(
                subject_of(args.name, args.urn),
                lambda: messages(args),
                config=args.get_config(),
                tell=lambda message: report(message, None),
            )

    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.description,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        config_schema=SCHEMA,
        remediation_steps=sentence(rule.remedy),
        url=rule.control.link,
    )


def stack_policy(rule: Rule[...], validate: StackValidation) -> StackValidationPolicy:
    """A rule of a whole stack."""
    return StackValidationPolicy(
        name=rule.name,
        description=rule.description,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        config_schema=SCHEMA,
        remediation_steps=sentence(rule.remedy),
        url=rule.control.link,
    )

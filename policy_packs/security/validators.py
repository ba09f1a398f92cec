"""Binds security rules to what an engine calls: one policy a rule, mandatory, with its limits as configuration."""

from functools import cache, partial

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy_packs.judging import SCHEMA, Config, Judge, subject_of
from policy_packs.security import resources
from quantos.policy.configured import LimitsReader
from quantos.policy.rule import sentence
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule, Stack, StackRule, concerns
from quantos.policy.security.rules import RESOURCE_RULES, STACK_RULES


def policies(judge: Judge) -> list[Policy]:
    """Every security rule as a policy that reports by `judge`."""
    return [
        *(_resource_policy(rule, judge) for rule in RESOURCE_RULES),
        *(_stack_policy(rule, judge) for rule in STACK_RULES),
    ]


def _resource_policy(rule: ResourceRule, judge: Judge) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if concerns(rule.types, args.resource_type):
            config = args.get_config()
            judge.report(
                subject_of(args.name, args.urn),
                lambda: rule.messages(resources.resource(args), _limits(config)),
                config=config,
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


def _stack_policy(rule: StackRule, judge: Judge) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        config, stack = args.get_config(), resources.stack(args.resources)
        for resource in stack.of(*rule.types):
            judge.report(
                subject_of(resource.name, resource.urn),
                partial(_among, rule, resource, stack, config),
                config=config,
                tell=partial(_tell, report, resource.urn),
            )

    return StackValidationPolicy(
        name=rule.name,
        description=rule.description,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        config_schema=SCHEMA,
        remediation_steps=sentence(rule.remedy),
        url=rule.control.link,
    )


def _among(rule: StackRule, resource: Resource, stack: Stack, config: Config) -> tuple[str, ...]:
    return rule.messages(resource, stack, _limits(config))


def _tell(report: ReportViolation, urn: str, message: str) -> None:
    report(message, urn)


@cache
def _reader() -> LimitsReader[SecurityLimits]:
    return LimitsReader(SecurityLimits, pack="security")


def _limits(config: Config) -> SecurityLimits:
    return _reader().read(config)

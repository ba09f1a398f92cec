"""Binds security rules to what an engine calls: one policy a rule, mandatory, with its limits as configuration."""

from functools import cache, partial

from pulumi_policy import (
    Policy,
    ReportViolation,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy_packs.judging import Config, Judge, subject_of
from policy_packs.policies import resource_policy, stack_policy
from policy_packs.security import resources
from quantos.policy.configured import LimitsReader
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
    return resource_policy(
        rule,
        judge,
        concerns=partial(concerns, rule.types),
        messages=lambda args: rule.messages(resources.resource(args), _limits(args.get_config())),
    )


def _stack_policy(rule: StackRule, judge: Judge) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        config, stack = args.get_config(), resources.stack(args.resources)
        for resource in stack.of(*rule.types):
            judge.report(
                subject_of(resource.name, resource.urn),
                partial(_among, rule, resource, stack, config=config),
                config=config,
                tell=partial(_tell, report, resource.urn),
            )

    return stack_policy(rule, validate)


def _among(rule: StackRule, resource: Resource, stack: Stack, *, config: Config) -> tuple[str, ...]:
    return rule.messages(resource, stack, _limits(config))


def _tell(report: ReportViolation, urn: str, message: str) -> None:
    report(message, urn)


@cache
def _reader() -> LimitsReader[SecurityLimits]:
    return LimitsReader(SecurityLimits, pack="security")


def _limits(config: Config) -> SecurityLimits:
    return _reader().read(config)

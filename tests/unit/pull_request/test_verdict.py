"""What refuses a pull request: a mandatory rule, and whatever was not judged."""

from dataclasses import replace

import pytest

from quantos.pull_request.model import EnvironmentFinding, GuardChange, SourceLocation
from quantos.pull_request.verdict import objections, passes
from tests.support.pull_requests import (
    CEILING,
    CONTROL,
    PRIVATE,
    make_environment,
    make_finding,
    make_layer,
    make_refusal,
)


def kinds(environment: EnvironmentFinding) -> list[tuple[str, str]]:
    return [(one.kind, one.rule) for one in objections(make_finding(environment))]


def test_what_nobody_can_read_refuses_whatever_the_layers_say() -> None:
    refusal = make_refusal(rule="check/compiled-code", urn="", place=SourceLocation(path="a.pyc", line=1))
    finding = replace(make_finding(make_environment(make_layer())), refusals=(refusal,))
    assert [(one.kind, one.stack, one.place.path) for one in objections(finding)] == [("violation", "project", "a.pyc")]
    assert not passes(finding)


def test_a_judged_layer_that_no_rule_refuses_passes() -> None:
    assert passes(make_finding(make_environment(make_layer())))


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        pytest.param(
            make_environment(make_layer(refusals=(make_refusal(),))), ("violation", CEILING.identity), id="violation"
        ),
        pytest.param(
            make_environment(make_layer(unrunnable=("quantos-cost/step-up: can't run policy",))),
            ("unjudged", "quantos-cost/step-up"),
            id="a-value-was-unknown",
        ),
        pytest.param(
            make_environment(make_layer(ran=frozenset({CEILING.identity}))),
            ("unjudged", PRIVATE.identity),
            id="a-rule-never-ran",
        ),
        pytest.param(make_environment(make_layer(error="boom")), ("failure", "engine/failed"), id="engine-failed"),
        pytest.param(make_environment(error="no pack"), ("failure", "check/ended"), id="check-ended"),
    ],
)
def test_what_refuses(environment: EnvironmentFinding, said: tuple[str, str]) -> None:
    assert kinds(environment) == [said]
    assert not passes(make_finding(environment))


def test_advice_is_told_and_does_not_refuse() -> None:
    finding = make_finding(make_environment(make_layer(refusals=(make_refusal(level="advisory"),))))
    assert [one.kind for one in objections(finding)] == ["advice"]
    assert passes(finding)


def test_rules_that_nothing_was_put_before_are_no_objection() -> None:
    """A skipped layer calls no rule; that is not a rule that never ran."""
    skipped = make_layer(status="skipped", ran=frozenset())
    assert passes(make_finding(make_environment(skipped)))


def test_a_rule_ran_where_any_layer_of_the_environment_called_it() -> None:
    first, second = (make_layer(ran=frozenset({rule.identity})) for rule in (CEILING, PRIVATE))
    assert passes(make_finding(make_environment(first, second)))


def test_a_rule_that_ran_in_another_environment_did_not_run_in_this_one() -> None:
    dev = make_environment(make_layer())
    prod = make_environment(make_layer(ran=frozenset({CEILING.identity})), environment="prod")
    assert [(one.environment, one.rule) for one in objections(make_finding(dev, prod))] == [("prod", PRIVATE.identity)]


def test_message_remedy_and_control_are_told_apart() -> None:
    (one,) = objections(make_finding(make_environment(make_layer(refusals=(make_refusal(),)))))
    assert one.message == "pool cpu may cost 22.40 USD/hour."
    assert (one.remedy, one.control, one.url) == (CEILING.remedy, "FinOps Budgeting", CONTROL)


GUARD = GuardChange(
    guard="rule",
    what="x is removed",
    place=SourceLocation(path="quantos/policy/x.py", line=3),
    approvers=("@security",),
)


def test_a_changed_guard_waits_for_an_approval_and_is_refused_where_nobody_is_named() -> None:
    finding = replace(make_finding(make_environment(make_layer())), guards=(GUARD,))
    (one,) = objections(finding)
    assert (one.kind, one.rule, one.refuses, one.stack) == ("approval", "guards/rule", False, "project")
    assert "@security" in one.message
    unnamed = replace(finding, guards=(replace(GUARD, approvers=()),))
    assert [each.kind for each in objections(unnamed)] == ["violation"]
    assert not passes(unnamed)


def test_a_rule_that_only_the_base_has_judges_and_has_to_have_run() -> None:
    environment = make_environment(
        make_layer(refusals=(make_refusal(),), ran=frozenset({CEILING.identity})),
        rules=(),
        base_rules=(CEILING, PRIVATE),
    )
    assert kinds(environment) == [("violation", CEILING.identity), ("unjudged", PRIVATE.identity)]

"""Rules become templates, kinds and constraints that agree with each other."""

import pytest

from components.kubernetes.security.admission_rule import (
    AdmissionRule,
    constraint_kind_spec,
    literal,
    policy_spec,
    template_spec,
)
from components.kubernetes.security.admission_rules import RULES
from components.kubernetes.security.gatekeeper import GatekeeperArgs, constraint_spec, values
from quantos.environment.namespaces import JOBS_PREFIX
from stacks.platform_services.admission import constraints, job_rules, own_sources
from tests.support.environments import make_settings


def test_parameters_in_cel_are_of_any_type() -> None:
    assert literal({"digest": True, "tagged": ["a"]}) == '{"digest": dyn(true), "tagged": dyn(["a"])}'
    assert literal({}) == "{}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_both_ways_of_enforcing_ask_the_same(rule: AdmissionRule) -> None:
    policy = policy_spec(rule, dict.fromkeys(rule.parameters, ""))
    template = template_spec(rule)
    (target,) = template["targets"]
    source = target["code"][0]["source"]
    policy_rules = [validation["expression"] for validation in policy["validations"]]
    assert policy_rules == [validation["expression"] for validation in source["validations"]]
    assert policy["variables"][2:] == source["variables"]
    assert source["generateVAP"] is False
    assert (policy["failurePolicy"], source["failurePolicy"]) == ("Fail", "Fail")


@pytest.mark.parametrize("constraint", constraints(make_settings()), ids=lambda constraint: constraint.name)
def test_a_constraint_gives_every_parameter_that_its_kind_has(constraint) -> None:
    schema = constraint_kind_spec(constraint.rule)["versions"][0]["schema"]["openAPIV3Schema"]
    known = schema["properties"]["spec"]["properties"]["parameters"]["properties"]
    assert set(constraint.parameters) == set(known)
    assert "kube-system" in constraint_spec(constraint)["match"]["excludedNamespaces"]


def test_jobs_run_the_environments_own_images_and_services_those_of_their_charts_too() -> None:
    settings = make_settings()
    _, parameters = job_rules(settings)["images"]
    assert parameters["digest"] is True
    assert parameters["sources"] == list(own_sources(settings))
    by_name = {constraint.name: constraint for constraint in constraints(settings)}
    assert by_name["service-images"].excluded == (f"{JOBS_PREFIX}*",)
    assert set(own_sources(settings)) < set(by_name["service-images"].parameters["sources"])


def test_every_source_ends_where_a_name_does() -> None:
    settings = make_settings()
    for constraint in constraints(settings):
        for source in constraint.parameters.get("sources", ()):
            assert source.endswith("/"), f"{source} also lets in names that only begin alike"


@pytest.mark.parametrize(("replicas", "policy"), [(1, "Ignore"), (2, "Fail")])
def test_a_single_webhook_cannot_stop_the_cluster(replicas: int, policy: str) -> None:
    args = GatekeeperArgs(namespace="gatekeeper-system", replicas=replicas, constraints=())
    assert values(args)["validatingWebhookFailurePolicy"] == policy

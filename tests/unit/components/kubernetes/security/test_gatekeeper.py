"""Rules become templates, kinds and constraints that agree with each other."""

from dataclasses import replace

import pytest

from components.kubernetes.security.admission_policy import binding_spec
from components.kubernetes.security.admission_rule import (
    AdmissionRule,
    constraint_kind_spec,
    literal,
    policy_spec,
    template_spec,
)
from components.kubernetes.security.admission_rules import DEFAULT_NAMESPACE, EXPOSURE, NAMESPACE_LABELS, RULES
from components.kubernetes.security.gatekeeper import GatekeeperArgs, constraint_spec, values, webhook_rules
from quantos.environment.namespaces import JOBS_PREFIX
from stacks.platform_services.admission import constraints, job_rules, own_sources, policies
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


@pytest.mark.parametrize("name", ["type", "loadBalancerClass", "externalIPs"])
def test_every_field_by_which_a_service_opens_is_judged(name: str) -> None:
    (variable,) = (key for key, text in EXPOSURE.variables.items() if f"spec.{name}" in text)
    assert any(f"variables.{variable}" in validation.expression for validation in EXPOSURE.validations)


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


def args(replicas: int = 2) -> GatekeeperArgs:
    return GatekeeperArgs(namespace="gatekeeper-system", replicas=replicas, constraints=constraints(make_settings()))


@pytest.mark.parametrize("path", ["nodes", "leases", "namespaces", "customresourcedefinitions", "clusterroles", "*"])
def test_what_a_cluster_starts_with_waits_for_no_pod(path: str) -> None:
    given = values(args())
    rules = given["validatingWebhookCustomRules"]
    assert isinstance(rules, list)
    assert path not in {name for rule in rules for name in rule["resources"]}
    assert {rule["scope"] for rule in rules} == {"Namespaced"}
    assert given["validatingWebhookCheckIgnoreFailurePolicy"] == "Ignore"
    assert "validatingWebhookMatchConditions" not in given


def test_the_webhook_is_asked_about_all_that_a_constraint_refuses_and_nothing_else() -> None:
    asked = {
        (group, name)
        for rule in webhook_rules(constraints(make_settings()))
        for group in rule["apiGroups"]
        for name in rule["resources"]
    }
    refused = [constraint.rule for constraint in constraints(make_settings()) if constraint.action == "deny"]
    assert asked == {
        (resource.group, path) for rule in refused for resource in rule.resources for path in resource.paths
    }
    assert ("", "pods/ephemeralcontainers") in asked


def test_with_nothing_to_refuse_there_is_no_webhook() -> None:
    listed = replace(constraints(make_settings())[0], action="dryrun")
    given = values(replace(args(), constraints=(listed,)))
    assert given["disableValidatingWebhook"] is True
    assert values(args())["disableValidatingWebhook"] is False


def test_what_gatekeeper_only_lists_of_namespaces_the_api_server_refuses() -> None:
    settings = make_settings()
    listed = {each.rule.name for each in constraints(settings) if each.action == "dryrun"}
    by_rule = {each.rule.name: each for each in policies(settings, labels={})}
    assert {NAMESPACE_LABELS.name, DEFAULT_NAMESPACE.name} <= listed & by_rule.keys()
    (chosen,) = binding_spec(by_rule[NAMESPACE_LABELS.name])["matchResources"]["namespaceSelector"]["matchExpressions"]
    assert chosen["operator"] == "NotIn"
    assert {"kube-system", "default"} <= set(chosen["values"])


@pytest.mark.parametrize(("replicas", "policy"), [(1, "Ignore"), (2, "Fail")])
def test_a_single_webhook_cannot_stop_the_cluster(replicas: int, policy: str) -> None:
    assert values(args(replicas))["validatingWebhookFailurePolicy"] == policy

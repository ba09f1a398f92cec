"""Webhooks that refuse while nobody answers, and expressions that a request without namespace breaks."""

import pytest

from quantos.charts.links.webhooks import failing_webhooks, unguarded_expressions
from tests.support.cluster_objects import cluster, made, release, service, workload

GROUP = "admissionregistration.k8s.io/v1"
NOT_HERE = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["web"]}]}


def rule(group="", resource="pods", **more) -> dict:
    return {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"], "resources": [resource], **more}


def configured(*rules, policy="Fail", kind="ValidatingWebhookConfiguration", annotations=None, **hook) -> dict:
    asked = {"service": {"name": "web", "namespace": "web"}}
    given = {"name": "judge", "clientConfig": asked, "failurePolicy": policy, "rules": list(rules), **hook}
    return made(kind, api=GROUP, place=None, annotations=annotations, webhooks=[given])


def told(*objects, **more) -> list[str]:
    links = failing_webhooks(cluster(workload(), service(), *objects, **more))
    return [each.about.partition(", ")[2] for each in links]


def condition(expression) -> dict:
    return {"matchConditions": [{"name": "c", "expression": expression}]}


@pytest.mark.parametrize(
    ("configuration", "refused"),
    [
        (configured(rule("example.dev", "widgets")), []),
        (configured(rule()), ["Deployment web/web", "pods"]),
        (configured(rule(), policy="Ignore"), []),
        (configured(rule(), namespaceSelector=NOT_HERE), ["pods"]),
        (configured(rule(), namespaceSelector={"matchLabels": {"judged": "yes"}}), []),
        (configured(rule(), objectSelector={"matchLabels": {"app": "web"}}), ["Deployment web/web"]),
        (configured(rule(), objectSelector={"matchLabels": {"app": "other"}}), []),
        (configured(rule(), **condition('!(request.namespace in ["web", "kube-system"])')), []),
        (configured(rule(), **condition('has(request.namespace) && request.namespace != "web"')), ["pods"]),
        (configured(rule("", "nodes")), ["nodes"]),
        (configured(rule("", "namespaces")), ["namespaces"]),
        (configured(rule("coordination.k8s.io", "leases")), ["leases"]),
        (configured(rule("coordination.k8s.io", "leases"), **condition('request.resource.resource != "leases"')), []),
        (configured(rule("*", "*"), namespaceSelector=NOT_HERE),
         ["nodes", "tokenreviews", "subjectaccessreviews", "namespaces", "leases", "pods"]),
        (configured(rule("*", "*", scope="Namespaced"), namespaceSelector=NOT_HERE), ["leases", "pods"]),
        (configured(rule(operations=["DELETE"])), ["pods"]),
        (configured(rule("", "namespaces", operations=["DELETE"])), ["namespaces"]),
        (configured(rule("coordination.k8s.io", "leases", operations=["DELETE"])), []),
        (configured(rule(operations=["CONNECT"])), []),
        (configured(rule("", "nodes/status", operations=["UPDATE"])), ["nodes/status"]),
        (configured(rule("", "*/status", operations=["UPDATE"])), ["nodes/status", "pods/status"]),
        (configured(rule("", "pods/eviction")), ["pods/eviction"]),
        (configured(rule("", "pods/*")), ["Deployment web/web", "pods", "pods/binding", "pods/eviction"]),
        (configured(rule("authentication.k8s.io", "tokenreviews")), ["tokenreviews"]),
        (configured(rule("authorization.k8s.io", "*")), ["subjectaccessreviews"]),
        (configured(rule(), **condition('!(request.namespace in ["web"]) || true')), ["Deployment web/web", "pods"]),
        (configured(rule(), **condition('true && (!(request.namespace in ["web"]))')), ["pods"]),
    ],
)  # fmt: skip
def test_nobody_is_refused_what_brings_the_server_back(configuration, refused) -> None:
    assert told(configuration) == refused


@pytest.mark.parametrize(
    ("configuration", "refused"),
    [
        (configured(rule("example.dev", "widgets")), True),
        (configured(rule("example.dev", "policies")), False),
        (configured(rule("example.dev", "widgets"), policy="Ignore"), False),
        (configured(rule("example.dev", "widgets"), annotations={"helm.sh/hook": "post-install"}), False),
    ],
)
def test_a_release_is_not_refused_by_its_own_webhook(configuration, refused) -> None:
    widget = made("Widget", api="example.dev/v1")
    web = release()
    assert bool(told(bringing=[(web, [configuration, widget])])) == refused
    assert told(widget, bringing=[(web, [configuration])]) == []


def policy(expression, resource="pods", **more) -> dict:
    spec = {"matchConstraints": {"resourceRules": [rule("", resource, **more)]}}
    return made("ValidatingAdmissionPolicy", api=GROUP, place=None,
                spec={**spec, "validations": [{"expression": expression}]})  # fmt: skip


@pytest.mark.parametrize(
    ("owner", "broken"),
    [
        (configured(rule("*", "*"), **condition('!(request.namespace in ["a"])')), True),
        (configured(rule("*", "*"), **condition('has(request.namespace) && request.namespace in ["a"]')), False),
        (configured(rule("*", "*", scope="Namespaced"), **condition('request.namespace == "a"')), False),
        (configured(rule("", "pods"), **condition('request.namespace == "a"')), False),
        (configured(rule("", "nodes"), **condition('request.namespace == "a"')), True),
        (configured(rule("", "nodes"), **condition('has(request.namespace) || request.namespace == "a"')), True),
        (configured(rule("*", "*"), **condition('request.operation == "CREATE"')), False),
        (policy('object.metadata.namespace == "a"', "namespaces"), True),
        (policy('object.metadata.namespace == "a"'), False),
        (policy('has(object.metadata.namespace) && object.metadata.namespace == "a"', "namespaces"), False),
    ],
)
def test_an_expression_asks_whether_there_is_a_namespace_before_it_reads_it(owner, broken) -> None:
    assert bool(list(unguarded_expressions(cluster(owner)))) == broken

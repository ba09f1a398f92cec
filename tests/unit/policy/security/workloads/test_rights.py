"""A table of roles and bindings with the verdict on each."""

import pytest

from quantos.policy.security.resource import concerns
from quantos.policy.security.rules import RESOURCE_RULES
from quantos.policy.security.workloads.rights import RBAC, RIGHTS_RULES
from tests.support.secure_resources import LIMITS, resource

NAMES = {rule.name for rule in RIGHTS_RULES}


def refused(kind: str, properties: dict) -> bool:
    one = resource(f"{RBAC}{kind}", {"metadata": {"name": "x"}, **properties})
    return any(
        rule.messages(one, LIMITS) for rule in RESOURCE_RULES if rule.name in NAMES and concerns(rule.types, one.type)
    )


@pytest.mark.parametrize(
    ("kind", "rule", "expected"),
    [
        ("ClusterRole", {"resources": ["pods", "pods/log"], "verbs": ["get", "list"]}, False),
        ("ClusterRole", {"resources": ["pods"], "verbs": ["get", "*"]}, True),
        ("ClusterRole", {"resources": ["*/*"], "verbs": ["get"]}, True),
        ("ClusterRole", {"resources": ["pods/*"], "verbs": ["get"]}, True),
        ("ClusterRole", {"resources": ["clusterroles"], "verbs": ["get", "escalate"]}, True),
        ("ClusterRole", {"resources": ["clusterroles"], "verbs": ["bind"]}, True),
        ("Role", {"resources": ["serviceaccounts"], "verbs": ["impersonate"]}, True),
        ("ClusterRole", {"resources": ["pods/exec"], "verbs": ["create"]}, True),
        ("ClusterRole", {"resources": ["nodes/proxy"], "verbs": ["get"]}, True),
        ("ClusterRole", {"resources": ["serviceaccounts/token"], "verbs": ["create"]}, True),
        ("Role", {"resources": ["pods/exec"], "verbs": ["create"]}, False),
        ("ClusterRole", {"resources": ["configmaps", "secrets"], "verbs": ["list"]}, True),
        ("ClusterRole", {"resources": ["secrets"], "verbs": ["get"], "resourceNames": ["one"]}, False),
        ("Role", {"resources": ["secrets"], "verbs": ["get"]}, False),
        ("ClusterRole", {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}, False),
    ],
)
@pytest.mark.parametrize("form", ["", "Patch", "List"])
def test_a_role_allows_what_it_names_and_nothing_by_which_more_is_taken(
    kind: str, rule: dict, expected: bool, form: str
) -> None:
    role = {"rules": [{"apiGroups": [""], **rule}]}
    assert refused(f"{kind}{form}", {"items": [{"rules": []}, role]} if form == "List" else role) is expected


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ([{}], True),
        ([{"matchLabels": {}}], True),
        ([{"matchLabels": {"quantos.io/role": "reader"}}], False),
        ([{"matchLabels": {"quantos.io/role": "reader"}}, {"matchExpressions": []}], True),
    ],
)
def test_a_role_that_takes_up_others_says_which(selectors: list, expected: bool) -> None:
    assert refused("ClusterRole", {"aggregationRule": {"clusterRoleSelectors": selectors}}) is expected


@pytest.mark.parametrize(
    ("role", "subject", "expected"),
    [
        ("reader", "desk", False),
        ("reader", "system:serviceaccounts:ray", False),
        *((role, "system:authenticated", True) for role in ("reader", "view", "admin", "system:monitoring")),
        *(
            ("view", subject, True)
            for subject in ("system:anonymous", "system:unauthenticated", "system:serviceaccounts")
        ),
        *((role, "system:authenticated", False) for role in ("system:discovery", "system:basic-user")),
        ("system:public-info-viewer", "system:unauthenticated", False),
        ("system:auth-delegator", "metrics", False),
        ("cluster-admin", "desk", True),
        ("system:controller:clusterrole-aggregation-controller", "desk", True),
        ("system:kube-controller-manager", "desk", True),
        ("system:node", "desk", True),
    ],
)
@pytest.mark.parametrize("kind", ["RoleBinding", "ClusterRoleBinding", "ClusterRoleBindingPatch"])
def test_everybody_is_bound_to_nothing_but_discovery(kind: str, role: str, subject: str, expected: bool) -> None:
    bound = {"roleRef": {"name": role}, "subjects": [{"kind": "Group", "name": "one"}, {"name": subject}]}
    assert refused(kind, bound) is expected

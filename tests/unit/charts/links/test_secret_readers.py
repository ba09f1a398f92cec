"""Who may read Secrets beyond its own namespace."""

import pytest

from quantos.charts.links.secret_readers import secret_readers
from tests.support.cluster_objects import abouts, cluster, made

GROUP = "rbac.authorization.k8s.io"
RBAC = f"{GROUP}/v1"
WHOM = [{"kind": "ServiceAccount", "name": "web", "namespace": "web"}]


def role(
    kind="ClusterRole", name="reader", *, verbs=("get",), resources=("secrets",), groups=("",), place=None, labels=None,
    **rule,
) -> dict:  # fmt: skip
    rules = [{"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs), **rule}]
    return made(kind, name, api=RBAC, place=place, labels=labels, rules=rules)


def gathering(name, label, **labels) -> dict:
    rule = {"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]}
    return made("ClusterRole", name, api=RBAC, place=None, labels=labels, aggregationRule=rule)


def bound(kind="ClusterRoleBinding", *, place=None, role_kind="ClusterRole", name="reader", subject=None) -> dict:
    subjects = [subject] if subject else WHOM
    return made(kind, api=RBAC, place=place, roleRef={"kind": role_kind, "name": name}, subjects=subjects)


def group(name) -> dict:
    return {"kind": "Group", "name": name}


def user(name) -> dict:
    return {"kind": "User", "name": name}


@pytest.mark.parametrize(
    ("rules", "reads"),
    [
        ({}, True),
        ({"verbs": ("watch",)}, True),
        ({"verbs": ("*",), "resources": ("*",), "groups": ("*",)}, True),
        ({"verbs": ("create", "patch")}, False),
        ({"resources": ("configmaps",)}, False),
        ({"groups": ("example.dev",)}, False),
        ({"resourceNames": ["one"]}, False),
        ({"resources": ("users",), "verbs": ("impersonate",)}, True),
        ({"resources": ("groups",), "verbs": ("impersonate",)}, True),
        ({"resources": ("serviceaccounts",), "verbs": ("impersonate",)}, True),
        ({"resources": ("serviceaccounts",), "verbs": ("get", "create")}, False),
        ({"resources": ("serviceaccounts/token",), "verbs": ("create",)}, True),
        ({"resources": ("serviceaccounts/token",), "verbs": ("create",), "resourceNames": ["one"]}, False),
        ({"resources": ("pods/exec",), "verbs": ("create",)}, True),
        ({"resources": ("pods/exec",), "verbs": ("get",)}, True),
        ({"resources": ("*/exec",), "verbs": ("create",)}, True),
        ({"resources": ("pods/attach",), "verbs": ("create",)}, True),
        ({"resources": ("pods/ephemeralcontainers",), "verbs": ("patch",)}, True),
        ({"resources": ("pods/log",), "verbs": ("get",)}, False),
        ({"resources": ("clusterroles",), "verbs": ("escalate",), "groups": (GROUP,)}, True),
        ({"resources": ("roles",), "verbs": ("bind",), "groups": (GROUP,)}, True),
        ({"resources": ("clusterroles",), "verbs": ("get", "create"), "groups": (GROUP,)}, False),
    ],
)
def test_a_role_of_the_cluster_that_reads_every_secret_is_told(rules, reads) -> None:
    told = abouts(secret_readers(cluster(role(**rules), bound())))
    assert told == (["secret-reader: ServiceAccount web/web: *"] if reads else [])


@pytest.mark.parametrize(
    ("binding", "where"),
    [
        (bound("RoleBinding", place="web"), ""),
        (bound("RoleBinding", place="jobs"), "jobs"),
        (bound(name="cluster-admin"), "*"),
        (bound(name="view"), ""),
    ],
)
def test_a_binding_in_another_namespace_and_to_a_role_of_every_cluster_is_told(binding, where) -> None:
    assert [each.about for each in secret_readers(cluster(role(), binding))] == ([where] if where else [])


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        (WHOM[0], False),
        (group("system:serviceaccounts:web"), False),
        (user("system:serviceaccount:web:web"), False),
        (group("system:authenticated"), True),
        (group("system:serviceaccounts"), True),
        (group("system:serviceaccounts:jobs"), True),
        (user("system:anonymous"), True),
        (user("system:serviceaccount:jobs:web"), True),
        (group("system:masters"), False),
        (group("system:masters-of-all"), True),
        (user("system:kube-controller-manager"), False),
    ],
)
def test_only_accounts_of_a_namespace_read_its_secrets(subject, told) -> None:
    binding = bound("RoleBinding", place="web", role_kind="Role", subject=subject)
    assert bool(list(secret_readers(cluster(role("Role", place="web"), binding)))) == told


@pytest.mark.parametrize("name", ["view", "edit", "admin"])
def test_what_is_added_to_a_role_of_every_cluster_counts(name) -> None:
    added = role(labels={f"{GROUP}/aggregate-to-view": "true"})
    assert [each.about for each in secret_readers(cluster(added, bound(name=name)))] == ["*"]
    assert list(secret_readers(cluster(role(), bound(name="view")))) == []


def test_rules_that_a_role_gathers_by_label_count_through_any_number_of_roles() -> None:
    leaf, middle, top = role(labels={"a": "true"}), gathering("middle", "a", b="true"), gathering("top", "b")
    assert [each.about for each in secret_readers(cluster(leaf, middle, top, bound(name="top")))] == ["*"]
    assert [each.about for each in secret_readers(cluster(leaf, middle, bound(name="middle")))] == ["*"]
    assert list(secret_readers(cluster(role(), middle, top, bound(name="top")))) == []
    around = gathering("top", "b", b="true")
    assert list(secret_readers(cluster(around, bound(name="top")))) == []

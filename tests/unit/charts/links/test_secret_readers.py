"""Who may read Secrets beyond its own namespace."""

import pytest

from quantos.charts.links.secret_readers import secret_readers
from tests.support.cluster_objects import abouts, cluster, made

RBAC = "rbac.authorization.k8s.io/v1"
WHOM = [{"kind": "ServiceAccount", "name": "web", "namespace": "web"}]


def role(kind="ClusterRole", *, verbs=("get",), resources=("secrets",), groups=("",), place=None, **rule) -> dict:
    rules = [{"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs), **rule}]
    return made(kind, "reader", api=RBAC, place=place, rules=rules)


def bound(kind="ClusterRoleBinding", *, place=None, role_kind="ClusterRole", name="reader") -> dict:
    return made(kind, api=RBAC, place=place, roleRef={"kind": role_kind, "name": name}, subjects=WHOM)


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


def test_rules_that_a_role_gathers_by_label_count() -> None:
    gathering = made("ClusterRole", "all", api=RBAC, place=None,
                     aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"into": "all"}}]})  # fmt: skip
    gathered = {**role(), "metadata": {"name": "reader", "labels": {"into": "all"}}}
    assert [each.about for each in secret_readers(cluster(gathering, gathered, bound(name="all")))] == ["*"]
    assert list(secret_readers(cluster(gathering, role(), bound(name="all")))) == []

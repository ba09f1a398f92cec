"""KEDA reads no secret but its own certificates."""

import pytest

from components.kubernetes.scaling.keda import KedaArgs, values

ARGS = KedaArgs(namespace="keda", cluster_name="quantos-dev", replicas=2)


@pytest.mark.parametrize("part", ["operator", "metricServer"])
def test_secrets_of_other_namespaces_are_out_of_reach(part: str) -> None:
    permissions = values(ARGS)["permissions"]
    assert isinstance(permissions, dict)
    assert permissions[part] == {"restrict": {"secret": True}}


def test_it_may_not_read_every_kind_of_object() -> None:
    rights = values(ARGS)["rbac"]
    assert isinstance(rights, dict)
    assert rights["enabledCustomScaledRefKinds"] is False


def test_each_part_keeps_all_but_one_of_its_pods_through_a_drain() -> None:
    parts = ("operator", "metricServer", "webhooks")
    assert values(ARGS)["podDisruptionBudget"] == {part: {"maxUnavailable": 1} for part in parts}

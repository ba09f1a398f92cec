"""Labels and taints of nodes: what Kubernetes' grammar and EKS take, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.environment.labels import label_faults, taint_faults


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("desk", "options"),
        ("quantos.io/burst", "true"),
        ("a-b.c/D_e.F-1", "X_y.z-2"),
        ("k" * 63, "v" * 63),
        ("topology.ebs.csi.aws.com/zone", "1"),
    ],
)
def test_right_labels(key: str, value: str) -> None:
    assert list(label_faults(key, value)) == []


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("kubernetes.io/os", "linux", "is reserved"),
        ("node-role.kubernetes.io/worker", "true", "is reserved"),
        ("node.kubernetes.io/role", "x", "is reserved"),
        ("node.k8s.io/role", "x", "is reserved"),
        ("eks.amazonaws.com/nodegroup", "x", "is reserved"),
        ("karpenter.sh/nodepool", "x", "is reserved"),
        ("k" * 64, "x", "64 characters"),
        (f"{'d' * 40}.io/{'k' * 20}", "x", "64 characters"),
        ("Desk.io/team", "x", "no DNS name"),
        ("a..b/team", "x", "no DNS name"),
        ("/team", "x", "no DNS name"),
        ("a/b/c", "x", "no DNS name"),
        ("team/", "x", "is called ''"),
        ("", "x", "is called ''"),
        ("-team", "x", "is called '-team'"),
        ("te am", "x", "is called 'te am'"),
        ("équipe", "x", "is called 'équipe'"),
        ("desk\n", "x", "is called 'desk\\n'"),
        ("desk", "", "no value"),
        ("desk", "v" * 64, "64 characters"),
        ("desk", "a b", "value 'a b'"),
        ("desk", "-a", "value '-a'"),
        ("desk", "é", "value 'é'"),
        ("desk", "a/b", "value 'a/b'"),
    ],
)
def test_wrong_labels(key: str, value: str, fault: str) -> None:
    (fault_text,) = label_faults(key, value)
    assert fault in fault_text


def test_a_taint_may_lack_a_value_and_be_of_kubernetes() -> None:
    assert list(taint_faults("node.kubernetes.io/spot", "")) == []
    assert [fault.split(":")[0] for fault in taint_faults("a b", "c d")] == ["is called 'a b'", "has the value 'c d'"]


@given(st.text(max_size=70), st.text(max_size=70))
def test_no_text_passes_that_kubernetes_would_refuse(key: str, value: str) -> None:
    if not list(label_faults(key, value)):
        assert 0 < len(key) <= 63
        assert 0 < len(value) <= 63
        assert (key + value).isascii()
        assert key[-1].isalnum()
        assert value[0].isalnum()

"""The autoscaler grows pools in the order it is given, and touches no group of another cluster."""

import re
from dataclasses import replace

import yaml

from components.kubernetes.scaling.cluster_autoscaler import ClusterAutoscalerArgs, group_pattern, statements, values

ARGS = ClusterAutoscalerArgs(
    namespace="autoscaling",
    cluster_name="quantos-dev",
    account_id="123456789012",
    region="us-east-1",
    pools=("cpu-spot", "cpu", "gpu"),
    idle_seconds=600,
    start_seconds=1200,
    replicas=2,
    tags={},
)
UUID = "0123abcd-0123-4567-89ab-0123456789ab"


def test_priorities_are_whole_numbers_greatest_first_for_the_first_pool() -> None:
    text = values(ARGS)["expanderPriorities"]
    assert isinstance(text, str)
    ranked = yaml.safe_load(text)
    assert all(isinstance(rank, int) for rank in ranked)
    assert [ranked[rank] for rank in sorted(ranked, reverse=True)] == [[group_pattern(pool)] for pool in ARGS.pools]


def test_a_pool_pattern_matches_its_own_groups_and_no_longer_named_pool() -> None:
    assert re.search(group_pattern("cpu"), f"eks-cpu-1a2b3c4-{UUID}")
    assert not re.search(group_pattern("cpu"), f"eks-cpu-spot-1a2b3c4-{UUID}")
    assert not re.search(group_pattern("cpu"), f"eks-gpu-1a2b3c4-{UUID}")


def test_the_chart_makes_no_deployment_without_a_cluster_name() -> None:
    discovery = values(ARGS)["autoDiscovery"]
    assert isinstance(discovery, dict)
    assert discovery["clusterName"] == "quantos-dev"


def test_only_groups_with_the_clusters_tag_are_sized() -> None:
    (sizing,) = [statement for statement in statements(ARGS) if "autoscaling:SetDesiredCapacity" in statement.actions]
    assert "*" not in sizing.resources
    assert sizing.conditions == {"StringEquals": {"aws:ResourceTag/k8s.io/cluster-autoscaler/quantos-dev": "owned"}}


def test_nodes_wait_as_long_as_the_arguments_say() -> None:
    arguments = values(replace(ARGS, idle_seconds=120, start_seconds=900))["extraArgs"]
    assert isinstance(arguments, dict)
    assert arguments["scale-down-unneeded-time"] == "120s"
    assert arguments["max-node-provision-time"] == "900s"
    assert arguments["expander"] == "priority,least-waste"
